#include "core/daemon/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace skerry::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string FileWith(const std::string& text) {
  const std::string path = testing::TempDir() + "/tokens-" + std::to_string(getpid()) + "-" +
                           testing::UnitTest::GetInstance()->current_test_info()->name();
  std::ofstream(path) << text;
  chmod(path.c_str(), 0600);
  return path;
}

TEST(TokensTest, ReadsATokenALineWithoutComments) {
  const auto tokens = ReadTokens(FileWith("# ours\nsecret-one\n\n  secret-two # old\n"));
  ASSERT_TRUE(tokens);
  EXPECT_THAT(*tokens, ElementsAre("secret-one", "secret-two"));
}

TEST(TokensTest, ReadsTokensOfAnyLength) {
  const std::string longer(100, 'x');
  const auto tokens = ReadTokens(FileWith(longer + "\nshort-one\n" + longer + "y # comment\n"));
  ASSERT_TRUE(tokens);
  EXPECT_THAT(*tokens, ElementsAre(longer, "short-one", longer + "y"));
}

TEST(TokensTest, NamesFileAndLineOfWhatIsWrong) {
  EXPECT_THAT(ReadTokens("/nowhere/at/all").error().context, HasSubstr("/nowhere/at/all"));
  EXPECT_THAT(ReadTokens(FileWith("# nothing\n")).error().context, HasSubstr("no token"));
  EXPECT_THAT(ReadTokens(FileWith("good-token\ntwo words\n")).error().context, HasSubstr(":2:"));
  EXPECT_THAT(ReadTokens(FileWith("short\n")).error().context, HasSubstr("at least 8"));
}

TEST(TokensTest, AFolderIsNoTokenFile) {
  EXPECT_THAT(ReadTokens(testing::TempDir()).error().context, HasSubstr("is a folder"));
}

TEST(TokensTest, ReplacedTokensAreBelievedAtOnceAndFormerOnesNoMore) {
  Tokens tokens({"secret-one"});
  const http::Fields one = {{"authorization", "Bearer secret-one"}};
  const http::Fields two = {{"authorization", "Bearer secret-two"}};
  EXPECT_EQ(tokens.Check(one), Bearer::kKnown);
  tokens.Set({"secret-two"});
  EXPECT_EQ(tokens.Check(one), Bearer::kWrong);
  EXPECT_EQ(tokens.Check(two), Bearer::kKnown);
}

TEST(TokensTest, TellsMissingFromWrong) {
  const std::vector<std::string> tokens = {"secret-one", "secret-two"};
  EXPECT_EQ(CheckBearer({}, tokens), Bearer::kMissing);
  EXPECT_EQ(CheckBearer({{"authorization", "Basic c2VjcmV0"}}, tokens), Bearer::kMissing);
  EXPECT_EQ(CheckBearer({{"authorization", "Bearer secret-on"}}, tokens), Bearer::kWrong);
  EXPECT_EQ(CheckBearer({{"authorization", "Bearer "}}, tokens), Bearer::kWrong);
  EXPECT_EQ(CheckBearer({{"authorization", "bearer secret-two"}}, tokens), Bearer::kKnown);
}

}  // namespace
}  // namespace skerry::daemon
