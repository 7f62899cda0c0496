// What a record of 10,000 URLs costs a node, step by step, without the network and the disk.
// Prints milliseconds of processor time, the median of the rounds and the mean: the table grows
// in some of them.
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/cache/purge/change.h"
#include "core/cache/purge/generations.h"
#include "core/cache/purge/node.h"

namespace skerry::cache {
namespace {

constexpr int kUrls = 10'000;
constexpr int kRounds = 100;  // past the bound of the table

double ThreadMs() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// As the service writes it.
std::string AnswerText(Seq seq) {
  PullAnswer answer;
  answer.log_id = "aa";
  answer.head = seq;
  answer.lease = Millis(10'000);
  Record& record = answer.records.emplace_back();
  record.seq = seq;
  record.id = "aa-" + std::to_string(seq);
  for (int i = 0; i < kUrls; ++i) {
    record.selectors.urls.push_back("https://www.shop.example/products/category-" +
                                    std::to_string(i % 100) + "/item-" + std::to_string(i) +
                                    ".html?" + std::to_string(seq));
  }
  return ToJson(answer);
}

enum Step { kRead, kName, kApply, kEncode, kSteps };
constexpr std::array<const char*, kSteps> kNames = {"read", "name", "apply", "encode"};

struct Stopwatch {
  double at = ThreadMs();
  double Lap() {
    const double before = at;
    at = ThreadMs();
    return at - before;
  }
};

int Main() {
  Generations generations;
  std::array<std::vector<double>, kSteps> took;
  std::vector<double> sums;
  size_t bytes = 0;
  for (int round = 1; round <= kRounds; ++round) {
    const std::string text = AnswerText(static_cast<Seq>(round));
    std::array<double, kSteps> its{};
    const double begun = ThreadMs();
    {
      Stopwatch watch;
      const Result<PullAnswer> answer = PullAnswerFromJson(text);
      SKERRY_CHECK(answer);
      its[kRead] = watch.Lap();
      const Change change = generations.ChangeOf(answer->records.front());
      its[kName] = watch.Lap();
      generations.Apply(change);
      its[kApply] = watch.Lap();
      bytes = EncodeChanges({change}).size();
      its[kEncode] = watch.Lap();
    }
    sums.push_back(ThreadMs() - begun);
    for (int step = 0; step < kSteps; ++step) took[step].push_back(its[step]);
  }
  const auto print = [](const char* what, std::vector<double>& all) {
    std::sort(all.begin(), all.end());
    const double sum = std::accumulate(all.begin(), all.end(), 0.0);
    std::printf("%-8s %6.2f ms, mean %6.2f\n", what, all[all.size() / 2],
                sum / static_cast<double>(all.size()));
  };
  for (int step = 0; step < kSteps; ++step) print(kNames[step], took[step]);
  print("all", sums);
  std::printf("%zu bytes for the journal, %zu scopes\n", bytes, generations.size());
  return 0;
}

}  // namespace
}  // namespace skerry::cache

int main() { return skerry::cache::Main(); }
