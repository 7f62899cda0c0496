#include "core/base/local_ptr.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace skerry {
namespace {

struct Thing : LocalCounted {
  explicit Thing(int* gone) : gone(gone) {}
  ~Thing() { ++*gone; }
  int* const gone;
  LocalPtr<Thing> other;
};

TEST(LocalPtrTest, TheObjectGoesWithItsLastOwner) {
  int gone = 0;
  {
    auto one = LocalPtr<Thing>::Make(&gone);
    std::vector<LocalPtr<Thing>> more(3, one);
    const LocalPtr<Thing> last = std::move(more.back());
    more.clear();
    one = nullptr;
    EXPECT_EQ(gone, 0);
    EXPECT_EQ(last->gone, &gone);
  }
  EXPECT_EQ(gone, 1);
}

TEST(LocalPtrTest, AssignedToItselfItStays) {
  int gone = 0;
  auto one = LocalPtr<Thing>::Make(&gone);
  const LocalPtr<Thing>& same = one;
  one = same;
  EXPECT_EQ(gone, 0);
  EXPECT_EQ(one->gone, &gone);
}

// The next one of a chain is owned by what goes away.
TEST(LocalPtrTest, TakesTheNextOneOfAChain) {
  int gone = 0;
  auto one = LocalPtr<Thing>::Make(&gone);
  one->other = LocalPtr<Thing>::Make(&gone);
  one = one->other;
  EXPECT_EQ(gone, 1);
  EXPECT_EQ(one->other, nullptr);
}

TEST(LocalPtrTest, ACopyOfTheObjectHasOwnersOfItsOwn) {
  struct Value : LocalCounted {
    int number = 0;
  };
  auto one = LocalPtr<Value>::Make();
  const LocalPtr<Value> two = one;
  auto copy = LocalPtr<Value>::Make(*one);
  copy = nullptr;
  EXPECT_EQ(one->number, 0);
  EXPECT_EQ(one, two);
}

}  // namespace
}  // namespace skerry
