// A process is killed in the middle of its work; what it leaves is read back.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/cache/disk/crash_rounds.h"
#include "core/cache/disk/disk_harness.h"

namespace skerry::cache::disk {
namespace {

// disk_torture lies beside this test.
std::string Torture() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "disk_torture").string();
}

TEST(CrashTest, AKilledProcessLeavesNoWrongByteAndLosesNoAcknowledgedFact) {
  const TempDirectory directory;
  const CrashRounds result = RunCrashRounds(Torture(), directory.store(), 8, 20261121);
  EXPECT_TRUE(result.ok()) << result.ToString();
  EXPECT_GT(result.objects, 100u) << "nothing survived: nothing was tested";
}

}  // namespace
}  // namespace skerry::cache::disk
