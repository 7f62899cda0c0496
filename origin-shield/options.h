// Options of skerry-shield: one table, from which flags, file, manual and schema come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/config/place.h"
#include "core/config/table.h"
#include "core/net/address.h"

namespace skerry::shield {

enum class Profile : uint8_t { kDefault, kRfc };

struct Options {
  net::Address listen;
  std::optional<net::Address> admin;
  std::string cert;
  std::string key;
  std::string data_dir;
  std::string token_file;
  std::string ready_file;
  std::string access_log;
  std::string origin;
  Profile profile = Profile::kDefault;
  std::string purge;
  std::string purge_token_file;
  std::string purge_ca;
  std::string purge_cert;
  std::string purge_key;
  int64_t upstream_budget = 0;
  std::string node;
  ByteCount blob_cache = 0;
  ByteCount ram_cache = 0;
  ByteCount disk_cache = 0;
  int64_t workers = 0;
  Millis drain{0};
  ByteCount limit_blob_bytes = 0;
  ByteCount limit_manifest_bytes = 0;
  // releases.*: what is kept when another one is active
  int64_t keep_least = 0;
  int64_t keep_most = 0;
  Seconds keep_for{0};
  config::Places places;
};

const config::Table<Options>& OptionTable();
// What is wrong about options together.
void CheckOptions(const Options& options, config::Problems& problems);

}  // namespace skerry::shield
