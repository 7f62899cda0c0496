#include "purge-api/accept/access.h"

#include <gmock/gmock.h>

namespace skerry::purge {
namespace {

using ::testing::HasSubstr;
using Texts = std::vector<std::string>;

Access Of(const std::string& line) {
  auto access = Access::Parse({line});
  EXPECT_TRUE(access) << line;
  return access ? *access : Access();
}
Access::Checked Ask(const Access& access, const std::string& token) {
  return access.Check({{"authorization", "Bearer " + token}});
}
Scope ScopeOf(const std::string& scopes) {
  return Ask(Of("a-good-token " + scopes), "a-good-token").scope;
}

cache::Record Naming(Texts cache::Selectors::*list, Texts texts) {
  cache::Record record;
  record.selectors.*list = std::move(texts);
  return record;
}
// The member that is refused; "-": none is.
std::string Refused(const Scope& scope, const cache::Record& record) {
  const auto problem = scope.Refuse(record);
  return problem ? problem->member : "-";
}

TEST(AccessTest, KnowsATokenByItselfAndByItsHash) {
  EXPECT_EQ(Ask(Of("a-token-of-ours"), "a-token-of-ours").bearer, Access::Bearer::kKnown);
  const Access hashed = Of("sha256:" + Sha256("a-token-of-ours").Hex());
  EXPECT_EQ(Ask(hashed, "a-token-of-ours").bearer, Access::Bearer::kKnown);
  EXPECT_EQ(Ask(hashed, "another").bearer, Access::Bearer::kWrong);
  // Who has read the file cannot use what stands there.
  EXPECT_EQ(Ask(hashed, "sha256:" + Sha256("a-token-of-ours").Hex()).bearer,
            Access::Bearer::kWrong);
  EXPECT_EQ(hashed.Check({}).bearer, Access::Bearer::kMissing);
  EXPECT_EQ(hashed.Check({{"authorization", "Basic eDp5"}}).bearer, Access::Bearer::kMissing);
}

TEST(AccessTest, ATokenWithoutScopesMayDoEverything) {
  const Scope scope = ScopeOf("");
  EXPECT_FALSE(scope.limited);
  cache::Record record;
  record.kind = cache::RecordKind::kActivation;
  EXPECT_EQ(Refused(scope, record), "-");
}

TEST(AccessTest, KindsAllowWhatTheyNameAndNothingElse) {
  const Scope scope = ScopeOf("kinds=urls,tags");
  EXPECT_EQ(Refused(scope, Naming(&cache::Selectors::urls, {"https://a.example/x"})), "-");
  EXPECT_EQ(Refused(scope, Naming(&cache::Selectors::tags, {"t"})), "-");
  EXPECT_EQ(Refused(scope, Naming(&cache::Selectors::hosts, {"a.example"})), "hosts");
  EXPECT_EQ(Refused(scope, Naming(&cache::Selectors::prefixes, {"https://a.example/"})),
            "prefixes");
  cache::Record all;
  all.selectors.all = true;
  EXPECT_EQ(Refused(scope, all), "all");
  cache::Record activation;
  activation.kind = cache::RecordKind::kActivation;
  EXPECT_NE(Refused(scope, activation), "-");
}

TEST(AccessTest, HostsHoldForAllThatLiesOnAHostAndTagsNeedTheirKind) {
  const Scope scope = ScopeOf("hosts=a.example,b.example:8443");
  EXPECT_EQ(Refused(scope, Naming(&cache::Selectors::urls, {"https://A.example/x"})), "-");
  EXPECT_EQ(Refused(scope, Naming(&cache::Selectors::hosts, {"b.example:8443"})), "-");
  EXPECT_EQ(Refused(scope, Naming(&cache::Selectors::urls,
                                  {"https://a.example/x", "https://c.example/x"})),
            "urls[1]");
  EXPECT_EQ(Refused(scope, Naming(&cache::Selectors::prefixes, {"https://a.example.org/"})),
            "prefixes[0]");
  EXPECT_EQ(Refused(scope, Naming(&cache::Selectors::tags, {"t"})), "tags");
  EXPECT_EQ(Refused(ScopeOf("hosts=a.example kinds=tags"), Naming(&cache::Selectors::tags, {"t"})),
            "-");
  cache::Record all;
  all.selectors.all = true;
  EXPECT_EQ(Refused(ScopeOf("kinds=all hosts=a.example"), all), "all");
}

TEST(AccessTest, SoftAllowsSoftPurgesOnly) {
  cache::Record record = Naming(&cache::Selectors::tags, {"t"});
  EXPECT_EQ(Refused(ScopeOf("soft"), record), "mode");
  record.mode = cache::PurgeMode::kSoft;
  EXPECT_EQ(Refused(ScopeOf("soft"), record), "-");
}

TEST(AccessTest, MistakesAreNamedWithTheirLine) {
  for (const char* line :
       {"short", "a-good-token other", "a-good-token kinds=", "a-good-token kinds=url",
        "a-good-token hosts=", "a-good-token hosts=a/b", "sha256:abc"}) {
    const auto access = Access::Parse({"a-good-token", line});
    ASSERT_FALSE(access) << line;
    EXPECT_THAT(access.error().context, HasSubstr("2: ")) << line;
  }
}

}  // namespace
}  // namespace skerry::purge
