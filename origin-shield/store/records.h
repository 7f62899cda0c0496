// The durable records of the shield: releases, manifests, sites. RocksDB stays
// inside records.cc.
//
//   release   site NUL id     → {"created", "complete", "activated"} (releases.cc)
//   manifest  site NUL id     → the manifest as canonical JSON
//   times     site NUL id     → Last-Modified of each entry, ms since 1970 as u64 LE
//   path      site NUL path   → what a hashed path is bound to: 32 bytes of SHA-256,
//                               ms since 1970 as u64 LE, served u8 (bindings.h)
//   site      site            → {"active", "seq", "history"}
//   control   name            → facts of the node: the purge log's position
//
// Every write is atomic and synced before it returns. Blocks: pool threads only.
// Thread: any of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace skerry::shield {

enum class Table : uint8_t { kRelease, kManifest, kTimes, kPath, kSite, kControl };
inline constexpr size_t kTables = 6;
std::string_view Name(Table table);

struct Change {
  Table table;
  std::string key;
  std::optional<std::string> value;  // nothing: delete
};

class Records {
 public:
  // Opens or creates. kRefused where another process holds it; a damaged store is
  // kCorrupt. Errors name the directory.
  static Result<std::unique_ptr<Records>> Open(const std::string& directory);
  ~Records();

  // kNotFound where there is none.
  Result<std::string> Get(Table table, std::string_view key) const;
  // All or none.
  Status Write(const std::vector<Change>& changes);
  // In the order of keys; false from `visit` ends it.
  Status ForEach(
      Table table, std::string_view prefix,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) const;

 private:
  struct State;
  explicit Records(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// "site NUL rest", and back. REQUIRES: no NUL in `site`.
std::string SiteKey(std::string_view site, std::string_view rest);
struct SiteKeyParts {
  std::string_view site;
  std::string_view rest;
};
SiteKeyParts SplitSiteKey(std::string_view key);

}  // namespace skerry::shield
