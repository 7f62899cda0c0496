#include "core/cache/disk/pins.h"

#include <gtest/gtest.h>

namespace skerry::cache::disk {
namespace {

TEST(PinsTest, OverlapsWhatIsPinnedUntilThePinIsDropped) {
  const auto pins = std::make_shared<Pins>(1_GiB);
  std::shared_ptr<void> pin = pins->Pin({1, {5, 6, 7, 20}});
  EXPECT_TRUE(pins->Overlaps({7, 9}));
  EXPECT_TRUE(pins->Overlaps({0, 5}));
  EXPECT_TRUE(pins->Overlaps({6, 6}));
  EXPECT_TRUE(pins->Overlaps({0, 100}));
  EXPECT_FALSE(pins->Overlaps({8, 19}));
  EXPECT_EQ(pins->bytes(), 4 * kChunkBytes);
  std::shared_ptr<void> copy = pin;
  pin.reset();
  EXPECT_TRUE(pins->Overlaps({20, 20}));
  copy.reset();
  EXPECT_FALSE(pins->Overlaps({0, 100}));
  EXPECT_EQ(pins->bytes(), 0u);
}

TEST(PinsTest, BeyondTheBoundAPinIsNull) {
  const auto pins = std::make_shared<Pins>(2 * kChunkBytes);
  const std::shared_ptr<void> first = pins->Pin({1, {5}});
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(pins->Pin({2, {6, 7}}), nullptr);
  EXPECT_FALSE(pins->Overlaps({6, 7}));
  EXPECT_NE(pins->Pin({2, {6}}), nullptr);
  EXPECT_EQ(pins->Pin({3, {}}), nullptr);
}

TEST(PinsTest, APinMayOutliveItsOwner) {
  auto pins = std::make_shared<Pins>(1_GiB);
  std::shared_ptr<void> pin = pins->Pin({1, {5}});
  pins.reset();
  pin.reset();
}

}  // namespace
}  // namespace skerry::cache::disk
