// Requests of backends and shields, checked to the last member before anything is
// done: nothing is applied in part. Pure functions over values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "core/base/clock.h"
#include "core/cache/purge/record.h"
#include "purge-api/accept/problem.h"

namespace skerry::purge {

// Limits of one request; docs/purge-protocol.md names them.
inline constexpr size_t kMostUrls = 10'000;
inline constexpr size_t kMostOthers = 10'000;  // tags, prefixes, hosts: each
inline constexpr size_t kLongestUrl = 16 * 1024;
inline constexpr size_t kLongestName = 200;  // of a site or release
inline constexpr Millis kLongestWait{60'000};

template <class T>
using Checked = tl::expected<T, Problem>;

// A purge or an activation: the record it becomes (without seq and id), and how long
// the answer may wait for the nodes.
struct Accepted {
  cache::Record record;
  Millis wait{0};
  bool dry_run = false;  // nodes count what it would drop; no record is written
  bool operator==(const Accepted&) const = default;
};

// The body of POST /v1/purges. Malformed JSON is 400 with line and column; a member
// that is unknown, of the wrong type, too long or too many is 422 and named.
Checked<Accepted> ParsePurge(std::string_view body);
// The body of POST /v1/activations: {"site","release","tags":[…],"wait"}.
Checked<Accepted> ParseActivation(std::string_view body);

// "10s", "1500ms", "1m", "0". Nothing for anything else, or above a day.
std::optional<Millis> ParseDuration(std::string_view text);

// What a node has counted for a dry run: counted=ID.OBJECTS.BYTES.RAM.DISK
struct Counted {
  std::string id;
  uint64_t objects = 0, bytes = 0, ram_objects = 0, disk_objects = 0;
  bool operator==(const Counted&) const = default;
};

// What a node asks in GET /v1/log?….
struct LogQuery {
  std::string node;
  std::string incarnation;
  std::optional<cache::Seq> after;  // nothing: it names no log
  std::string log_id;
  Millis wait{0};
  bool serves_on_partition = false;
  bool serves_releases = false;
  bool given = false;   // it has given its store to another process
  bool counts = false;  // it takes part in dry runs
  std::optional<Counted> counted;
};
Checked<LogQuery> ParseLogQuery(std::string_view query);

// What DELETE /v1/nodes/{name}?… speaks of: a node, or one process of it
// (incarnation=HEX&given=0|1).
struct LeavingNode {
  std::string node;
  std::string incarnation;  // empty: all
  bool given = false;
};
Checked<LeavingNode> ParseLeavingNode(std::string_view name, std::string_view query);

// What GET /v1/purges?… asks for; log/search.h says what the parts mean.
inline constexpr size_t kMostListed = 1000;
struct ListQuery {
  cache::Seq before = 0;
  size_t limit = 100;
  std::string who, url, tag, host, site, since, until;
};
Checked<ListQuery> ParseListQuery(std::string_view query);

}  // namespace skerry::purge
