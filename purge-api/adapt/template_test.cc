#include "purge-api/adapt/template.h"

#include <gmock/gmock.h>

namespace skerry::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Fill(const char* text, std::string_view message) {
  const auto made = Template::Parse(text);
  EXPECT_TRUE(made) << text;
  return made ? made->Fill(ValuesOf(message)) : std::vector<std::string>();
}

TEST(TemplateTest, NamesInBracesBecomeTheMembersOfTheMessage) {
  EXPECT_THAT(Fill("https://a.example/{kind}/{id}.html", R"({"kind":"product","id":7})"),
              ElementsAre("https://a.example/product/7.html"));
  EXPECT_THAT(Fill("no-names", "{}"), ElementsAre("no-names"));
}

TEST(TemplateTest, AListBecomesATextEach) {
  EXPECT_THAT(Fill("{tags}", R"({"tags":["a","b",null,"c"]})"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Fill("{a}-{b}", R"({"a":[1,2],"b":["x","y"]})"),
              ElementsAre("1-x", "1-y", "2-x", "2-y"));
}

TEST(TemplateTest, WithoutAValueThereIsNoText) {
  EXPECT_THAT(Fill("https://a.example/{id}", R"({"kind":"product"})"), IsEmpty());
  EXPECT_THAT(Fill("{id}", R"({"id":{"nested":1}})"), IsEmpty());
}

TEST(TemplateTest, AMessageThatIsNoObjectIsATextOfItsOwn) {
  EXPECT_THAT(Fill("{message}", "product-7"), ElementsAre("product-7"));
}

TEST(TemplateTest, BracesThatDoNotFitAreRefused) {
  for (const char* text : {"", "{", "}", "a{}b", "{a", "a}", "{a{b}}"}) {
    EXPECT_FALSE(Template::Parse(text)) << text;
  }
}

TEST(TranslationTest, TheBodyHasWhatTheTemplatesGive) {
  Translation translation;
  translation.urls = {*Template::Parse("https://a.example{path}")};
  translation.tags = {*Template::Parse("product-{id}"), *Template::Parse("list")};
  EXPECT_EQ(BodyFor(translation, ValuesOf(R"({"id":7})")), R"({"tags":["product-7","list"]})");
  translation.tags.pop_back();
  translation.soft = true;
  EXPECT_EQ(BodyFor(translation, ValuesOf(R"({"path":"/x"})")),
            R"({"mode":"soft","urls":["https://a.example/x"]})");
  EXPECT_EQ(BodyFor(translation, ValuesOf("other")), std::nullopt);
}

TEST(TranslationTest, ListsInSeveralPlacesStayBounded) {
  std::string many = "[";
  for (int i = 0; i < 1000; ++i) many += std::to_string(i) + ',';
  many.back() = ']';
  EXPECT_LE(Fill("{a}{b}", R"({"a":)" + many + R"(,"b":)" + many + '}').size(), 10'000u);
}

}  // namespace
}  // namespace skerry::purge
