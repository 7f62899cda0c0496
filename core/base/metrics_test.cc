#include "core/base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace skerry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, TheSameNameAndLabelsAreTheSameCounter) {
  Metrics metrics;
  Counter& one = metrics.GetCounter("a_total", "A.", {{"site", "x"}});
  EXPECT_EQ(&metrics.GetCounter("a_total", "A.", {{"site", "x"}}), &one);
  EXPECT_NE(&metrics.GetCounter("a_total", "A.", {{"site", "y"}}), &one);
}

TEST(MetricsTest, CountsOfAllThreadsAreSummed) {
  Metrics metrics;
  Counter& counter = metrics.GetCounter("a_total", "A.");
  Gauge& gauge = metrics.GetGauge("b", "B.");
  std::vector<std::thread> threads;
  for (int t = 0; t < 60; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        counter.Add();
        gauge.Add(i % 2 == 0 ? 3 : -2);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 60'000u);
  EXPECT_EQ(gauge.value(), 30'000);
}

TEST(MetricsTest, TextIsPrometheusFormat) {
  Metrics metrics;
  metrics.GetCounter("a_total", "What A is.", {{"site", "x"}}).Add(3);
  metrics.AddReadGauge("b", "B.", {}, [] { return 1.5; });
  metrics.AddReadCounter("a_total", "What A is.", {{"site", "y"}}, [] { return 7.0; });
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("# HELP a_total What A is.\n# TYPE a_total counter\n"));
  EXPECT_THAT(text, HasSubstr("a_total{site=\"x\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("a_total{site=\"y\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE b gauge\nb 1.5\n"));
}

TEST(MetricsTest, LabelsCannotBreakTheFormat) {
  Metrics metrics;
  metrics.GetCounter("a_total", "A.", {{"site", "x\"\n\\"}}).Add();
  EXPECT_THAT(metrics.Text(), HasSubstr("a_total{site=\"x\\\"\\n\\\\\"} 1\n"));
}

TEST(HistogramTest, BucketsAreCumulativeAndTheLastHoldsAll) {
  Histogram histogram;
  histogram.Observe(0.0001);
  histogram.Observe(0.2);
  histogram.Observe(1e6);  // longer than any bucket
  const Histogram::Snapshot read = histogram.Read();
  EXPECT_EQ(read.count, 3u);
  EXPECT_NEAR(read.sum, 1e6 + 0.2001, 0.01);
  uint64_t before = 0;
  for (const auto& [bound, count] : read.cumulative) {
    EXPECT_GE(count, before);
    if (bound >= 0.0001) {
      EXPECT_GE(count, 1u) << bound;
    }
    if (bound >= 0.2) {
      EXPECT_GE(count, 2u) << bound;
    }
    before = count;
  }
}

TEST(HistogramTest, TextEndsWithInfinity) {
  Metrics metrics;
  metrics.GetHistogram("h_seconds", "H.").Observe(1e6);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("h_seconds_bucket{le=\"+Inf\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("h_seconds_count 1\n"));
}

}  // namespace
}  // namespace skerry
