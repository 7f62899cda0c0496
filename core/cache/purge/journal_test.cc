#include "core/cache/purge/journal.h"

#include <gtest/gtest.h>

#include "core/cache/purge/scopes.h"

namespace skerry::cache {
namespace {

// Counts what is written, and fails where told.
class CountingStore : public MemoryControlStore {
 public:
  Status Put(const std::vector<std::pair<std::string, std::string>>& values) override {
    if (failing) return Fail(Code::kIo, Side::kStorage, "the disk is gone");
    for (const auto& [name, value] : values) written += value.size();
    return MemoryControlStore::Put(values);
  }
  bool failing = false;
  size_t written = 0;
};

struct Process {
  explicit Process(ControlStore& store) : journal(store, generations) {}
  std::vector<Change> Purge(const std::string& tag) {
    Selectors selectors;
    selectors.tags = {tag};
    return Purge(selectors);
  }
  std::vector<Change> Purge(const Selectors& selectors) {
    Record record;
    record.seq = generations.head() + 1;
    record.id = "p";
    record.selectors = selectors;
    const Change change = generations.ChangeOf(record);
    generations.Apply(change);
    return {change};
  }
  Purged Judge(const std::string& tag, Stamp stamp) const {
    return generations.Judge(Key::Of("https://a.example/"), {TagHash(tag)}, stamp);
  }
  Generations generations;
  Journal journal;
};

TEST(JournalTest, AnEmptyStoreIsAFreshNode) {
  MemoryControlStore store;
  Process process(store);
  const auto durable = process.journal.Load();
  ASSERT_TRUE(durable);
  EXPECT_EQ(durable->log_id, "");
}

// What a record names depends on the rules of the process that applies it.
TEST(JournalTest, WhatWasStoredUnderOtherKeyRulesIsUnknownAfterARestart) {
  MemoryControlStore store;
  Stamp before;
  const auto restart = [&](std::string_view rules, std::string_view added = "") {
    Process process(store);
    EXPECT_TRUE(process.journal.Load(rules));
    if (process.generations.head() == 0) {
      process.generations.Reset("aa", 10);
      EXPECT_TRUE(process.journal.Snapshot("aa"));
      before = process.generations.Now();
    }
    EXPECT_TRUE(process.journal.AddRules(added));
    const Purged judged = process.Judge("t", before);
    EXPECT_EQ(process.Judge("t", process.generations.Now()), Purged::kNo);
    before = process.generations.Now();
    return judged;
  };
  EXPECT_EQ(restart(""), Purged::kNo);
  EXPECT_EQ(restart("A"), Purged::kNo);  // every process names URLs as they are as well
  EXPECT_EQ(restart("A"), Purged::kNo);
  EXPECT_EQ(restart("B"), Purged::kUnknown);
  EXPECT_EQ(restart("B"), Purged::kNo);
  EXPECT_EQ(restart(""), Purged::kUnknown);
  EXPECT_EQ(restart("A", "B"), Purged::kNo);
  EXPECT_EQ(restart("B"), Purged::kUnknown);
  EXPECT_EQ(restart("B"), Purged::kNo);
}

TEST(JournalTest, AStoreThatWasGivenAwayMayLackSomethingUntilALeaseWasHeldWithIt) {
  MemoryControlStore store;
  {
    Process process(store);
    ASSERT_TRUE(process.journal.Load());
    process.generations.Reset("aa", 10);
    ASSERT_TRUE(process.journal.Snapshot("aa"));
    process.Purge("t");  // applied, and written by what comes now
    ASSERT_TRUE(process.journal.GiveAway("aa"));
  }
  for (const bool keeps : {false, true, false}) {
    Process process(store);
    const auto durable = process.journal.Load();
    ASSERT_TRUE(durable);
    EXPECT_TRUE(durable->may_lack);
    EXPECT_EQ(durable->log_id, "aa");
    if (!keeps) {
      ASSERT_TRUE(process.journal.Append("aa", process.Purge("u")));
      continue;
    }
    EXPECT_EQ(durable->applied, 12u);
    process.journal.Keep();
    ASSERT_TRUE(process.journal.Append("aa", process.Purge("u")));
    break;
  }
  Process process(store);
  const auto durable = process.journal.Load();
  ASSERT_TRUE(durable);
  EXPECT_FALSE(durable->may_lack);
  EXPECT_EQ(durable->applied, 13u);
}

TEST(JournalTest, WhatWasAppendedIsThereAfterARestart) {
  MemoryControlStore store;
  Stamp before;
  {
    Process process(store);
    ASSERT_TRUE(process.journal.Load());
    process.generations.Reset("aa", 10);
    ASSERT_TRUE(process.journal.Snapshot("aa"));
    before = process.generations.Now();
    for (int i = 0; i < 600; ++i) {  // over several snapshots
      ASSERT_TRUE(process.journal.Append("aa", process.Purge("t" + std::to_string(i))));
    }
  }
  Process process(store);
  const auto durable = process.journal.Load();
  ASSERT_TRUE(durable);
  EXPECT_EQ(durable->log_id, "aa");
  EXPECT_EQ(durable->applied, 610u);
  EXPECT_EQ(process.generations.head(), 610u);
  EXPECT_EQ(process.Judge("t0", before), Purged::kHard);
  EXPECT_EQ(process.Judge("t599", before), Purged::kHard);
  EXPECT_EQ(process.Judge("other", before), Purged::kNo);
}

TEST(JournalTest, ABatchCostsItsOwnBytesNotTheWholeState) {
  CountingStore store;
  Process process(store);
  for (int i = 0; i < 10'000; ++i) process.Purge("t" + std::to_string(i));
  ASSERT_TRUE(process.journal.Snapshot("aa"));
  store.written = 0;
  ASSERT_TRUE(process.journal.Append("aa", process.Purge("one")));
  EXPECT_LT(store.written, 300u);
}

TEST(JournalTest, ALargeStateIsNotWrittenAgainBeforeAsMuchHasCome) {
  CountingStore store;
  Process process(store);
  Selectors many;
  for (int i = 0; i < 400'000; ++i) many.tags.push_back("t" + std::to_string(i));
  process.Purge(many);
  ASSERT_TRUE(process.journal.Snapshot("aa"));
  const size_t state = store.written;
  ASSERT_GT(state, 12'000'000u);
  store.written = 0;
  many.tags.resize(50'000);
  int batches = 0;
  while (store.written < state) {
    ASSERT_TRUE(process.journal.Append("aa", process.Purge(many)));
    ++batches;
  }
  EXPECT_GT(batches, 25) << "400,000 bytes each, and no snapshot between";
}

TEST(JournalTest, StampsOfALaterProcessAreAboveThoseOfTheFormer) {
  MemoryControlStore store;
  Seq newest = 0;
  for (int i = 0; i < 3; ++i) {
    Process process(store);
    ASSERT_TRUE(process.journal.Load());
    EXPECT_TRUE(i == 0 || process.generations.Now().seq > newest);
    ASSERT_TRUE(process.journal.Append("aa", process.Purge("t")));
    process.Purge("not durable");
    newest = process.generations.Now().seq;
  }
}

TEST(JournalTest, DamageMakesEverythingUnknownAndTheLogUnknown) {
  for (const char* damaged : {"purge.node", "purge.generations", "purge.tail.0"}) {
    MemoryControlStore store;
    Stamp before;
    {
      Process process(store);
      ASSERT_TRUE(process.journal.Load());
      process.Purge("t");
      ASSERT_TRUE(process.journal.Snapshot("aa"));
      ASSERT_TRUE(process.journal.Append("aa", process.Purge("u")));
      before = process.generations.Now();
    }
    ASSERT_TRUE(store.Put({{damaged, "damaged"}}));
    Process process(store);
    const auto durable = process.journal.Load();
    ASSERT_TRUE(durable) << damaged;
    EXPECT_EQ(durable->log_id, "") << damaged;
    EXPECT_EQ(process.Judge("other", before), Purged::kUnknown) << damaged;
  }
}

TEST(JournalTest, AWriteThatFailedIsMadeGoodByTheNext) {
  CountingStore store;
  {
    Process process(store);
    ASSERT_TRUE(process.journal.Load());
    ASSERT_TRUE(process.journal.Append("aa", process.Purge("t1")));
    const std::vector<Change> lost = process.Purge("t2");
    store.failing = true;
    EXPECT_FALSE(process.journal.Append("aa", lost));
    EXPECT_FALSE(process.journal.Snapshot("aa"));
    store.failing = false;
    ASSERT_TRUE(process.journal.Append("aa", lost));
  }
  Process process(store);
  ASSERT_TRUE(process.journal.Load());
  EXPECT_EQ(process.generations.head(), 2u);
}

}  // namespace
}  // namespace skerry::cache
