#include "core/daemon/certificate.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace skerry::daemon {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class CertificateTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "certificate-" + std::to_string(getpid()) + "/";
    std::filesystem::create_directories(folder_);
    for (const char* name : {"a", "b"}) {
      ASSERT_TRUE(net::MakeDevelopmentCertificate(folder_ + name + ".crt", folder_ + name + ".key",
                                                  {"localhost"}));
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Read(const std::string& cert, const std::string& key) {
    const auto made = ReadCertificate({"--cert", folder_ + cert, "--key", folder_ + key});
    return made ? "fine" : made.error().context;
  }

  std::string folder_;
};

TEST_F(CertificateTest, APairIsFine) { EXPECT_EQ(Read("a.crt", "a.key"), "fine"); }

TEST_F(CertificateTest, NamesTheOptionWhoseFileIsAtFault) {
  EXPECT_THAT(Read("none.crt", "a.key"), StartsWith("--cert: " + folder_ + "none.crt: "));
  EXPECT_THAT(Read("a.crt", "none.key"), StartsWith("--key: " + folder_ + "none.key: "));
}

TEST_F(CertificateTest, AKeyOfAnotherCertificateIsRefused) {
  EXPECT_THAT(Read("a.crt", "b.key"), StartsWith("--key: "));
  EXPECT_THAT(Read("a.crt", "b.key"), HasSubstr("does not belong"));
}

TEST_F(CertificateTest, WhatIsNoPemIsRefused) {
  std::ofstream(folder_ + "text") << "hello";
  EXPECT_THAT(Read("text", "a.key"), HasSubstr("holds no certificate"));
  EXPECT_THAT(Read("a.crt", "text"), HasSubstr("holds no private key"));
  EXPECT_THAT(Read("", "a.key"), HasSubstr("is a folder"));
}

}  // namespace
}  // namespace skerry::daemon
