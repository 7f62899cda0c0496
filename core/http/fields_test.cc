#include "core/http/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace skerry::http {
namespace {

using ::testing::ElementsAre;

TEST(FieldsTest, KeepsLinesInTheOrderTheyCame) {
  Fields fields;
  fields.Add("b", "1");
  fields.Add("a", "2");
  fields.Add("b", "3");
  EXPECT_THAT(fields, ElementsAre(Field{"b", "1"}, Field{"a", "2"}, Field{"b", "3"}));
}

TEST(FieldsTest, FindGivesTheFirstLine) {
  const Fields fields{{"a", "1"}, {"a", "2"}};
  EXPECT_EQ(fields.Find("a"), "1");
  EXPECT_EQ(fields.Find("b"), std::nullopt);
}

TEST(FieldsTest, CombinedJoinsLinesWithCommas) {
  const Fields fields{{"vary", "a"}, {"x", "-"}, {"vary", "b, c"}};
  EXPECT_EQ(fields.Combined("vary"), "a, b, c");
  EXPECT_EQ(fields.Combined("none"), std::nullopt);
}

TEST(FieldsTest, CombinedOfAnEmptyLineIsEmptyButThere) {
  const Fields fields{{"vary", ""}};
  EXPECT_EQ(fields.Combined("vary"), "");
}

TEST(FieldsTest, SetReplacesEveryLineAtThePlaceOfTheFirst) {
  Fields fields{{"a", "1"}, {"b", "2"}, {"a", "3"}};
  fields.Set("a", "4");
  EXPECT_THAT(fields, ElementsAre(Field{"a", "4"}, Field{"b", "2"}));
}

TEST(FieldsTest, SetAddsWhatWasAbsent) {
  Fields fields{{"a", "1"}};
  fields.Set("b", "2");
  EXPECT_THAT(fields, ElementsAre(Field{"a", "1"}, Field{"b", "2"}));
}

TEST(FieldsTest, SetToAViewOfItsOwnOldValueWorks) {
  Fields fields{{"x", "0"}, {"a", "a long value that is not kept inside the string object"}};
  fields.Set("a", *fields.Find("a"));
  EXPECT_EQ(fields.Find("a"), "a long value that is not kept inside the string object");
}

TEST(FieldsTest, RemoveTakesEveryLine) {
  Fields fields{{"a", "1"}, {"b", "2"}, {"a", "3"}};
  fields.Remove("a");
  EXPECT_THAT(fields, ElementsAre(Field{"b", "2"}));
}

TEST(FieldsTest, ByteSizeCountsThirtyTwoALine) {
  EXPECT_EQ((Fields{{"ab", "cde"}, {"f", ""}}).ByteSize(), 2u + 3 + 32 + 1 + 32);
}

TEST(FieldsTest, RemoveIfAsksAboutEachLineInOrder) {
  Fields fields{{"a", "1"}, {"etag", "2"}, {"b", "3"}, {"etag", "4"}};
  std::string asked;
  fields.RemoveIf([&](const Field& field) {
    asked += field.value;
    return field.value > "2";
  });
  EXPECT_EQ(asked, "1234");
  EXPECT_THAT(fields, ElementsAre(Field{"a", "1"}, Field{"etag", "2"}));
}

TEST(FieldsTest, NamesOfTheTableAndOthersAreAlike) {
  Fields fields;
  for (const std::string_view name : kFieldNames) fields.Add(name, name);
  fields.Add("x-of-nobody", "x-of-nobody");
  EXPECT_EQ(fields.size(), std::size(kFieldNames) + 1);
  for (const Field& field : fields) {
    EXPECT_EQ(field.name, field.value);
    EXPECT_EQ(fields.Find(field.name), field.name);
  }
  EXPECT_FALSE(fields.Has("x-of-somebody"));
}

TEST(FieldsTest, NamesStandOnceInTheTableAndInLowerCase) {
  std::set<std::string_view> seen;
  for (const std::string_view name : kFieldNames) {
    EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_TRUE(std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
        << name;
  }
}

TEST(FieldsTest, NumbersOfLiteralsAreThoseFoundAtRunTime) {
  EXPECT_EQ(FieldName("etag").number(), FieldName(std::string("etag")).number());
  EXPECT_NE(FieldName("etag").number(), 0);
  EXPECT_EQ(FieldName("x-of-nobody").number(), 0);
  EXPECT_EQ(FieldName(std::string("etag2")).number(), 0);
  EXPECT_EQ(FieldName(std::string()).number(), 0);
}

TEST(FieldsTest, LengthsOnBothSidesOfOneByte) {
  for (const size_t size : {0u, 1u, 254u, 255u, 256u, 70'000u}) {
    const std::string name(size, 'n'), value(size, 'v');
    const Fields fields{{"a", "b"}, {name, value}, {"etag", value}, {"c", "d"}};
    EXPECT_THAT(fields, ElementsAre(Field{"a", "b"}, Field{name, value}, Field{"etag", value},
                                    Field{"c", "d"}));
    EXPECT_EQ(fields.Find("etag"), value);
    EXPECT_EQ(fields.Find(name), value);
  }
}

TEST(FieldsTest, MoveTakesViewsAlong) {
  Fields fields{{"etag", "1"}};
  const std::string_view value = *fields.Find("etag");
  const Fields moved = std::move(fields);
  EXPECT_EQ(moved.Find("etag")->data(), value.data());
}

TEST(FieldsTest, CopiesAndShrunkOnesTakeNoMoreThanTheirLines) {
  Fields fields;
  fields.Reserve(100);
  fields.Add("etag", "0123456789");
  fields.Add("other", "0123456789");
  const size_t least = 16 + (2 + 10) + (3 + 5 + 10);
  EXPECT_GT(fields.HeapSize(), 1000u);
  EXPECT_EQ(Fields(fields).HeapSize(), least);
  EXPECT_EQ((Fields{{"etag", "0123456789"}, {"other", "0123456789"}}).HeapSize(), least);
  fields.ShrinkToFit();
  EXPECT_EQ(fields.HeapSize(), least);
  EXPECT_EQ(fields.Find("other"), "0123456789");
  fields.RemoveIf([](const Field&) { return true; });
  fields.ShrinkToFit();
  EXPECT_EQ(fields.HeapSize(), 0u);
  EXPECT_EQ(Fields().HeapSize(), 0u);
}

TEST(FieldsTest, ReservedLinesNeedNoOtherMemory) {
  Fields fields;
  fields.Reserve(20);
  const size_t reserved = fields.HeapSize();
  for (int i = 0; i < 20; ++i) fields.Add("x-of-nobody", "0123456789");
  EXPECT_EQ(fields.HeapSize(), reserved);
}

// What Fields says it does, done plainly.
class FieldsModel {
 public:
  using Line = std::pair<std::string, std::string>;

  void Add(const std::string& name, const std::string& value) { lines_.emplace_back(name, value); }
  void Set(const std::string& name, const std::string& value) {
    const auto named = [&](const Line& line) { return line.first == name; };
    const auto first = std::find_if(lines_.begin(), lines_.end(), named);
    if (first == lines_.end()) return Add(name, value);
    first->second = value;
    lines_.erase(std::remove_if(first + 1, lines_.end(), named), lines_.end());
  }
  template <class Predicate>
  void RemoveIf(Predicate predicate) {
    std::erase_if(lines_, predicate);
  }
  const std::vector<Line>& lines() const { return lines_; }

 private:
  std::vector<Line> lines_;
};

// Random histories, with arguments that lie in the object itself.
class FieldsHistory {
 public:
  explicit FieldsHistory(uint32_t seed) : random_(seed) {}

  void Step() {
    switch (Below(12)) {
      case 0: return RemoveNamed();
      case 1: return RemoveSome();
      case 2: return Copy();
      case 3: return fields_.Reserve(Below(30));
      case 4: return fields_.ShrinkToFit();
      case 5:
      case 6:
      case 7: return Set();
      default: return Add();
    }
  }

  void Check() const {
    std::vector<FieldsModel::Line> seen;
    size_t bytes = 0;
    for (const Field& field : fields_) {
      seen.emplace_back(field.name, field.value);
      bytes += field.name.size() + field.value.size() + 32;
    }
    ASSERT_EQ(seen, model_.lines());
    ASSERT_EQ(fields_.size(), seen.size());
    ASSERT_EQ(fields_.empty(), seen.empty());
    ASSERT_EQ(fields_.ByteSize(), bytes);
    for (const char* name : kNames) CheckName(name);
    Fields same;
    for (const auto& [name, value] : seen) same.Add(name, value);
    ASSERT_TRUE(same == fields_);
    same.Add("etag", "");
    ASSERT_FALSE(same == fields_);
  }

 private:
  static constexpr const char* kNames[] = {"etag",   "vary", "x-a",     "x-b",
                                           "cookie", "",     "warning", "x-forwarded-proto"};

  size_t Below(size_t bound) { return random_() % bound; }
  std::string Name() { return kNames[Below(std::size(kNames))]; }
  std::string Value() {
    const size_t size = Below(8) == 0 ? Below(600) : Below(20);
    return std::string(size, static_cast<char>('a' + Below(26)));
  }
  // A line of the object itself, if it has any.
  Field Own() {
    auto line = fields_.begin();
    std::advance(line, static_cast<std::ptrdiff_t>(Below(fields_.size())));
    return *line;
  }

  template <class Change>
  void Make(Change change) {
    const bool own = !fields_.empty() && Below(3) == 0;
    const std::string name = Name(), value = Value();
    Field field{name, value};
    if (own && Below(2) == 0) field.name = Own().name;
    if (own) field.value = Own().value;
    if (own && Below(4) == 0) field.value = field.value.substr(field.value.size() / 2);
    const std::string copied_name(field.name), copied_value(field.value);
    change(fields_, field.name, field.value);
    change(model_, copied_name, copied_value);
  }
  void Add() {
    Make([](auto& to, const auto& name, const auto& value) { to.Add(name, value); });
  }
  void Set() {
    Make([](auto& to, const auto& name, const auto& value) { to.Set(name, value); });
  }
  void RemoveNamed() {
    const bool own = !fields_.empty() && Below(2) == 0;
    const std::string name = own ? std::string(Own().name) : Name();
    if (own) {
      fields_.Remove(std::find_if(fields_.begin(), fields_.end(), [&](const Field& field) {
                       return field.name == name;
                     })->name);
    } else {
      fields_.Remove(name);
    }
    model_.RemoveIf([&](const auto& line) { return line.first == name; });
  }
  void RemoveSome() {
    const size_t shorter = Below(8);
    fields_.RemoveIf([&](const Field& field) { return field.value.size() < shorter; });
    model_.RemoveIf([&](const auto& line) { return line.second.size() < shorter; });
  }
  void Copy() {
    Fields other;
    other.Add("etag", Value());
    other = fields_;
    fields_ = other;
    const Fields& same = fields_;
    fields_ = same;
    if (Below(2) == 0) fields_ = std::move(other);
  }

  void CheckName(const std::string& name) const {
    std::optional<std::string> first, all;
    for (const auto& [other, value] : model_.lines()) {
      if (other != name) continue;
      if (!first) first = value;
      all = all ? *all + ", " + value : value;
    }
    ASSERT_EQ(fields_.Find(name), first) << name;
    ASSERT_EQ(fields_.Combined(name), all) << name;
    ASSERT_EQ(fields_.Has(name), first.has_value()) << name;
  }

  std::mt19937 random_;
  Fields fields_;
  FieldsModel model_;
};

TEST(FieldsTest, DoesWhatAListOfStringsDoes) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    FieldsHistory history(seed);
    for (int step = 0; step < 60; ++step) {
      history.Step();
      ASSERT_NO_FATAL_FAILURE(history.Check()) << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace skerry::http
