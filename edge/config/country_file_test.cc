#include "edge/config/country_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "edge/config/country_sample.h"

namespace skerry::edge {
namespace {

using testing::HasSubstr;

std::string Write(const std::string& bytes) {
  const std::string path = testing::TempDir() + "/" +
                           testing::UnitTest::GetInstance()->current_test_info()->name() + ".mmdb";
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

CountrySample Sample() {
  CountrySample sample;
  sample.AddIpv4(0xC0000200, 24, "DE");                  // 192.0.2.0/24
  sample.AddIpv4(0xC6336400, 24, "de");                  // no country as ISO writes it
  sample.Add("00100000000000010000110110111000", "FR");  // 2001:db8::/32
  return sample;
}

TEST(CountryFileTest, FindsTheCountryOfANetwork) {
  const auto file = CountryFile::Open(Write(Sample().Bytes()));
  ASSERT_TRUE(file) << file.error().context;
  const auto country = [&](std::string host) { return (*file)->Of({std::move(host), 1}); };
  EXPECT_EQ(country("192.0.2.7"), "DE");
  EXPECT_EQ(country("::ffff:192.0.2.7"), "DE");
  EXPECT_EQ(country("2001:db8::1"), "FR");
}

TEST(CountryFileTest, WhatIsNotKnownIsZZ) {
  const auto file = CountryFile::Open(Write(Sample().Bytes()));
  ASSERT_TRUE(file);
  for (const char* host : {"203.0.113.1", "198.51.100.1", "2001:db9::1", "no address", ""}) {
    EXPECT_EQ((*file)->Of({host, 1}), "ZZ") << host;
  }
}

TEST(CountryFileTest, AFileThatIsNoneIsNamedInTheError) {
  const auto missing = CountryFile::Open("/nowhere.mmdb");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().context, HasSubstr("/nowhere.mmdb"));
  EXPECT_FALSE(CountryFile::Open(Write("no database")));
}

TEST(CountryFileTest, ATornTreeGivesNoCountryAndNoCrash) {
  std::string bytes = Sample().Bytes();
  for (size_t i = 0; i < 600 && i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7);
  const auto file = CountryFile::Open(Write(bytes));
  if (file) {
    EXPECT_EQ((*file)->Of({"192.0.2.7", 1}), "ZZ");
  }
}

}  // namespace
}  // namespace skerry::edge
