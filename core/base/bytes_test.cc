#include "core/base/bytes.h"

#include <gtest/gtest.h>

namespace skerry {
namespace {

TEST(ChunkTest, SliceSharesItsMemoryAndOutlivesTheWhole) {
  Chunk part;
  {
    const Chunk whole = Chunk::Copy("hello, world");
    part = whole.Slice(7, 5);
    EXPECT_EQ(part.data(), whole.data() + 7);
  }
  EXPECT_EQ(part.view(), "world");
}

TEST(ChunkTest, AdoptedMemoryIsReleasedOnceWithTheLastReference) {
  static int released = 0;
  released = 0;
  static const char kBytes[] = "abc";
  {
    const Chunk first = Chunk::Adopt({kBytes, 3}, nullptr, [](void*) { ++released; });
    const Chunk second = first.Slice(1, 1);
    EXPECT_EQ(released, 0);
  }
  EXPECT_EQ(released, 1);
}

TEST(ByteReaderTest, ReadsWhatWasPut) {
  std::string bytes;
  PutLe32(bytes, 7);
  PutBe64(bytes, 0x0102030405060708);
  PutSized(bytes, "name");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.Le32(), 7u);
  EXPECT_EQ(reader.Be64(), 0x0102030405060708u);
  EXPECT_EQ(reader.Sized(), "name");
  EXPECT_TRUE(reader.AtEnd());
}

TEST(ByteReaderTest, AShortInputTurnsEverythingAfterItToZero) {
  std::string bytes;
  PutLe32(bytes, 1000);
  ByteReader reader(bytes);
  EXPECT_EQ(reader.Sized(), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.Le64(), 0u);
}

}  // namespace
}  // namespace skerry
