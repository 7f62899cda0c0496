// What judging an entry costs with 100,000 tags and 10,000 prefixes purged. Prints
// nanoseconds; docs/purge-protocol.md keeps the figures.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/cache/purge/generations.h"
#include "core/cache/purge/scopes.h"

namespace skerry::cache {
namespace {

constexpr int kTags = 100'000;
constexpr int kPrefixes = 10'000;
constexpr int kEntries = 20'000;

Record Batch(Seq seq, Selectors selectors) {
  Record record;
  record.seq = seq;
  record.selectors = std::move(selectors);
  return record;
}

std::shared_ptr<Entry> MakeEntry(Random& random, Stamp stamp) {
  auto entry = std::make_shared<Entry>();
  entry->head.key =
      Key::Of("https://www.shop.example/products/category-" + std::to_string(random.Below(20'000)) +
              "/item-" + std::to_string(random.Next()) + ".html?page=2");
  std::vector<uint64_t> tags;
  for (int i = 0; i < 5; ++i) tags.push_back(TagHash("kept-" + std::to_string(random.Next())));
  entry->head.tags = tags;
  entry->head.stamp = stamp;
  return entry;
}

template <class Body>
void Measure(const char* what, size_t count, Body body) {
  const auto begun = std::chrono::steady_clock::now();
  body();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begun;
  std::printf("%-58s %9.1f ns\n", what, took.count() / static_cast<double>(count));
}

// Nanoseconds of single judgements, sorted.
std::vector<double> JudgeOneByOne(const Generations& generations,
                                  const std::vector<std::shared_ptr<Entry>>& entries) {
  std::vector<double> took;
  for (int round = 0; round < 10; ++round) {
    for (const auto& entry : entries) {
      const auto begun = std::chrono::steady_clock::now();
      (void)generations.Judge(*entry);
      const std::chrono::duration<double, std::nano> its = std::chrono::steady_clock::now() - begun;
      took.push_back(its.count());
    }
  }
  std::sort(took.begin(), took.end());
  return took;
}

// What batches of 10,000 URLs, one behind the other, do to those who judge meanwhile.
void MeasureBesideBatches(Generations& generations,
                          const std::vector<std::shared_ptr<Entry>>& entries) {
  std::atomic<bool> over{false};
  std::atomic<int> batches{0};
  std::thread writer([&] {
    for (int batch = 0; !over; ++batch) {
      Selectors urls;
      for (int i = 0; i < 10'000; ++i) {
        urls.urls.push_back("https://www.shop.example/gone/" + std::to_string(i + batch % 4));
      }
      generations.Apply(Batch(generations.head() + 1, urls));
      ++batches;
    }
  });
  while (batches == 0) std::this_thread::yield();
  const std::vector<double> took = JudgeOneByOne(generations, entries);
  over = true;
  writer.join();
  std::printf("judge beside %d batches of 10,000 URLs: median %.0f, p99 %.0f, worst %.0f ns\n",
              batches.load(), took[took.size() / 2], took[took.size() * 99 / 100], took.back());
}

// A tag costs the same however many objects have it.
void MeasureATagOfMany(Generations& generations) {
  Selectors urls;
  for (int i = 0; i < 100; ++i) {
    urls.urls.push_back("https://www.shop.example/few/" + std::to_string(i));
  }
  Selectors tag, prefix, all;
  tag.tags = {"on-a-million"};
  prefix.prefixes = {"https://www.shop.example/products/"};
  all.all = true;
  const std::pair<const char*, const Selectors*> kinds[] = {{"apply 100 URLs", &urls},
                                                            {"apply a tag", &tag},
                                                            {"apply a prefix", &prefix},
                                                            {"apply all", &all}};
  for (const auto& [what, selectors] : kinds) {
    Measure(what, 1, [&] { generations.Apply(Batch(generations.head() + 1, *selectors)); });
  }
}

// With a million entries in memory: records look at none of them.
int MeasureAMillion() {
  SeededRandom random(2);
  Generations generations;
  std::vector<std::shared_ptr<Entry>> entries;
  for (int i = 0; i < 1'000'000; ++i) {
    entries.push_back(MakeEntry(random, generations.Now()));
    entries.back()->head.tags = {TagHash("on-a-million")};
  }
  std::printf("with 1,000,000 entries of one tag:\n");
  MeasureATagOfMany(generations);
  int left = 0;
  for (const auto& entry : entries) left += generations.Judge(*entry) != Purged::kHard;
  return left;
}

int Main() {
  SeededRandom random(1);
  Generations generations;
  std::vector<std::shared_ptr<Entry>> entries;
  for (int i = 0; i < kEntries; ++i) entries.push_back(MakeEntry(random, generations.Now()));
  Selectors tags;
  for (int i = 0; i < kTags; ++i) tags.tags.push_back("tag-" + std::to_string(i));
  Selectors prefixes;
  for (int i = 0; i < kPrefixes; ++i) {
    prefixes.prefixes.push_back("https://www.shop.example/products/category-" + std::to_string(i) +
                                "/sub");
  }
  Selectors urls;
  for (int i = 0; i < 10'000; ++i) {
    urls.urls.push_back("https://www.shop.example/gone/" + std::to_string(i));
  }
  Measure("apply 100,000 tags, per tag", kTags, [&] { generations.Apply(Batch(1, tags)); });
  Measure("apply 10,000 prefixes, per prefix", kPrefixes,
          [&] { generations.Apply(Batch(2, prefixes)); });
  Measure("apply 10,000 URLs, per URL", 10'000, [&] { generations.Apply(Batch(3, urls)); });
  int usable = 0;
  Measure("judge after a record: 5 tags, URL, host, prefixes", kEntries, [&] {
    for (const auto& entry : entries) usable += generations.Judge(*entry) == Purged::kNo;
  });
  Measure("judge when no record arrived since", kEntries, [&] {
    for (const auto& entry : entries) usable += generations.Judge(*entry) == Purged::kNo;
  });
  if (usable != 2 * kEntries) return 1;
  std::string bytes;
  Measure("serialize, the whole", 1, [&] { bytes = generations.Serialize(); });
  std::printf("%zu scopes, %zu bytes\n", generations.size(), bytes.size());
  const std::vector<double> alone = JudgeOneByOne(generations, entries);
  std::printf("judge alone: median %.0f, p99 %.0f, worst %.0f ns\n", alone[alone.size() / 2],
              alone[alone.size() * 99 / 100], alone.back());
  MeasureBesideBatches(generations, entries);
  return MeasureAMillion();
}

}  // namespace
}  // namespace skerry::cache

int main() { return skerry::cache::Main(); }
