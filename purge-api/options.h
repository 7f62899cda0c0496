// Options of skerry-purge: one table, from which flags, file, manual and schema come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/config/place.h"
#include "core/config/table.h"
#include "core/net/address.h"
#include "purge-api/adapt/shape.h"
#include "purge-api/adapt/template.h"

namespace skerry::purge {

struct Options {
  net::Address listen;
  std::optional<net::Address> admin;
  std::string cert;
  std::string key;
  std::string client_ca;
  std::string data_dir;
  std::string token_file;
  std::string ready_file;
  Millis lease{0};
  Millis drain{0};
  int64_t keep_records = 0;
  int64_t queue = 0;
  int64_t rate = 0;
  std::vector<Zone> zones;
  // redis.*
  std::optional<net::Address> redis;
  std::string redis_password_file;
  std::string redis_stream;
  std::string redis_group;
  std::string redis_channel;
  std::vector<Template> redis_urls, redis_tags, redis_prefixes, redis_hosts;
  bool redis_soft = false;
  config::Places places;
};

const config::Table<Options>& OptionTable();
// What is wrong about options together.
void CheckOptions(const Options& options, config::Problems& problems);

}  // namespace skerry::purge
