// The two tiers of stored responses behind a program's gateways, with what purges have
// made of them: opened, tied together and measured in one place.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/metrics.h"
#include "core/base/result.h"
#include "core/cache/disk/disk.h"
#include "core/cache/purge/generations.h"
#include "core/cache/ram.h"
#include "core/gateway/forgetting.h"
#include "core/gateway/gateway.h"
#include "core/gateway/ruled_urls.h"
#include "core/gateway/upgrade.h"

namespace skerry::gateway {

// Owner: the program; outlives its gateways. Thread: any, once open.
class Cache {
 public:
  struct Options {
    ByteCount ram = 0;
    ByteCount disk = 0;          // 0: memory only
    std::string disk_directory;  // made when missing
    Metrics* metrics = nullptr;  // required
    size_t variants = 16;        // of one object, in each tier
    double upgrade_share = 0;    // of a processor, for upgrade.h; 0: nothing is upgraded
    uint32_t upgrade_hits = 16;
  };
  // What leaves RAM goes to disk unless it is there; what a hard purge has taken is
  // not loaded from disk. Registers skerry_ram_*; the disk tier has its own.
  static Result<std::unique_ptr<Cache>> Open(const Options& options);
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // By whose rules purges by URL are read (RuledUrls); before the log is followed, and again
  // when they change.
  void SetClassifier(std::shared_ptr<const Classifier> classifier, std::string rules) {
    urls_.SetClassifier(std::move(classifier), std::move(rules));
  }
  cache::Generations& generations() { return generations_; }
  cache::Ram& ram() { return *ram_; }
  cache::Disk* disk() { return disk_.get(); }  // null: memory only

  // Hands the tiers and what follows from their sizes to `shared`, which outlives it.
  void Join(Shared& shared);
  // Forgetting::Step, for the purge feed. Thread: the feed's pool. REQUIRES: Join.
  bool ForgetSome() { return forgetting_->Step(); }

 private:
  Cache() = default;
  Status OpenDisk(const Options& options);
  void AddGauges(Metrics& metrics);

  RuledUrls urls_;
  cache::Generations generations_{
      {.other_names = [this](std::string_view url, std::vector<std::string>& names) {
        urls_.AddNames(url, names);
      }}};
  std::unique_ptr<cache::Ram> ram_;
  std::unique_ptr<cache::Disk> disk_;
  std::unique_ptr<Forgetting> forgetting_;
  std::unique_ptr<Upgrades> upgrades_;  // last: its thread uses the tiers
  size_t variants_ = 0;
};

}  // namespace skerry::gateway
