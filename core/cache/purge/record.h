// Records of the log: purge batches and release activations, in one order.
// JSON on the wire and in the purge service's store; docs/purge-protocol.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/cache/entry.h"

namespace skerry::cache {

enum class RecordKind : uint8_t { kPurge, kActivation };
enum class PurgeMode : uint8_t { kHard, kSoft };
std::string_view Name(RecordKind kind);  // "purge", "activation"
std::string_view Name(PurgeMode mode);   // "hard", "soft"

// What a record names. URLs are as the backend wrote them: each node normalises
// them with its own rules. Prefixes end where the "*" stood.
struct Selectors {
  std::vector<std::string> urls;
  std::vector<std::string> tags;
  std::vector<std::string> prefixes;
  std::vector<std::string> hosts;
  bool all = false;

  size_t size() const { return urls.size() + tags.size() + prefixes.size() + hosts.size() + all; }
  bool operator==(const Selectors&) const = default;
};

struct Record {
  Seq seq = 0;
  std::string id;
  RecordKind kind = RecordKind::kPurge;
  PurgeMode mode = PurgeMode::kHard;
  // The receipt covers content-hashed objects too: fenced nodes go on serving those,
  // so it completes by acknowledgement only. What is purged is the same.
  bool immutable = false;
  Selectors selectors;  // of an activation: SitePathTag of what changed, SiteMissTag
  std::string site;     // kActivation
  std::string release;  // kActivation
  bool operator==(const Record&) const = default;
};

// A record that this node has applied, as it remembers the newest ones for people.
struct AppliedRecord {
  Seq seq = 0;
  std::string id;
  RecordKind kind = RecordKind::kPurge;
  std::string release;  // kActivation
  WallTime at;          // when it was applied here
};

// One line. Members that have their default are left out, except seq, id and kind.
std::string ToJson(const Record& record);
// Refuses what ToJson would not write (kInvalid, upstream), naming the member.
Result<Record> RecordFromJson(std::string_view json);

}  // namespace skerry::cache
