// A process is killed in the middle of its work; what it leaves is read back.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "core/cache/disk/crash_rounds.h"
#include "core/cache/disk/disk_harness.h"

namespace skerry::cache::disk {
namespace {

// disk_torture lies beside this test.
std::string Torture() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "disk_torture").string();
}

TEST(CrashTest, AKilledProcessLeavesNoWrongByteAndUndoesNoPurgeAndLosesNextToNothing) {
  const TempDirectory directory;
  const int rounds = std::getenv("SKERRY_FULL") != nullptr ? 200 : 20;
  const CrashRounds result = RunCrashRounds(Torture(), directory.store(), rounds, 20261121);
  EXPECT_TRUE(result.ok()) << result.ToString();
  EXPECT_GT(result.objects, 100u) << "nothing survived: nothing was tested";
  EXPECT_GT(result.purges, 20u);
  EXPECT_GT(result.watched, 100u);
  std::printf("%s\n", result.ToString().c_str());
}

}  // namespace
}  // namespace skerry::cache::disk
