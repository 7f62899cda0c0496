// usage: disk_torture work DIRECTORY SEED    works until it is killed
//        disk_torture rounds DIRECTORY N     kills `work` N times at random moments and
//                                            examines the store each time
//        disk_torture store DIRECTORY N      makes a store of N small responses, fresh for a
//                                            day: http://store.example/NUMBER, with the tag
//                                            `stored`, of a node that begins to follow a log
//
// The test beside it runs 20 rounds; `./dev test --full` runs 200.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/cache/disk/crash_rounds.h"
#include "core/cache/disk/crash_work.h"
#include "core/cache/disk/disk_harness.h"
#include "core/cache/purge/scopes.h"

namespace {

int MakeStore(const char* directory, uint64_t objects) {
  using namespace skerry::cache;  // NOLINT
  skerry::Result<std::unique_ptr<Disk>> disk = Disk::Open({.directory = directory});
  if (!disk) {
    std::fprintf(stderr, "%s\n", disk.error().ToString().c_str());
    return 1;
  }
  const skerry::WallTime now = skerry::Clock::Real().Wall();
  for (uint64_t n = 0; n < objects; ++n) {
    const EntryPtr made = disk::MakeEntry({.url = "http://store.example/" + std::to_string(n),
                                           .body = "response " + std::to_string(n) + "\n"});
    auto entry = std::make_shared<Entry>();
    entry->head = made->head;
    entry->head.tags = {TagHash("stored")};
    entry->head.stamp = {1, 0};
    entry->head.request_time = entry->head.response_time = now;
    entry->head.lifetimes.fresh = skerry::Seconds(86400);
    entry->body_size = made->body_size;
    entry->chunks = made->chunks;
    while (!disk::Offer(**disk, entry)) std::this_thread::yield();
  }
  (*disk)->Close();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc == 4 ? argv[1] : "";
  if (mode == "work") {
    const std::string error =
        skerry::cache::disk::WorkUntilKilled(argv[2], std::strtoull(argv[3], nullptr, 10), 1);
    std::fprintf(stderr, "%s\n", error.c_str());
    return 1;
  }
  if (mode == "rounds") {
    const auto result = skerry::cache::disk::RunCrashRounds(
        "/proc/self/exe", argv[2], static_cast<int>(std::strtol(argv[3], nullptr, 10)),
        skerry::Random::Secure().Next());
    std::printf("%s\n", result.ToString().c_str());
    return result.ok() ? 0 : 1;
  }
  if (mode == "store") return MakeStore(argv[2], std::strtoull(argv[3], nullptr, 10));
  std::fprintf(
      stderr, "usage: disk_torture work DIRECTORY SEED | rounds DIRECTORY N | store DIRECTORY N\n");
  return 2;
}
