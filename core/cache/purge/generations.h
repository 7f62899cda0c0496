// Generations: for each scope, the position in the log of the newest purge that
// names it. An object is usable if no generation of its scopes is newer than its
// stamp. A batch of 10,000 URLs, a tag on a million objects or a whole host is
// O(batch): nothing is scanned.
//
// Thread: any. head() is one atomic load; Judge takes a shared lock only when the
// log has moved since the entry was last judged.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/cache/entry.h"
#include "core/cache/purge/record.h"

namespace skerry::cache {

enum class Purged : uint8_t {
  kNo,
  kSoft,  // usable as stale
  kHard,  // never used again, not even stale
};
std::string_view Name(Purged purged);

class Generations {
 public:
  Generations();
  ~Generations();

  // The log position everything up to which has been applied.
  Seq head() const;
  // The stamp for a fetch that begins now: read it before contacting upstream.
  Stamp Now() const;

  // Compares the entry's scopes with all generations newer than its stamp. Cheap
  // when nothing was applied since the last call for that entry.
  Purged Judge(const Entry& entry) const;
  // The same for something that is not stored yet: a fill about to be joined (no
  // tags known) or committed.
  Purged Judge(const Key& key, const std::vector<uint64_t>& tags, Stamp stamp,
               bool content_hashed) const;

  // Applies the next record. REQUIRES: record.seq == head() + 1.
  void Apply(const Record& record);
  // An unsafe method succeeded on this URL (RFC 9111 4.4): everything of it that was
  // fetched before now is gone, on this node.
  void InvalidateLocally(std::string_view url);

  // Everything purgeable is stale from here on (another log, or a gap in it);
  // positions start anew at `head`.
  void Reset(Seq head);

  // Forgets generations older than every stored object.
  void ForgetBelow(Seq oldest_stamp);
  size_t size() const;

  // The whole state, for the node's durable store; see docs/disk-format.md.
  std::string Serialize() const;
  Status Restore(std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace skerry::cache
