#include "core/cache/purge/generations.h"

#include <gtest/gtest.h>

#include "core/cache/purge/scopes.h"

namespace skerry::cache {
namespace {

class GenerationsTest : public ::testing::Test {
 protected:
  static Selectors Url(std::string url) { return {{std::move(url)}, {}, {}, {}, false}; }
  static Selectors Tag(std::string tag) { return {{}, {std::move(tag)}, {}, {}, false}; }
  static Selectors Prefix(std::string prefix) { return {{}, {}, {std::move(prefix)}, {}, false}; }
  static Selectors Host(std::string host) { return {{}, {}, {}, {std::move(host)}, false}; }

  void Purge(Selectors selectors, PurgeMode mode = PurgeMode::kHard) {
    Record record;
    record.seq = generations_.head() + 1;
    record.id = "p" + std::to_string(record.seq);
    record.mode = mode;
    record.selectors = std::move(selectors);
    generations_.Apply(record);
  }
  void PurgeManyTags(int count) {
    for (int i = 0; i < count; ++i) Purge(Tag("t" + std::to_string(i)));
  }

  struct Object {
    std::string url = "https://a.example/dir/page?q=1";
    std::vector<std::string> tags;
    bool content_hashed = false;
  };
  // Fetched now.
  EntryPtr Fetch(const Object& object) {
    auto entry = std::make_shared<Entry>();
    entry->head.key = Key::Of(object.url);
    std::vector<uint64_t> tags;
    for (const std::string& tag : object.tags) tags.push_back(TagHash(tag));
    entry->head.tags = tags;
    entry->head.stamp = generations_.Now();
    entry->head.content_hashed = object.content_hashed;
    return entry;
  }
  EntryPtr FetchHashed() { return Fetch(Object{.tags = {}, .content_hashed = true}); }
  EntryPtr Fetch(std::string url) { return Fetch(Object{std::move(url), {}, false}); }

  Generations generations_{{{}, 1000}};
};

#define EXPECT_VERDICT(verdict, entry) EXPECT_EQ(Purged::verdict, generations_.Judge(*(entry)))

TEST_F(GenerationsTest, AUrlPurgeNamesThatUrlInBothSchemesAndNothingElse) {
  const EntryPtr https = Fetch("https://a.example/x?q=1");
  const EntryPtr http = Fetch("http://a.example/x?q=1");
  const EntryPtr other_query = Fetch("https://a.example/x?q=2");
  const EntryPtr other_host = Fetch("https://b.example/x?q=1");
  Purge(Url("HTTPS://A.example:443/y/../x?q=1#part"));
  EXPECT_VERDICT(kHard, https);
  EXPECT_VERDICT(kHard, http);
  EXPECT_VERDICT(kNo, other_query);
  EXPECT_VERDICT(kNo, other_host);
}

TEST_F(GenerationsTest, AUrlPurgeCoversEveryDimensionOfItsKey) {
  const EntryPtr entry = Fetch("https://a.example/x\ncountry=SE");
  Purge(Url("https://a.example/x"));
  EXPECT_VERDICT(kHard, entry);
}

TEST_F(GenerationsTest, ATagPurgeNamesWhatCarriesTheTag) {
  const EntryPtr tagged = Fetch(Object{.tags = {"a", "b"}});
  const EntryPtr untagged = Fetch(Object{.tags = {"c"}});
  Purge(Tag("b"));
  EXPECT_VERDICT(kHard, tagged);
  EXPECT_VERDICT(kNo, untagged);
}

TEST_F(GenerationsTest, APrefixPurgeNamesEverythingBelow) {
  const EntryPtr below = Fetch("http://a.example/dir/page?q=1");
  const EntryPtr beside = Fetch("https://a.example/di");
  const EntryPtr other_host = Fetch("https://b.example/dir/page");
  Purge(Prefix("https://A.example/dir/"));
  EXPECT_VERDICT(kHard, below);
  EXPECT_VERDICT(kNo, beside);
  EXPECT_VERDICT(kNo, other_host);
}

TEST_F(GenerationsTest, AQueryDoesNotNarrowAPrefix) {
  const EntryPtr sorted_by_a_rule = Fetch("https://a.example/s?a=1&q=2");
  Purge(Prefix("https://a.example/s?q="));
  EXPECT_VERDICT(kHard, sorted_by_a_rule);
}

TEST_F(GenerationsTest, AHostPurgeNamesTheHostWithItsPort) {
  const EntryPtr host = Fetch("https://a.example/x");
  const EntryPtr with_port = Fetch("https://a.example:8443/x");
  Purge(Host("A.Example"));
  EXPECT_VERDICT(kHard, host);
  EXPECT_VERDICT(kNo, with_port);
  Purge(Host("a.example:8443"));
  EXPECT_VERDICT(kHard, with_port);
}

TEST_F(GenerationsTest, AHostWithADefaultPortNamesTheHost) {
  const EntryPtr host = Fetch("https://a.example/x");
  Purge(Host("a.example:443"));
  EXPECT_VERDICT(kHard, host);
}

TEST_F(GenerationsTest, AllNamesEverything) {
  const EntryPtr entry = Fetch("https://a.example/x");
  Purge({{}, {}, {}, {}, true});
  EXPECT_VERDICT(kHard, entry);
}

TEST_F(GenerationsTest, WhatIsFetchedAfterThePurgeIsUsable) {
  Purge(Url("https://a.example/x"));
  EXPECT_VERDICT(kNo, Fetch("https://a.example/x"));
}

TEST_F(GenerationsTest, ASoftPurgeStaysSoftUntilTheObjectIsFetchedAnew) {
  const EntryPtr entry = Fetch("https://a.example/x");
  Purge(Url("https://a.example/x"), PurgeMode::kSoft);
  EXPECT_VERDICT(kSoft, entry);
  EXPECT_VERDICT(kSoft, entry);
  EXPECT_VERDICT(kNo, Fetch("https://a.example/x"));
}

TEST_F(GenerationsTest, HardWinsOverSoftWhicheverCameLast) {
  const EntryPtr entry = Fetch("https://a.example/x");
  Purge(Url("https://a.example/x"), PurgeMode::kHard);
  Purge(Url("https://a.example/x"), PurgeMode::kSoft);
  EXPECT_VERDICT(kHard, entry);
}

TEST_F(GenerationsTest, AnEntryJudgedUsableIsJudgedAgainAfterTheNextRecord) {
  const EntryPtr entry = Fetch(Object{.tags = {"a"}});
  Purge(Tag("b"));
  EXPECT_VERDICT(kNo, entry);
  EXPECT_VERDICT(kNo, entry);
  Purge(Tag("a"));
  EXPECT_VERDICT(kHard, entry);
}

TEST_F(GenerationsTest, AFillIsJudgedByKeyTagsAndStamp) {
  const Stamp before = generations_.Now();
  Purge(Tag("a"));
  const Key key = Key::Of("https://a.example/x");
  EXPECT_EQ(generations_.Judge(key, {}, before), Purged::kNo);
  EXPECT_EQ(generations_.Judge(key, {TagHash("a")}, before), Purged::kHard);
  EXPECT_EQ(generations_.Judge(key, {TagHash("a")}, generations_.Now()), Purged::kNo);
}

TEST_F(GenerationsTest, ALocalInvalidationNamesWhatWasFetchedBefore) {
  const EntryPtr before = Fetch("https://a.example/x");
  const EntryPtr other = Fetch("https://a.example/y");
  EXPECT_VERDICT(kNo, before);
  generations_.InvalidateLocally("https://a.example/x");
  EXPECT_VERDICT(kHard, before);
  EXPECT_VERDICT(kNo, other);
  EXPECT_VERDICT(kNo, Fetch("https://a.example/x"));
  EXPECT_EQ(generations_.head(), 0u);
}

TEST_F(GenerationsTest, ALocalInvalidationTakesGroupsAndTellsWhatIsNewer) {
  const Stamp before = generations_.Now();
  Selectors selectors;
  selectors.tags = GroupTags("https://a.example/x", "\"g\"");
  const uint64_t local = generations_.InvalidateLocally(selectors);
  const Key key = Key::Of("https://a.example/y");
  const std::vector<uint64_t> member =
      TagsOf({{"cache-groups", "\"g\", \"h\""}}, "https://a.example/y");
  EXPECT_EQ(generations_.Judge(key, member, before), Purged::kHard);
  EXPECT_EQ(generations_.Judge(key, member, {before.seq, local}), Purged::kNo);
  EXPECT_EQ(generations_.Judge(key, TagsOf({{"cache-groups", "\"h\""}}, key.url()), before),
            Purged::kNo);
}

TEST_F(GenerationsTest, AResponseWithNoVarySearchIsPurgedUnderAnySpellingOfItsQuery) {
  const http::Fields searched = {{"no-vary-search", "key-order, params=(\"utm\")"}};
  const auto judged = [&](const std::string& purged, const http::Fields& response) {
    const std::string url = "https://a.example/list?a=1&utm=mail";
    const Stamp before = generations_.Now();
    Purge(Url(purged));
    return generations_.Judge(Key::Of(url), TagsOf(response, url), before);
  };
  for (const std::string purged :
       {"https://a.example/list?a=1&utm=mail", "https://a.example/list?utm=x&a=1",
        "http://a.example/list?a=1", "https://A.example/./list?a=2", "https://a.example/list"}) {
    EXPECT_EQ(judged(purged, searched), Purged::kHard) << purged;
  }
  EXPECT_EQ(judged("https://a.example/other?a=1", searched), Purged::kNo);
  EXPECT_EQ(judged("https://b.example/list?a=1", searched), Purged::kNo);
  EXPECT_EQ(judged("https://a.example/list?a=1", {}), Purged::kNo);
  EXPECT_EQ(judged("https://a.example/list?a=1", {{"no-vary-search", "nonsense"}}), Purged::kNo);
}

TEST_F(GenerationsTest, APurgeOfManyQueriesOfOnePathCostsThatPathOnce) {
  Selectors selectors;
  for (int i = 0; i < 100; ++i) {
    selectors.urls.push_back("https://a.example/list?page=" + std::to_string(i));
  }
  Purge(selectors);
  EXPECT_EQ(generations_.size(), 101u);
}

TEST_F(GenerationsTest, KeyRulesOfTheNodeShapeWhatAUrlNames) {
  Generations generations({[](std::string_view url, std::vector<std::string>& names) {
                             names.emplace_back(url.substr(0, url.find('?')));
                           },
                           1000});
  const Key key = Key::Of("https://a.example/x");
  const Stamp before = generations.Now();
  Record record;
  record.seq = 1;
  record.selectors = Url("https://a.example/x?utm_source=mail");
  generations.Apply(record);
  EXPECT_EQ(generations.Judge(key, {}, before), Purged::kHard);
}

TEST_F(GenerationsTest, AfterAResetWhatWasFetchedBeforeIsUnknownAndNewFetchesAreNot) {
  Purge(Tag("a"));
  const EntryPtr before = Fetch("https://a.example/x");
  generations_.Reset("aa", 0);
  EXPECT_VERDICT(kUnknown, before);
  EXPECT_VERDICT(kNo, Fetch("https://a.example/x"));
  EXPECT_EQ(generations_.head(), 0u);
}

TEST_F(GenerationsTest, AShorterNewLogDoesNotMakeOldObjectsNewerThanItsPurges) {
  PurgeManyTags(50);
  const EntryPtr before = Fetch("https://a.example/x");
  generations_.Reset("aa", 3);
  const EntryPtr after = Fetch("https://a.example/x");
  Purge(Url("https://a.example/x"));
  EXPECT_EQ(generations_.head(), 4u);
  EXPECT_VERDICT(kHard, before);
  EXPECT_VERDICT(kHard, after);
}

TEST_F(GenerationsTest, TheAppliedPositionComesWithItsLog) {
  generations_.Reset("bb", 3);
  Purge(Tag("a"));
  EXPECT_EQ(generations_.applied_at(), (AppliedAt{4, "bb"}));
  Generations restored;
  ASSERT_TRUE(restored.Restore(generations_.Serialize()));
  EXPECT_EQ(restored.applied_at(), (AppliedAt{4, "bb"}));
}

TEST_F(GenerationsTest, AResetSparesNothingNotEvenContentHashedObjects) {
  const EntryPtr hashed = FetchHashed();
  generations_.Reset("aa", 9);
  EXPECT_VERDICT(kUnknown, hashed);
}

TEST_F(GenerationsTest, AHardPurgeOutlivesAReset) {
  const EntryPtr entry = FetchHashed();
  Purge(Url("https://a.example/dir/page?q=1"));
  generations_.Reset("aa", 0);
  EXPECT_VERDICT(kHard, entry);
}

TEST_F(GenerationsTest, ForgettingKeepsWhatStoredObjectsCanMeet) {
  Purge(Tag("old"));
  const EntryPtr oldest = Fetch(Object{.tags = {"new"}});
  Purge(Tag("new"));
  Purge(Prefix("https://a.example/new/"));
  EXPECT_EQ(generations_.size(), 3u);
  generations_.ForgetBelow(oldest->head.stamp.seq);
  EXPECT_EQ(generations_.size(), 2u);
  EXPECT_VERDICT(kHard, oldest);
}

TEST_F(GenerationsTest, WhatIsOlderThanWhatWasForgottenIsUnknown) {
  const Stamp slow_fill = generations_.Now();
  Purge(Tag("a"));
  generations_.ForgetBelow(generations_.Now().seq);
  EXPECT_EQ(generations_.size(), 0u);
  const Key key = Key::Of("https://a.example/x");
  EXPECT_EQ(generations_.Judge(key, {TagHash("a")}, slow_fill), Purged::kUnknown);
  EXPECT_EQ(generations_.Judge(key, {TagHash("a")}, generations_.Now()), Purged::kNo);
}

TEST_F(GenerationsTest, TooManyUrlsCoarsenToTheirHost) {
  const EntryPtr victim = Fetch("https://a.example/u0");
  const EntryPtr bystander = Fetch("https://a.example/other");
  const EntryPtr other_host = Fetch("https://b.example/u0");
  for (int i = 0; i < 1100; ++i) Purge(Url("https://a.example/u" + std::to_string(i)));
  EXPECT_LE(generations_.size(), 1000u);
  EXPECT_GT(generations_.coarsened(), 0u);
  EXPECT_VERDICT(kHard, victim);
  EXPECT_VERDICT(kHard, bystander);  // too much, never too little
  EXPECT_VERDICT(kNo, other_host);
  EXPECT_VERDICT(kNo, Fetch("https://a.example/other"));
}

TEST_F(GenerationsTest, TooManyTagsCoarsenToWhatWasFetchedBeforeTheOldOnes) {
  const EntryPtr victim = Fetch(Object{.tags = {"t0"}});
  PurgeManyTags(1100);
  EXPECT_LE(generations_.size(), 1000u);
  EXPECT_VERDICT(kHard, victim);
  const EntryPtr recent = Fetch(Object{.tags = {"t1099"}});
  EXPECT_VERDICT(kNo, recent);
  Purge(Tag("t1099"));
  EXPECT_VERDICT(kHard, recent);
}

TEST_F(GenerationsTest, CoarseningKeepsSoftSoft) {
  const EntryPtr bystander = Fetch("https://a.example/other");
  for (int i = 0; i < 1100; ++i) {
    Purge(Url("https://a.example/u" + std::to_string(i)), PurgeMode::kSoft);
  }
  EXPECT_VERDICT(kSoft, bystander);
}

TEST_F(GenerationsTest, TooManyLocalInvalidationsCoarsenToo) {
  const EntryPtr victim = Fetch("https://a.example/u0");
  for (int i = 0; i < 1100; ++i) {
    generations_.InvalidateLocally("https://a.example/u" + std::to_string(i));
  }
  EXPECT_LE(generations_.size(), 1000u);
  EXPECT_VERDICT(kHard, victim);
}

TEST_F(GenerationsTest, AYearOfPurgesStaysFlat) {
  for (int day = 0; day < 365; ++day) {
    for (int i = 0; i < 100; ++i) Purge(Tag(std::to_string(day) + '-' + std::to_string(i)));
    // Objects live for three days.
    const Seq now = generations_.Now().seq;
    generations_.ForgetBelow(now > 300 ? now - 300 : 0);
    EXPECT_LE(generations_.size(), 400u);
  }
  EXPECT_EQ(generations_.coarsened(), 0u);
}

TEST_F(GenerationsTest, RecordsReplayedAfterRestoreTakeNothingThatWasFetchedBehindThem) {
  const std::string durable = generations_.Serialize();
  Record record;
  record.seq = generations_.head() + 1;
  record.selectors.urls = {"https://example.com/replayed"};
  generations_.Apply(record);
  const Key key = Key::Of("https://example.com/replayed");
  const Stamp fetched_after = {generations_.Now().seq, 0};
  Generations restored;
  ASSERT_TRUE(restored.Restore(durable, /*more_follow=*/true));
  restored.Apply(record);
  restored.RestoredAll();
  EXPECT_EQ(restored.Judge(key, {}, fetched_after), Purged::kNo);
  EXPECT_EQ(restored.Judge(key, {}, Stamp{fetched_after.seq - 1, 0}), Purged::kHard);
  EXPECT_GT(restored.Now().seq, fetched_after.seq);
}

TEST_F(GenerationsTest, RestoresWhatItSerialized) {
  PurgeManyTags(3);
  const EntryPtr tagged = Fetch(Object{.tags = {"x"}});
  const EntryPtr below = Fetch("https://a.example/dir/page");
  const EntryPtr soft = Fetch("https://c.example/");
  const EntryPtr clean = Fetch("https://b.example/");
  Purge(Tag("x"));
  Purge(Prefix("https://a.example/dir/"));
  Purge(Host("c.example"), PurgeMode::kSoft);
  Generations restored;
  ASSERT_TRUE(restored.Restore(generations_.Serialize()));
  EXPECT_EQ(restored.head(), 6u);
  EXPECT_EQ(restored.Judge(*tagged), Purged::kHard);
  EXPECT_EQ(restored.Judge(*below), Purged::kHard);
  EXPECT_EQ(restored.Judge(*soft), Purged::kSoft);
  EXPECT_EQ(restored.Judge(*clean), Purged::kNo);
}

TEST_F(GenerationsTest, StampsAfterARestartAreAboveAllBefore) {
  Purge(Tag("x"));
  const std::string durable = generations_.Serialize();
  generations_.Reset("aa", 40);  // not durable
  const EntryPtr since = Fetch("https://a.example/x");
  Generations restored;
  ASSERT_TRUE(restored.Restore(durable));
  restored.Reset("aa", 50);  // what was missed after 40 is missed again
  EXPECT_EQ(restored.Judge(*since), Purged::kUnknown);
}

TEST_F(GenerationsTest, WithoutItsStateEverythingStoredIsUnknown) {
  PurgeManyTags(9);
  const EntryPtr hashed = FetchHashed();
  Generations restored;
  restored.RestoreNothing(generations_.Now().seq);
  EXPECT_EQ(restored.Judge(*hashed), Purged::kUnknown);
  EXPECT_GT(restored.Now().seq, hashed->head.stamp.seq);
}

TEST_F(GenerationsTest, DamagedBytesAreRefusedAndChangeNothing) {
  Purge(Tag("x"));
  const std::string bytes = generations_.Serialize();
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] ^= 1;
    EXPECT_FALSE(generations_.Restore(damaged)) << at;
    EXPECT_FALSE(generations_.Restore(bytes.substr(0, at))) << at;
  }
  EXPECT_EQ(generations_.head(), 1u);
  EXPECT_EQ(generations_.size(), 1u);
}

TEST(PurgeUrlOfTest, NormalisesAsAKeyDoes) {
  EXPECT_EQ(PurgeUrlOf("https://A.example"), "a.example/");
  EXPECT_EQ(PurgeUrlOf("http://a.example:80/%7eb/./c"), "a.example/~b/c");
  EXPECT_EQ(PurgeUrlOf("http://a.example:443/"), "a.example:443/");
  EXPECT_EQ(PurgeUrlOf("https://a.example?q"), "a.example/?q");
}

TEST(PurgeUrlOfTest, AUrlInAQueryIsNoScheme) {
  EXPECT_EQ(PurgeUrlOf("https://A.example/login?to=http://b.example/"),
            "a.example/login?to=http://b.example/");
  EXPECT_EQ(PurgeUrlOf("A.example/login?to=http://b.example/"),
            "a.example/login?to=http://b.example/");
  EXPECT_EQ(PurgeUrlOf("A.example?to=http://b.example/"), "a.example/?to=http://b.example/");
}

TEST_F(GenerationsTest, CoveringScopesAreNamedWithTheirRecordsTheNewestFirst) {
  const EntryPtr entry = Fetch(Object{.tags = {"a", "b"}});
  Purge(Tag("b"), PurgeMode::kSoft);
  Purge(Prefix("https://a.example/dir/"));
  Purge(Host("other.example"));
  Purge(Host("a.example"));
  const StoredHead& head = entry->head;
  const auto found = generations_.FindCovering(head.key, head.tags, head.stamp);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].kind, ScopeKind::kHost);
  EXPECT_EQ(found[0].record, 4u);
  EXPECT_EQ(found[1].kind, ScopeKind::kPrefix);
  EXPECT_EQ(found[1].prefix, "a.example/dir/");
  EXPECT_EQ(found[1].record, 2u);
  EXPECT_EQ(found[2].kind, ScopeKind::kTag);
  EXPECT_EQ(found[2].tag, 1u);
  EXPECT_EQ(found[2].mode, PurgeMode::kSoft);
  EXPECT_EQ(found[2].record, 1u);
  const EntryPtr later = Fetch(Object{.tags = {"a", "b"}});
  EXPECT_TRUE(generations_.FindCovering(head.key, head.tags, later->head.stamp).empty());
}

TEST_F(GenerationsTest, CoveringNamesUnsafeMethodsAndMissedRecords) {
  const EntryPtr entry = Fetch("https://a.example/form");
  const StoredHead& head = entry->head;
  generations_.InvalidateLocally("https://a.example/form");
  auto found = generations_.FindCovering(head.key, {}, head.stamp);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, ScopeKind::kUnsafeMethod);
  generations_.Reset("new", 10);
  found = generations_.FindCovering(head.key, {}, head.stamp);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].kind, ScopeKind::kMissed);
}

TEST_F(GenerationsTest, RecordNumbersOfTheFormerProcessAreStillKnown) {
  const EntryPtr entry = Fetch("https://a.example/x");
  Purge(Tag("t"));
  Purge(Url("https://a.example/x"));
  Generations restarted;
  ASSERT_TRUE(restarted.Restore(generations_.Serialize()));
  const StoredHead& head = entry->head;
  const auto found = restarted.FindCovering(head.key, head.tags, {head.stamp.seq, 0});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].record, 2u);
}

}  // namespace
}  // namespace skerry::cache
