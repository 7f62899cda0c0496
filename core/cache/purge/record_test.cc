#include "core/cache/purge/record.h"

#include <gmock/gmock.h>

namespace skerry::cache {
namespace {

using ::testing::HasSubstr;

Record Everything() {
  Record record;
  record.seq = 7;
  record.id = "p-7";
  record.mode = PurgeMode::kSoft;
  record.immutable = true;
  record.selectors = {
      {"https://a.example/x"}, {"t1", "t2"}, {"https://a.example/p"}, {"b.example"}, true};
  return record;
}

TEST(RecordTest, ReadsWhatItWrites) {
  Record activation;
  activation.seq = 8;
  activation.id = "a-8";
  activation.kind = RecordKind::kActivation;
  activation.site = "shop";
  activation.release = "r2";
  for (const Record& record : {Everything(), activation}) {
    const Result<Record> read = RecordFromJson(ToJson(record));
    ASSERT_TRUE(read) << read.error().ToString();
    EXPECT_EQ(*read, record);
  }
}

TEST(RecordTest, TextsOfAllKindsComeBackAsTheyWere) {
  Record record = Everything();
  record.selectors.tags = {"a\"b", "back\\slash", "tab\there", "\x01", "caf\xc3\xa9", "\x7f", ""};
  const Result<Record> read = RecordFromJson(ToJson(record));
  ASSERT_TRUE(read) << ToJson(record);
  EXPECT_EQ(*read, record);
  record.selectors.tags = {"\xff broken"};  // replaced, and still JSON
  EXPECT_TRUE(RecordFromJson(ToJson(record)));
}

TEST(RecordTest, NamesTheMemberThatDoesNotFit) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"id":"x","kind":"purge"})", "seq"},
      {R"({"seq":0,"id":"x","kind":"purge"})", "seq"},
      {R"({"seq":-1,"id":"x","kind":"purge"})", "seq"},
      {R"({"seq":1,"id":2,"kind":"purge"})", "id"},
      {R"({"seq":1,"id":"x","kind":"ban"})", "kind"},
      {R"({"seq":1,"id":"x","kind":"purge","mode":"medium"})", "mode"},
      {R"({"seq":1,"id":"x","kind":"purge","urls":"x"})", "urls"},
      {R"({"seq":1,"id":"x","kind":"purge","tags":[1]})", "tags"},
      {R"({"seq":1,"id":"x","kind":"purge","all":1})", "all"},
      {R"({"seq":1,"id":"x","kind":"purge","site":"s"})", "site"},
      {R"({"seq":1,"id":"x","kind":"activation","site":"s"})", "release"},
  };
  for (const auto& [text, member] : cases) {
    const Result<Record> read = RecordFromJson(text);
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error().context, HasSubstr(member)) << text;
  }
}

TEST(RecordTest, RefusesMembersItDoesNotKnow) {
  EXPECT_FALSE(RecordFromJson(R"({"seq":1,"id":"x","kind":"purge","regex":".*"})"));
}

TEST(RecordTest, MalformedJsonIsAnErrorWithItsPosition) {
  const Result<Record> read = RecordFromJson(R"({"seq":1,)");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().context, HasSubstr("byte 10"));
}

}  // namespace
}  // namespace skerry::cache
