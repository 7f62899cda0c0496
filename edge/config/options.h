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
#include "core/net/address_range.h"
#include "edge/config/rule_options.h"

namespace skerry::edge {

enum class Profile : uint8_t { kDefault, kRfc };

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
  std::string purge_cert;
  std::string purge_key;
  std::string node;
  Millis drain{0};
  int64_t upgrade_cpu = 0;
  int64_t upgrade_hits = 0;
  bool early_hints = true;
  int64_t limit_variants = 0;
  // limits.*: docs/operations.md
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
  Millis limit_websocket_idle{0};
  int64_t limit_websockets = 0;
  int64_t limit_glitches = 0;
  // upstream.*
  Millis upstream_connect{0};
  Millis upstream_first_byte{0};
  Millis upstream_between_bytes{0};
  int64_t upstream_connections = 0;
  int64_t upstream_budget = 0;
  // purge_method.*
  std::vector<net::AddressRange> purge_method_from;
  std::string purge_method_tag_field;
  Millis purge_method_wait{0};
  std::string country_database;
  std::vector<SiteOptions> sites;
  // What to do instead of serving.
  std::string explain;
  std::string header;  // for the manual: main() takes them, since there may be several
  std::string dry_run;
  std::string against;
  bool json = false;
  config::Places places;
};

const config::Table<Options>& OptionTable();

// What no single option can know: something to serve, clear text only where it is
// allowed, certificate and key together, sites with an upstream.
void CheckOptions(const Options& options, config::Problems& problems);

}  // namespace skerry::edge
