#include "purge-api/batch/batch.h"

#include <gmock/gmock.h>

#include <thread>

#include "core/net/fake_loop.h"
#include "purge-api/log/memory_log.h"

namespace skerry::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class BatchTest : public ::testing::Test {
 protected:
  bool Add(ByteCount bytes = 1) {
    return batch_.Add({}, bytes, [this](const Result<Written>& written) {
      seqs_.push_back(written ? written->seq : 0);
    });
  }
  void Settle() {
    for (int round = 0; round < 3; ++round) {
      std::atomic<bool> done{false};
      pool_.Run([&] { done = true; });
      while (!done) std::this_thread::yield();
      loop_.RunPosted();
    }
  }

  net::FakeLoop loop_;
  MemoryLog log_{std::make_shared<MemoryDisk>()};
  Pool pool_{"log", 1};
  Batch batch_{loop_, pool_, log_, {3, 100, 512}};
  std::vector<cache::Seq> seqs_;
};

TEST_F(BatchTest, WhatComesDuringAWriteGoesTogetherWithTheNextInOrder) {
  Add();
  Add();
  Add();
  Settle();
  EXPECT_THAT(seqs_, ElementsAre(1, 2, 3));
  EXPECT_EQ(log_.appends, 2);
}

TEST_F(BatchTest, TellsOnceAWriteBehindItsRecords) {
  std::vector<size_t> told;
  batch_.set_on_written([&] { told.push_back(seqs_.size()); });
  Add();
  Add();
  Add();
  Settle();
  EXPECT_THAT(told, ElementsAre(1, 3));
}

TEST_F(BatchTest, RefusesWhatIsTooMuch) {
  EXPECT_TRUE(Add());  // on its way
  EXPECT_TRUE(Add(60));
  EXPECT_FALSE(Add(60));
  EXPECT_TRUE(Add());
  EXPECT_TRUE(Add());
  EXPECT_FALSE(Add());
  Settle();
  EXPECT_TRUE(Add(1000));  // alone it may be large
  Settle();
  EXPECT_THAT(seqs_, ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(BatchTest, AnErrorOfTheLogReachesEveryRequestAndTheNextIsTried) {
  log_.failing = true;
  Add();
  Add();
  Settle();
  log_.failing = false;
  Add();
  Settle();
  EXPECT_THAT(seqs_, ElementsAre(0, 0, 1));
}

}  // namespace
}  // namespace skerry::purge
