#include "core/http/server/h2_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace skerry::http {
namespace {

class H2MemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    if (memory_.functions() == nullptr) GTEST_SKIP() << "plain malloc under AddressSanitizer";
  }
  const nghttp2_mem& functions() { return *memory_.functions(); }
  void* Allocate(size_t size) { return functions().malloc(size, functions().mem_user_data); }
  void* AllocateZeroed(size_t count, size_t size) {
    return functions().calloc(count, size, functions().mem_user_data);
  }
  void* Reallocate(void* block, size_t size) {
    return functions().realloc(block, size, functions().mem_user_data);
  }
  void Free(void* block) { functions().free(block, functions().mem_user_data); }

  H2Memory memory_;
};

// Pages of these bytes that are in memory.
size_t Resident(const void* bytes, size_t size) {
  unsigned char pages[16] = {};
  EXPECT_EQ(0, mincore(const_cast<void*>(bytes), size, pages));
  return static_cast<size_t>(std::count_if(pages, pages + (size + 4095) / 4096,
                                           [](unsigned char page) { return (page & 1) != 0; }));
}

constexpr size_t kSizes[] = {0,     1,     47,    48,     49,     500,    1007,   1008,   1009,
                             1'024, 1'025, 4'096, 16'367, 16'368, 16'394, 20'464, 20'465, 100'000};

TEST_F(H2MemoryTest, BlocksOfAllSizesAreAlignedAndApart) {
  std::vector<char*> blocks;
  for (const size_t size : kSizes) {
    char* const block = static_cast<char*>(Allocate(size));
    ASSERT_NE(nullptr, block);
    EXPECT_EQ(0u, reinterpret_cast<uintptr_t>(block) % 16);
    memset(block, static_cast<int>(blocks.size()), size);
    blocks.push_back(block);
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(std::string(kSizes[i], static_cast<char>(i)), std::string(blocks[i], kSizes[i]));
    Free(blocks[i]);
  }
}

TEST_F(H2MemoryTest, GrowingAndShrinkingKeepsTheBytes) {
  for (const size_t from : kSizes) {
    for (const size_t to : kSizes) {
      char* block = static_cast<char*>(Allocate(from));
      memset(block, 'x', from);
      block = static_cast<char*>(Reallocate(block, to));
      const size_t kept = std::min(from, to);
      EXPECT_EQ(std::string(kept, 'x'), std::string(block, kept));
      Free(block);
    }
  }
}

TEST_F(H2MemoryTest, ZeroedMeansZeroedAlsoWhenUsedBefore) {
  for (const size_t size : kSizes) {
    void* const used = Allocate(size);
    memset(used, 'x', size);
    Free(used);
    char* const block = static_cast<char*>(AllocateZeroed(size, 1));
    EXPECT_EQ(std::string(size, '\0'), std::string(block, size));
    Free(block);
  }
  EXPECT_EQ(nullptr, AllocateZeroed(SIZE_MAX, 2));
}

TEST_F(H2MemoryTest, NothingMayBeFreedAndReallocated) {
  Free(nullptr);
  void* const block = Reallocate(nullptr, 10);
  EXPECT_NE(nullptr, block);
  Free(block);
}

TEST_F(H2MemoryTest, ThousandsOfBlocksMayBeOutAtOnce) {
  std::vector<void*> blocks;
  for (int i = 0; i < 3'000; ++i) blocks.push_back(Allocate(i % 3 == 0 ? 16'394 : 100));
  for (void* block : blocks) Free(block);
}

TEST_F(H2MemoryTest, RestingGivesBackTheFrameBufferAndATableWithoutStreams) {
  char* const frame = static_cast<char*>(Allocate(16'394));
  char* const table = static_cast<char*>(AllocateZeroed(256, 16));
  memset(frame, 'x', 16'394);
  table[100] = 'x';
  memory_.Rest();
  EXPECT_EQ(Resident(frame, 16'394), 0u);
  EXPECT_EQ(table[100], 'x');
  table[100] = 0;
  memory_.Rest();
  EXPECT_EQ(Resident(table, 4096), 0u);
  // Both are as good as new.
  EXPECT_EQ(std::string(table, 4096), std::string(4096, '\0'));
  memset(frame, 'y', 16'394);
  EXPECT_EQ(frame[16'393], 'y');
  Free(frame);
  Free(table);
  memory_.Rest();
}

TEST_F(H2MemoryTest, TheFirstTableOfHpackOfEachSessionTakesNothingWhileItIsEmpty) {
  // A thread whose pages nobody has used yet.
  std::thread([] {
    H2Memory sessions[6];
    std::vector<std::pair<char*, char*>> tables;
    for (H2Memory& session : sessions) {
      nghttp2_mem& functions = *session.functions();
      auto* const empty = static_cast<char*>(functions.malloc(1024, functions.mem_user_data));
      auto* const used = static_cast<char*>(functions.malloc(1024, functions.mem_user_data));
      memset(used, 'x', 1024);
      tables.emplace_back(empty, used);
    }
    for (size_t i = 0; i < tables.size(); ++i) {
      const auto [empty, used] = tables[i];
      EXPECT_EQ(Resident(empty - reinterpret_cast<uintptr_t>(empty) % 4096, 4096), 0U);
      nghttp2_mem& functions = *sessions[i].functions();
      functions.free(used, functions.mem_user_data);
      functions.free(empty, functions.mem_user_data);
    }
  }).join();
}

TEST_F(H2MemoryTest, SessionsShareTheBlocksOfAThread) {
  H2Memory other;
  void* const frame = Allocate(16'394);
  Free(frame);
  EXPECT_EQ(frame, other.functions()->malloc(16'394, other.functions()->mem_user_data));
  other.functions()->free(frame, other.functions()->mem_user_data);
}

}  // namespace
}  // namespace skerry::http
