// Generations: for each scope, the position in the log of the newest purge that
// names it. An object is usable if no generation of its scopes is newer than its
// stamp. A batch of 10,000 URLs, a tag on a million objects or a whole host is
// O(batch): nothing is scanned.
//
// Thread: any. Judging an entry that was judged since the last change is two atomic
// loads; otherwise a shared lock and a look-up per scope (0.6 to 0.9 µs with 100,000
// tags and 10,000 prefixes; tests/bench/judge_bench).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/cache/entry.h"
#include "core/cache/purge/change.h"
#include "core/cache/purge/record.h"
#include "core/cache/purge/tier.h"

namespace skerry::cache {

enum class Purged : uint8_t {
  kNo,
  kSoft,     // usable as stale
  kUnknown,  // records were missed: to be validated upstream before any use, also on errors
  kHard,     // never used again, not even stale
};
std::string_view Name(Purged purged);

// What a purge named when it covers an object.
enum class ScopeKind : uint8_t {
  kAll,
  kHost,
  kPrefix,
  kUrl,
  kTag,
  kUnsafeMethod,  // no record: a POST, PUT, … to this URL, through this node
  kMissed,        // no record that is known: this node may have missed some
};
std::string_view Name(ScopeKind kind);

struct Covering {
  ScopeKind kind = ScopeKind::kAll;
  PurgeMode mode = PurgeMode::kHard;
  std::string prefix = {};  // of kPrefix, "host/path"
  size_t tag = 0;           // of kTag: which of the tags asked for
  // Its record in the log; 0: there is none, or a restart has made it unknown.
  Seq record = 0;
  Seq stamp = 0;  // in the order of Now(): the larger, the later
};

// What a URL selector names on this node: "host/path?query" as PurgeUrl gives it for
// the key of that URL. With the normalisation of RFC 3986 only, no key rules.
std::string PurgeUrlOf(std::string_view url);

class Generations {
 public:
  struct Options {
    // Adds what else a URL with a query, as PurgeUrlOf gives it, is called by the node's own
    // key rules. Called without a lock, on any thread. May be null.
    std::function<void(std::string_view url, std::vector<std::string>& names)> other_names = {};
    // Beyond this many scopes the oldest half coarsen: URLs and prefixes to their
    // host, hosts and tags to everything that was fetched before then.
    size_t max_scopes = 500'000;
  };
  Generations();
  explicit Generations(Options options);
  ~Generations();

  // The log position everything up to which has been applied.
  Seq head() const;
  // The same with the log's id, for Skerry-Purge-Seq: read it after the stamp.
  AppliedAt applied_at() const;
  // The stamp for a fetch that begins now: read it before contacting upstream.
  // Its positions are this node's own: they go on growing when another log begins,
  // so they are for comparing stamps of this node and for nothing else.
  Stamp Now() const;

  // Compares the entry's scopes with all generations newer than its stamp. One that is
  // not purged is cleared: from now on it counts as no older than this moment.
  Purged Judge(const Entry& entry) const;
  // The same for something that is not stored yet: a fill about to be joined (no
  // tags known) or committed.
  Purged Judge(const Key& key, const Packed<uint64_t>& tags, Stamp stamp) const;

  // Which scopes make Judge say so: those that cover the object and are newer than
  // `stamp`, the newest first, each with its newest purge. For people; costs more than
  // Judge (O(prefixes of its host)).
  std::vector<Covering> FindCovering(const Key& key, const Packed<uint64_t>& tags,
                                     Stamp stamp) const;

  // A record with this node's normalisation, for Apply and for the journal.
  Change ChangeOf(const Record& record) const;
  // Applies the next record. Readers wait for no more than some prefixes of it.
  // REQUIRES: its seq == head() + 1.
  void Apply(const Change& change);
  void Apply(const Record& record) { Apply(ChangeOf(record)); }
  // An unsafe method succeeded on these URLs (RFC 9111 4.4), or named these groups
  // (tags of GroupTags): everything of them that was fetched before now is gone, on
  // this node, until it restarts. Returns what Stamp::local of something newer is.
  uint64_t InvalidateLocally(const Selectors& selectors);
  uint64_t InvalidateLocally(std::string_view url);

  // Records were missed: everything fetched before now is kUnknown (content-hashed
  // objects too: an immutable purge may be among them, and this node is about to
  // acknowledge `head`). Positions go on at `head` of that log.
  void Reset(std::string log_id, Seq head);

  // Forgets generations that no object with a stamp of `oldest` or newer can meet.
  // What is older after all (a fill that took long) is kUnknown from now on. O(size).
  void ForgetBelow(Seq oldest);
  size_t size() const;
  // Scopes that were widened so far because there were too many.
  uint64_t coarsened() const;

  // The whole state but local invalidations, for the node's durable store;
  // docs/purge-protocol.md draws it.
  std::string Serialize() const;
  // Before anything else is called. Stamps go on above all that the former process
  // can have given. kCorrupt leaves everything as it was.
  // `more_follow`: records that were durable beside these bytes are applied next; they
  // keep the numbers they had, and RestoredAll ends it.
  Status Restore(std::string_view bytes, bool more_follow = false);
  void RestoredAll();
  // Of a process that has just restored them: everything that others fetched is kUnknown.
  void DoubtAll();
  // Where Restore has failed: stamps that this node has given up to `newest_stamp`
  // may be on disk; all of that is kUnknown.
  void RestoreNothing(Seq newest_stamp);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace skerry::cache
