#include "core/cache/disk/format.h"

#include <gtest/gtest.h>

#include "core/base/digest.h"
#include "core/cache/disk/disk_harness.h"

namespace skerry::cache::disk {
namespace {

constexpr ChunkName kName{.fill_id = 7, .position = 900, .number = 0};

std::string Chunk0(std::string_view head, std::string_view body) {
  return EncodeChunkHeader(kName, head, body) + std::string(head) + std::string(body);
}

TEST(ChunkFormatTest, ItsHeaderIsFortyBytesAndItComesBack) {
  EXPECT_EQ(EncodeChunkHeader(kName, "head", "body").size(), kChunkHeaderBytes);
  const std::string bytes = Chunk0("head", "body");
  const auto chunk = DecodeChunk(bytes, kName);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->head, "head");
  EXPECT_EQ(chunk->body, "body");
}

TEST(ChunkFormatTest, EveryFlippedBitIsSeen) {
  const std::string bytes = Chunk0("head", "some body");
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeChunk(damaged, kName)) << bit;
  }
}

TEST(ChunkFormatTest, EveryOtherLengthIsSeen) {
  const std::string bytes = Chunk0("head", "some body");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeChunk(std::string_view(bytes).substr(0, size), kName)) << size;
  }
  EXPECT_FALSE(DecodeChunk(bytes + "x", kName));
}

TEST(ChunkFormatTest, AnotherFillNumberOrPlaceIsAnotherChunk) {
  const std::string bytes = Chunk0("head", "body");
  EXPECT_FALSE(DecodeChunk(bytes, {.fill_id = 8, .position = 900, .number = 0}));
  EXPECT_FALSE(DecodeChunk(bytes, {.fill_id = 7, .position = 901, .number = 0}));
  EXPECT_FALSE(DecodeChunk(bytes, {.fill_id = 7, .position = 900, .number = 1}));
}

StoredHead FullHead() {
  StoredHead head = MakeEntry({.url = "https://example.com/a?b", .variant = "br"})->head;
  head.initial_age = Seconds(12);
  head.lifetimes = {.fresh = Seconds(60),
                    .swr = Seconds(30),
                    .sie = Seconds::max(),
                    .no_cache_fields = std::vector<std::string>{"set-cookie"},
                    .explicit_fresh = true,
                    .validate_always = true,
                    .must_revalidate = true,
                    .immutable = true};
  head.stamp = {99, 3};
  head.content_hashed = true;
  return head;
}

void ExpectSame(const StoredHead& a, const StoredHead& b) {
  EXPECT_EQ(a.key.text, b.key.text);
  EXPECT_EQ(a.key.hash, b.key.hash);
  EXPECT_EQ(a.vary, b.vary);
  EXPECT_EQ(a.variant_text, b.variant_text);
  EXPECT_EQ(a.variant_hash, b.variant_hash);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(*a.fields, *b.fields);
  ASSERT_EQ(a.client_fields == nullptr, b.client_fields == nullptr);
  if (a.client_fields != nullptr) {
    EXPECT_EQ(*a.client_fields, *b.client_fields);
  }
  EXPECT_EQ(a.request_time, b.request_time);
  EXPECT_EQ(a.response_time, b.response_time);
  EXPECT_EQ(a.initial_age, b.initial_age);
  EXPECT_EQ(a.lifetimes, b.lifetimes);
  EXPECT_EQ(a.tags, b.tags);
  EXPECT_EQ(a.stamp, b.stamp);
  EXPECT_EQ(a.content_hashed, b.content_hashed);
}

TEST(HeadFormatTest, EveryMemberComesBack) {
  const StoredHead head = FullHead();
  const auto decoded = DecodeHead(EncodeHead(head));
  ASSERT_TRUE(decoded);
  ExpectSame(*decoded, head);
}

TEST(HeadFormatTest, ClientFieldsComeBackHoweverTheyRelateToTheOthers) {
  StoredHead head = FullHead();
  const auto fields = [](http::Fields f) { return std::make_shared<const http::Fields>(f); };
  head.fields = fields({{"a", "1"}, {"b", "2"}, {"a", "3"}, {"c", ""}});
  for (const auto& client :
       {head.fields, fields({{"a", "1"}, {"b", "2"}, {"a", "3"}, {"c", ""}}),
        fields({{"b", "2"}, {"c", ""}}), fields({}), fields({{"x", "own"}}),
        fields({{"c", ""}, {"a", "1"}}), std::shared_ptr<const http::Fields>()}) {
    head.client_fields = client;
    const auto decoded = DecodeHead(EncodeHead(head));
    ASSERT_TRUE(decoded);
    ExpectSame(*decoded, head);
  }
}

TEST(HeadFormatTest, ACutOrLongerOneIsRefused) {
  const std::string bytes = EncodeHead(FullHead());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeHead(std::string_view(bytes).substr(0, size))) << size;
  }
  EXPECT_FALSE(DecodeHead(bytes + "x"));
}

TEST(HeadFormatTest, ACountThatCannotBeTrueAllocatesNothing) {
  std::string bytes(24, '\0');
  bytes += std::string("\0\xff\xff\xff\xff", 5);
  EXPECT_FALSE(DecodeHead(bytes));
}

MetaRow FullRow() {
  return {.fill_id = 5,
          .body_size = 3 * kChunkBytes + 1,
          .seq = 8,
          .positions = {10, 11, 40, 12},
          .vary = {.names = {"accept-encoding"}, .any = false},
          .trailers = {{"x", "y"}}};
}

TEST(RowFormatTest, APlainRunHasItsChunksInOrderAndNoTrailers) {
  MetaRow row = FullRow();
  EXPECT_FALSE(IsPlainRun(row));
  row.trailers = {};
  EXPECT_FALSE(IsPlainRun(row));
  row.positions = RunFrom(10, row.body_size);
  EXPECT_EQ(row.positions, (std::vector<uint64_t>{10, 11, 12, 13}));
  EXPECT_TRUE(IsPlainRun(row));
  row.trailers = {{"x", "y"}};
  EXPECT_FALSE(IsPlainRun(row));
  EXPECT_EQ(RunFrom(7, 0), std::vector<uint64_t>{7});
}

TEST(RowFormatTest, ItComesBackUnderItsOwnKeyOnly) {
  const std::string key = RowKey({1, 2}, 3);
  EXPECT_EQ(key.size(), kRowKeyBytes);
  EXPECT_TRUE(key.starts_with(RowPrefix({1, 2})));
  const std::string bytes = EncodeRow(key, FullRow());
  EXPECT_EQ(DecodeRow(key, bytes), FullRow());
  EXPECT_FALSE(DecodeRow(RowKey({1, 2}, 4), bytes));
  const auto parsed = ParseRowKey(key);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->key, (Hash128{1, 2}));
  EXPECT_EQ(parsed->variant_hash, 3u);
  EXPECT_FALSE(ParseRowKey(key + "x"));
}

TEST(RowFormatTest, EveryFlippedBitIsSeen) {
  const std::string key = RowKey({1, 2}, 3);
  const std::string bytes = EncodeRow(key, FullRow());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeRow(key, damaged)) << bit;
  }
}

TEST(RowFormatTest, AsManyPositionsAsTheBodyHasChunks) {
  const std::string key = RowKey({1, 2}, 3);
  MetaRow row = FullRow();
  row.positions.push_back(13);
  EXPECT_FALSE(DecodeRow(key, EncodeRow(key, row)));
  row = FullRow();
  row.positions.pop_back();
  EXPECT_FALSE(DecodeRow(key, EncodeRow(key, row)));
}

TEST(ChunkCountTest, AnEmptyBodyHasOneForItsHead) {
  EXPECT_EQ(ChunkCount(0), 1u);
  EXPECT_EQ(ChunkCount(1), 1u);
  EXPECT_EQ(ChunkCount(kChunkBytes), 1u);
  EXPECT_EQ(ChunkCount(kChunkBytes + 1), 2u);
  EXPECT_EQ(ChunkBodySize(0, 0), 0u);
  EXPECT_EQ(ChunkBodySize(kChunkBytes + 1, 0), kChunkBytes);
  EXPECT_EQ(ChunkBodySize(kChunkBytes + 1, 1), 1u);
  EXPECT_EQ(ChunkBodySize(kChunkBytes + 1, 2), 0u);
}

TEST(FormatFileTest, ANewerVersionIsReadAndADamagedFileIsNot) {
  EXPECT_EQ(DecodeFormatFile(EncodeFormatFile(1)), 1u);
  EXPECT_EQ(DecodeFormatFile(EncodeFormatFile(2)), 2u);
  std::string damaged = EncodeFormatFile(1);
  damaged[12] = '2';
  EXPECT_FALSE(DecodeFormatFile(damaged));
  EXPECT_FALSE(DecodeFormatFile(""));
}

}  // namespace
}  // namespace skerry::cache::disk
