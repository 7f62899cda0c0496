// Options of skerry-edge: one table, from which flags, file, manual and schema come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/config/place.h"
#include "core/config/table.h"
#include "core/net/address.h"

namespace skerry::edge {

enum class Profile : uint8_t { kDefault, kRfc };
enum class OnPartition : uint8_t { kRevalidate, kServe };
enum class Use : uint8_t { kShield, kOrigin };

// [[site.rule]]: what happens to the paths it names. The first that matches counts.
struct RuleOptions {
  std::vector<std::string> match;
  bool bypass = false;
  std::optional<Seconds> edge_ttl;
  std::optional<Seconds> browser_ttl;
  std::optional<Seconds> default_ttl;
  std::optional<Seconds> negative_ttl;
  std::optional<Seconds> stale_while_revalidate;
  std::optional<Seconds> stale_if_error;
  bool store_set_cookie = false;
  bool sort_query = false;
  std::optional<std::vector<std::string>> query_allow;
  std::vector<std::string> query_deny;
  bool compress = true;
  OnPartition on_partition = OnPartition::kRevalidate;
  std::optional<Use> use;
  std::vector<std::string> set_fields;
  std::vector<std::string> remove_fields;
  config::Places places;
};

// [[site]]: a set of host names, where its answers come from, and its rules.
struct SiteOptions {
  std::string name;
  std::vector<std::string> hosts;
  std::string origin;
  std::vector<RuleOptions> rules;
  config::Places places;
};

struct Options {
  std::string origin;
  std::string shield;
  std::string shield_ca;
  std::optional<net::Address> https;
  std::optional<net::Address> http;
  std::optional<net::Address> admin;
  std::string cert;
  std::string key;
  std::string cache_dir;
  ByteCount ram_cache = 0;
  ByteCount disk_cache = 0;
  int64_t workers = 0;
  Profile profile = Profile::kDefault;
  std::string access_log;
  std::string ready_file;
  std::string purge;
  std::string purge_token_file;
  std::string purge_ca;
  std::string node;
  Millis drain{0};
  int64_t upgrade_cpu = 0;
  int64_t upgrade_hits = 0;
  bool early_hints = true;
  int64_t limit_variants = 0;
  // limits.*: section 8 of docs/operations.md
  int64_t limit_streams = 0;
  ByteCount limit_header_bytes = 0;
  int64_t limit_header_count = 0;
  ByteCount limit_path_bytes = 0;
  ByteCount limit_body_bytes = 0;
  Millis limit_header_time{0};
  Millis limit_body_time{0};
  Millis limit_stalled_write{0};
  Millis limit_idle{0};
  int64_t limit_request_rate = 0;
  int64_t limit_response_rate = 0;
  int64_t limit_glitches = 0;
  // upstream.*
  Millis upstream_connect{0};
  Millis upstream_first_byte{0};
  Millis upstream_between_bytes{0};
  int64_t upstream_connections = 0;
  std::vector<SiteOptions> sites;
  config::Places places;
};

const config::Table<Options>& OptionTable();

// What no single option can know: something to serve, clear text only where it is
// allowed, certificate and key together, sites with an upstream.
void CheckOptions(const Options& options, config::Problems& problems);

}  // namespace skerry::edge
