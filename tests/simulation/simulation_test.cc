// The promise of a receipt (tests/simulation/promise.h) under random schedules.
//
//   SKERRY_SIMULATION_SCHEDULES=1000000  how many; each has a seed of its own,
//   SKERRY_SIMULATION_FIRST=1            from this one on
//   SKERRY_SIMULATION_SEED=17            this one alone: how a failure is replayed
//   SKERRY_SIMULATION_TRACE=1            prints what happens in it
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/simulation/schedule.h"

namespace skerry::simulation {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

// Schedules that once broke the promise, and what was wrong.
constexpr uint64_t kOnceBroken[] = {
    13,      // a shield handed stale bytes to an edge, which stored them as new
    32,      // a node that the log did not know served content-hashed objects
    265,     // generations were forgotten that a slow fill could still meet
    291,     // who had given its disk to another process served on without a lease
    597,     // the same, and it had held no lease yet
    882,     // an immutable purge that only memory knew, for the disk was with another process
    462198,  // a lease was granted to a process that a restarted service did not know
    503793,  // who had given its disk away spoke for it when its successor had ended
    2165,    // releases were compared by number instead of by their place in the log
};

// A millisecond each, on all processors; ten where a sanitizer watches.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSchedules = 500;
#else
constexpr uint64_t kSchedules = 20'000;
#endif

std::string Replay(uint64_t seed) {
  return "; replay with SKERRY_SIMULATION_SEED=" + std::to_string(seed);
}

// A seed of first … last whose schedule breaks the promise; 0: there is none. Adds up
// what has happened.
uint64_t FirstBroken(uint64_t first, uint64_t last, const Planted& planted, Outcome* all) {
  std::atomic<uint64_t> next{first}, broken{0}, served{0}, completed{0};
  const auto work = [&] {
    for (uint64_t seed = next++; seed <= last && broken == 0; seed = next++) {
      const Outcome one = RunSchedule(seed, planted);
      served += one.served;
      completed += one.completed;
      if (!one.broken.empty()) broken = seed;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  all->served += served;
  all->completed += completed;
  return broken;
}

TEST(SimulationTest, NoReceiptIsBroken) {
  const uint64_t only = FromEnvironment("SKERRY_SIMULATION_SEED", 0);
  const uint64_t schedules = FromEnvironment("SKERRY_SIMULATION_SCHEDULES", kSchedules);
  Outcome all;
  const uint64_t first = only != 0 ? only : FromEnvironment("SKERRY_SIMULATION_FIRST", 1);
  const uint64_t last = only != 0 ? only : first + schedules - 1;
  const uint64_t broken = FirstBroken(first, last, {}, &all);
  ASSERT_EQ(broken, 0u) << RunSchedule(broken).broken << Replay(broken);
  std::printf("%llu answers, %llu completed records\n", static_cast<unsigned long long>(all.served),
              static_cast<unsigned long long>(all.completed));
}

TEST(SimulationTest, NoReceiptIsBrokenWhereItOnceWas) {
  for (const uint64_t seed : kOnceBroken) EXPECT_EQ(RunSchedule(seed).broken, "") << Replay(seed);
}

TEST(SimulationTest, TheSameSeedIsTheSameSchedule) {
  const Outcome first = RunSchedule(7);
  const Outcome second = RunSchedule(7);
  EXPECT_EQ(first.served, second.served);
  EXPECT_EQ(first.completed, second.completed);
  EXPECT_GT(first.served, 100u);
  EXPECT_GT(first.completed, 5u);
}

// None of 20,000 schedules: 0.
uint64_t FirstBroken(const Planted& planted) {
  Outcome all;
  return FirstBroken(1, 20'000, planted, &all);
}

struct Fault {
  const char* name;
  bool Planted::*planted;
};

class PlantedFaultTest : public testing::TestWithParam<Fault> {};

TEST_P(PlantedFaultTest, BreaksAReceipt) {
  Planted planted;
  planted.*GetParam().planted = true;
  EXPECT_NE(FirstBroken(planted), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Where, PlantedFaultTest,
    testing::Values(Fault{"NothingIsCheckedAtJoin", &Planted::no_join_check},
                    Fault{"NothingIsCheckedAtStore", &Planted::no_store_check},
                    Fault{"TiersAreNotCompared", &Planted::no_tier_check},
                    Fault{"LeasesHaveNoMargin", &Planted::no_lease_margin},
                    Fault{"FencedRequestsShareFetches", &Planted::joins_while_fenced},
                    Fault{"AGoodbyeIsSaidTooEarly", &Planted::early_goodbye},
                    Fault{"WhoGaveItsDiskAwayServesWithoutALease", &Planted::serves_on_given_away},
                    Fault{"WhoTakesOverBelievesTheDisk", &Planted::takes_over_as_new},
                    Fault{"ALeaseIsGivenBeforeItIsDurable", &Planted::leases_before_stored},
                    Fault{"NobodyIsFenced", &Planted::no_fence}),
    [](const auto& fault) { return std::string(fault.param.name); });

}  // namespace
}  // namespace skerry::simulation
