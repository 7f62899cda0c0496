#include "pipeline/base/work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <vector>

namespace skerry::pipeline {
namespace {

TEST(CrewTest, TheLargestTaskComesFirstAndEqualsAsAdded) {
  std::vector<int> order;
  std::promise<void> go;
  Crew crew(1);
  crew.Add(100, [future = go.get_future().share()] { future.wait(); });
  for (const int cost : {3, 9, 9, 5}) {
    crew.Add(static_cast<uint64_t>(cost),
             [&order, cost, n = order.size()] { order.push_back(cost); });
  }
  go.set_value();
  crew.Wait();
  EXPECT_THAT(order, testing::ElementsAre(9, 9, 5, 3));
}

TEST(CrewTest, WaitIncludesTasksThatTasksAdd) {
  std::atomic<int> done{0};
  Crew crew(4);
  for (int i = 0; i < 20; ++i) {
    crew.Add(1, [&] {
      for (int k = 0; k < 5; ++k) crew.Add(1, [&] { ++done; });
    });
  }
  crew.Wait();
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace skerry::pipeline
