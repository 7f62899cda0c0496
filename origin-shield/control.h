// Facts of the node beside its releases, for a shield without a disk tier: the purge
// log's position. Private to shield.cc.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cache/purge/control_store.h"
#include "origin-shield/store/records.h"

namespace skerry::shield {

// Thread: any but a loop's. `records` outlives it.
class RecordsControl : public cache::ControlStore {
 public:
  explicit RecordsControl(Records& records) : records_(records) {}

  Result<std::string> Get(std::string_view name) override {
    return records_.Get(Table::kControl, name);
  }
  Status Put(const std::vector<std::pair<std::string, std::string>>& values) override {
    std::vector<Change> changes;
    for (const auto& [name, value] : values) changes.push_back({Table::kControl, name, value});
    return records_.Write(changes);
  }

 private:
  Records& records_;
};

}  // namespace skerry::shield
