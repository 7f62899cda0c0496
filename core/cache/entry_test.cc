#include "core/cache/entry.h"

#include <gtest/gtest.h>

#include "core/http/date.h"

namespace skerry::cache {
namespace {

using namespace std::chrono_literals;

const WallTime kNow{1'700'000'000s};

struct Stored {
  std::vector<std::string> vary = {};
  http::Fields request = {};
  http::Fields fields = {};
  Seconds date{0};
  bool dated = true;
  std::string body = {};
};

std::shared_ptr<Entry> Make(const Stored& stored) {
  auto entry = std::make_shared<Entry>();
  http::Fields fields = stored.fields;
  if (stored.dated) fields.Add("date", http::FormatDate(kNow + stored.date));
  entry->head.key = Key::Of("https://a/");
  entry->head.vary = VaryNames{.names = stored.vary, .any = false};
  entry->head.variant_text = VariantText(entry->head.vary, stored.request);
  entry->head.variant_hash = VariantHash(entry->head.vary, stored.request);
  entry->head.fields = std::make_shared<const http::Fields>(std::move(fields));
  entry->head.response_time = kNow;
  entry->body_size = stored.body.size();
  if (!stored.body.empty()) entry->chunks.push_back(Chunk::Copy(stored.body));
  return entry;
}

TEST(SelectVariantTest, TakesTheOneWhoseValuesTheRequestHas) {
  const EntryPtr one = Make({.vary = {"foo"}, .request = {{"foo", "1"}}});
  const EntryPtr two = Make({.vary = {"foo"}, .request = {{"foo", "2"}}});
  EXPECT_EQ(SelectVariant({one, two}, {{"foo", "1"}}), one);
  EXPECT_EQ(SelectVariant({one, two}, {{"foo", "2"}}), two);
  EXPECT_EQ(SelectVariant({one, two}, {{"foo", "3"}}), nullptr);
  EXPECT_EQ(SelectVariant({}, {}), nullptr);
}

TEST(SelectVariantTest, OfSeveralTheNewestByDateCounts) {
  const EntryPtr by_foo = Make({.vary = {"foo"}, .date = -5s});
  const EntryPtr by_bar = Make({.vary = {"bar"}, .date = 0s});
  EXPECT_EQ(SelectVariant({by_foo, by_bar}, {}), by_bar);
  EXPECT_EQ(SelectVariant({by_bar, by_foo}, {}), by_bar);
}

TEST(SelectVariantTest, OfEquallyNewOnesTheFirstCounts) {
  const EntryPtr by_foo = Make({.vary = {"foo"}});
  const EntryPtr by_bar = Make({.vary = {"bar"}});
  EXPECT_EQ(SelectVariant({by_foo, by_bar}, {}), by_foo);
  EXPECT_EQ(SelectVariant({by_bar, by_foo}, {}), by_bar);
}

TEST(SelectVariantTest, WithoutAValidDateTheTimeOfReceiptCounts) {
  const EntryPtr dated = Make({.vary = {"foo"}, .date = -5s});
  const EntryPtr undated = Make({.vary = {"bar"}, .dated = false});
  const EntryPtr invalid = Make({.vary = {"bar"}, .fields = {{"date", "now"}}, .dated = false});
  EXPECT_EQ(SelectVariant({dated, undated}, {}), undated);
  EXPECT_EQ(SelectVariant({dated, invalid}, {}), invalid);
}

TEST(SelectVariantTest, OneWithoutVaryIsOutOnceTheResourceVaries) {
  const EntryPtr plain = Make({.date = -5s});
  const EntryPtr german =
      Make({.vary = {"accept-language"}, .request = {{"accept-language", "de"}}});
  EXPECT_EQ(SelectVariant({german, plain}, {{"accept-language", "de"}}), german);
  EXPECT_EQ(SelectVariant({german, plain}, {{"accept-language", "fr"}}), nullptr);
  EXPECT_EQ(SelectVariant({plain}, {{"accept-language", "fr"}}), plain);
}

TEST(SelectVariantTest, OneWithoutVaryIsComparedWithTheNewestThatHasOne) {
  const EntryPtr plain = Make({.date = -5s});
  const EntryPtr newest = Make({.vary = {"foo"}, .request = {{"foo", "1"}}, .date = -5s});
  const EntryPtr older = Make({.vary = {"foo"}, .request = {{"foo", "2"}}, .date = -9s});
  EXPECT_EQ(SelectVariant({newest, older, plain}, {{"foo", "3"}}), nullptr);
  EXPECT_EQ(SelectVariant({older, plain}, {{"foo", "3"}}), plain);
}

TEST(SelectVariantTest, OneWithoutVaryThatIsNewerCounts) {
  const EntryPtr plain = Make({.date = 5s});
  const EntryPtr german =
      Make({.vary = {"accept-language"}, .request = {{"accept-language", "de"}}});
  EXPECT_EQ(SelectVariant({german, plain}, {{"accept-language", "de"}}), plain);
}

TEST(EntryTest, MemorySizeCountsKeyFieldsAndChunks) {
  const ByteCount empty = Make({})->MemorySize();
  EXPECT_GE(empty, sizeof(Entry));
  EXPECT_GE(Make({.body = std::string(5000, 'x')})->MemorySize(), empty + 5000);
  const http::Fields large{{"x", std::string(300, 'y')}};
  EXPECT_GE(Make({.fields = large})->MemorySize(), empty + 300);

  const std::shared_ptr<Entry> entry = Make({});
  entry->head.key = Key::Of("https://a/" + std::string(1000, 'k'));
  EXPECT_GE(entry->MemorySize(), empty + 1000);
  entry->head.client_fields = std::make_shared<const http::Fields>(large);
  entry->head.tags = std::vector<uint64_t>(100);
  EXPECT_GE(entry->MemorySize(), empty + 1000 + 300 + 800);
}

TEST(EntryTest, MemorySizeCountsFieldsThatClientsGetWholeOnlyOnce) {
  const std::shared_ptr<Entry> entry = Make({.fields = {{"x", std::string(300, 'y')}}});
  entry->head.client_fields = entry->head.fields;
  const ByteCount shared = entry->MemorySize();
  entry->head.client_fields = std::make_shared<const http::Fields>(*entry->head.fields);
  EXPECT_GE(entry->MemorySize(), shared + 300);
}

TEST(EntryTest, IsInMemoryOnlyWithItsWholeBody) {
  Entry entry;
  entry.body_size = kChunkBytes + 1;
  entry.chunks.push_back(Chunk::Copy(std::string(kChunkBytes, 'x')));
  EXPECT_FALSE(entry.in_memory());
  entry.chunks.push_back(Chunk::Copy("x"));
  EXPECT_TRUE(entry.in_memory());
}

TEST(EntryTest, ValidatorsComeFromItsFields) {
  const EntryPtr entry = Make({.fields = {{"etag", "\"a\""}, {"last-modified", "then"}}});
  EXPECT_EQ(entry->head.etag(), "\"a\"");
  EXPECT_EQ(entry->head.last_modified(), "then");
}

}  // namespace
}  // namespace skerry::cache
