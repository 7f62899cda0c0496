#include "pipeline/images/icc.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace skerry::pipeline {
namespace {

void Put32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

// A profile that holds only primaries: (x, y) of red, green and blue.
std::string Profile(const double (&points)[3][2], const char* space = "RGB ") {
  std::string profile(128, '\0');
  profile.replace(16, 4, space);
  Put32(profile, 3);
  for (uint32_t i = 0; i < 3; ++i) {
    profile += std::string(1, "rgb"[i]) + "XYZ";
    Put32(profile, 168 + 20 * i);
    Put32(profile, 20);
  }
  for (const auto& [x, y] : points) {
    profile += std::string("XYZ \0\0\0\0", 8);
    for (const double value : {x, y, 1 - x - y}) {
      Put32(profile, static_cast<uint32_t>(static_cast<int32_t>(value * 65536)));
    }
  }
  return profile;
}

constexpr double kSrgb[3][2] = {{0.648, 0.331}, {0.321, 0.598}, {0.156, 0.066}};
constexpr double kP3[3][2] = {{0.681, 0.319}, {0.285, 0.675}, {0.156, 0.066}};
constexpr double kAdobe[3][2] = {{0.648, 0.331}, {0.230, 0.702}, {0.156, 0.066}};

TEST(IccTest, WideProfilesAreToldFromSrgb) {
  EXPECT_TRUE(IsWiderThanSrgb(Profile(kP3)));
  EXPECT_TRUE(IsWiderThanSrgb(Profile(kAdobe)));
  EXPECT_FALSE(IsWiderThanSrgb(Profile(kSrgb)));
  EXPECT_FALSE(IsWiderThanSrgb(Profile(kP3, "CMYK")));
}

TEST(IccTest, WhatIsCutOffOrNoProfileIsNotWide) {
  const std::string profile = Profile(kP3);
  for (size_t size = 0; size < profile.size(); ++size) {
    EXPECT_FALSE(IsWiderThanSrgb(profile.substr(0, size))) << size;
  }
  EXPECT_FALSE(IsWiderThanSrgb(std::string(400, '\xff')));
  std::string far = profile;
  far.replace(136, 4, "\xff\xff\xff\xff");  // the offset of red
  EXPECT_FALSE(IsWiderThanSrgb(far));
}

}  // namespace
}  // namespace skerry::pipeline
