// The admin listener's front page: what this node is doing, for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/cache/disk/disk.h"

namespace skerry::edge {

struct StatusInput {
  struct Purge {
    uint64_t applied = 0;
    uint64_t head = 0;
    bool fenced = false;
  };
  std::string node;
  std::string https;
  std::string http;
  std::vector<std::string> upstreams;
  uint64_t ram_bytes = 0;
  uint64_t ram_capacity = 0;
  uint64_t ram_objects = 0;
  std::optional<cache::Disk::Stats> disk;
  uint64_t disk_budget = 0;
  std::optional<Purge> purge;
  std::string metrics_text;  // Prometheus text, for the request figures
};

// One self-contained HTML page, light and dark; everything in it is escaped.
std::string StatusPage(const StatusInput& input);

}  // namespace skerry::edge
