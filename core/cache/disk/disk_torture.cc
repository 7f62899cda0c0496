// usage: disk_torture work DIRECTORY SEED    works until it is killed
//        disk_torture rounds DIRECTORY N     kills `work` N times at random moments and
//                                            examines the store each time
//
// The test beside it runs 20 rounds; `./dev test --full` runs 200.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/base/random.h"
#include "core/cache/disk/crash_rounds.h"
#include "core/cache/disk/crash_work.h"

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
  std::fprintf(stderr, "usage: disk_torture work DIRECTORY SEED | rounds DIRECTORY N\n");
  return 2;
}
