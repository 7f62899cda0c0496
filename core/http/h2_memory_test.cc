#include "core/http/h2_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace skerry::http {
namespace {

class H2MemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    if (H2Memory() == nullptr) GTEST_SKIP() << "plain malloc under AddressSanitizer";
  }
  void* Allocate(size_t size) { return H2Memory()->malloc(size, nullptr); }
  void Free(void* block) { H2Memory()->free(block, nullptr); }
};

constexpr size_t kSizes[] = {0,    1,     47,     48,     49,     500,    1007,   1008,
                             1009, 4'096, 16'367, 16'368, 16'394, 20'464, 20'465, 100'000};

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
      block = static_cast<char*>(H2Memory()->realloc(block, to, nullptr));
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
    char* const block = static_cast<char*>(H2Memory()->calloc(size, 1, nullptr));
    EXPECT_EQ(std::string(size, '\0'), std::string(block, size));
    Free(block);
  }
  EXPECT_EQ(nullptr, H2Memory()->calloc(SIZE_MAX, 2, nullptr));
}

TEST_F(H2MemoryTest, NothingMayBeFreedAndReallocated) {
  Free(nullptr);
  void* const block = H2Memory()->realloc(nullptr, 10, nullptr);
  EXPECT_NE(nullptr, block);
  Free(block);
}

TEST_F(H2MemoryTest, ThousandsOfBlocksMayBeOutAtOnce) {
  std::vector<void*> blocks;
  for (int i = 0; i < 3'000; ++i) blocks.push_back(Allocate(i % 3 == 0 ? 16'394 : 100));
  for (void* block : blocks) Free(block);
}

}  // namespace
}  // namespace skerry::http
