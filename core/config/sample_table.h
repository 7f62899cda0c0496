// A program's options as the tests and the fuzzer use them: every kind of value,
// tables, and sections in sections.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/table.h"

namespace skerry::config {

// A type of another room, for Parsed<T>: "HOST:PORT".
struct Endpoint {
  std::string host;
  int port = 0;

  static Result<Endpoint> Parse(std::string_view text);
  std::string ToString() const { return host + ":" + std::to_string(port); }
};

struct RuleOptions {
  std::vector<std::string> match;
  std::optional<Seconds> edge_ttl;
  bool bypass = false;
  Places places;
};

struct SiteOptions {
  std::vector<std::string> hosts;
  std::string origin;
  std::vector<RuleOptions> rules;
  Places places;
};

enum class Profile { kDefault, kRfc };

struct SampleOptions {
  Endpoint https;
  std::vector<Endpoint> peers;
  ByteCount ram_cache = 0;
  Profile profile = Profile::kDefault;
  std::string cache_dir;
  std::string ready_file;
  bool verbose = false;
  int64_t streams = 0;
  Millis idle{0};
  Seconds grace{0};
  std::vector<int64_t> widths;
  std::vector<SiteOptions> sites;
  Places places;
};

const Table<SampleOptions>& SampleTable();

}  // namespace skerry::config
