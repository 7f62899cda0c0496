// The decisions of one fetch that many wait for. No I/O, no lock, no clock: Fill
// drives it under its mutex, the simulator drives it directly.
//
// A fill carries the stamp that was read *before* upstream was contacted. Whoever
// begins later may share it only if nothing that covers the object was purged in
// between: URL, host and prefixes are known and checked at the join, tags when the
// head arrives. A joiner that fails the second check detaches and fetches anew; the
// initiator began before the purge and keeps its answer. What is stored must pass
// once more at the moment it becomes findable.
//
// A fenced node may have missed a purge that lies between a fetch under way and a
// request: there a request shares only what begins after it. So that a crowd does not
// become as many fetches, such a fill first *gathers*: while the fetch before it goes
// on, all who come share the one that begins next.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/cache/entry.h"
#include "core/cache/purge/generations.h"

namespace skerry::cache {

// What becomes of a request that would share a fill. Only kJoined shares.
enum class Joined : uint8_t {
  kJoined,
  kPurged,        // begun before a purge that this request is behind
  kPrivate,       // the answer is for its initiator alone
  kOtherVariant,  // Vary selects another representation for this request
  kEnded,         // failed, or its beginning is no longer held
  kFenced,        // this node may have missed a purge of what was asked for before
};
std::string_view Name(Joined joined);

class FillState {
 public:
  enum class Phase : uint8_t { kAsking, kStreaming, kComplete, kFailed };

  FillState(Key key, Stamp stamp) : key_(std::move(key)), stamp_(stamp) {}
  // One that gathers until Begin.
  explicit FillState(Key key) : key_(std::move(key)), gathers_(true) {}

  bool gathers() const { return gathers_; }
  // Upstream is contacted behind this; `stamp` was read a moment ago.
  void Begin(Stamp stamp) {
    stamp_ = stamp;
    gathers_ = false;
  }

  const Key& key() const { return key_; }
  Stamp stamp() const { return stamp_; }
  Phase phase() const { return phase_; }

  // May a request that begins now wait for this fill? Its tags are not known
  // before the head has come. Where the node is fenced for it only while this gathers:
  // a purge that it has not heard of may be newer than this fill and older than the
  // request.
  Joined MayJoin(const Generations& generations, bool fenced) const;

  // An unsafe request invalidates what it names, but not its own answer: that is as
  // new as the invalidation, if nothing else was invalidated meanwhile.
  void Renew(uint64_t local) { stamp_.local = local; }

  // The head has come. `shared`: others than the initiator may have it.
  void OnHead(bool shared, const StoredHead& head);
  // May one that joined before the head go on? `request` as it goes upstream.
  // REQUIRES: OnHead was called.
  Joined MayStay(const Generations& generations, const http::Fields& request) const;

  // May the answer become findable for others now? Hard purges forbid it; after a
  // soft one it would be stored as stale, so it is not worth it either.
  bool MayStore(const Generations& generations) const;

  void OnComplete() { phase_ = Phase::kComplete; }
  void OnFailed() { phase_ = Phase::kFailed; }

 private:
  Key key_;
  Stamp stamp_;
  Phase phase_ = Phase::kAsking;
  bool gathers_ = false;
  bool shared_ = true;
  VaryNames vary_;
  std::string variant_text_;
  std::shared_ptr<const http::Fields> fields_;
  Packed<uint64_t> tags_;
};

}  // namespace skerry::cache
