#include "core/net/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "core/net/mutual_tls.h"

namespace skerry::net {
namespace {

using testing::HasSubstr;

class TlsContextTest : public testing::Test {
 protected:
  TlsContextTest() : folder_(testing::TempDir() + "tls_context_XXXXXX") {
    EXPECT_NE(nullptr, mkdtemp(folder_.data()));
  }
  ~TlsContextTest() override {
    for (const std::string& file : files_) unlink(file.c_str());
    rmdir(folder_.c_str());
  }

  std::string File(const std::string& name) {
    files_.push_back(folder_ + "/" + name);
    return files_.back();
  }
  std::string Write(const std::string& name, const std::string& text) {
    const std::string file = File(name);
    std::ofstream(file) << text;
    return file;
  }
  static std::string Read(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }
  void MakePair(const std::string& name) {
    ASSERT_TRUE(MakeDevelopmentCertificate(File(name + ".pem"), File(name + ".key"),
                                           {"localhost", "127.0.0.1"}));
  }
  std::string ServerError(const std::string& certificate, const std::string& key) {
    const auto made = TlsContext::Server({certificate, key});
    EXPECT_FALSE(made);
    if (made) return "";
    EXPECT_EQ(Side::kConfig, made.error().side);
    return made.error().context;
  }

  std::string folder_;
  std::vector<std::string> files_;
};

TEST_F(TlsContextTest, TakesADevelopmentCertificate) {
  MakePair("a");
  EXPECT_TRUE(TlsContext::Server({folder_ + "/a.pem", folder_ + "/a.key"}));
}

TEST_F(TlsContextTest, ADevelopmentCertificateIsKeptWhileItLasts) {
  MakePair("a");
  const std::string before = Read(folder_ + "/a.pem");
  MakePair("a");
  EXPECT_EQ(before, Read(folder_ + "/a.pem"));
}

TEST_F(TlsContextTest, ADevelopmentCertificateWithoutItsKeyIsMadeAnew) {
  MakePair("a");
  const std::string before = Read(folder_ + "/a.pem");
  unlink((folder_ + "/a.key").c_str());
  MakePair("a");
  EXPECT_NE(before, Read(folder_ + "/a.pem"));
  EXPECT_TRUE(TlsContext::Server({folder_ + "/a.pem", folder_ + "/a.key"}));
}

TEST_F(TlsContextTest, OnlyTheOwnerMayReadADevelopmentKey) {
  MakePair("a");
  struct stat status {};
  ASSERT_EQ(0, stat((folder_ + "/a.key").c_str(), &status));
  EXPECT_EQ(0600u, status.st_mode & 0777);
}

TEST_F(TlsContextTest, ADevelopmentCertificateThatCannotBeWrittenNamesTheFile) {
  const Status made = MakeDevelopmentCertificate("/nonexistent/a.pem", "/nonexistent/a.key", {"a"});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().context, HasSubstr("/nonexistent/a.key"));
}

TEST_F(TlsContextTest, AMissingFileIsNamed) {
  EXPECT_THAT(ServerError("/nonexistent/a.pem", "/nonexistent/a.key"),
              HasSubstr("/nonexistent/a.pem: cannot be opened: No such file"));
  MakePair("a");
  EXPECT_THAT(ServerError(folder_ + "/a.pem", "/nonexistent/a.key"),
              HasSubstr("/nonexistent/a.key: cannot be opened"));
}

TEST_F(TlsContextTest, AFileWithoutACertificateIsNamed) {
  MakePair("a");
  const std::string file = Write("empty.pem", "nothing to see\n");
  EXPECT_THAT(ServerError(file, folder_ + "/a.key"), HasSubstr(file + ": holds no certificate"));
  EXPECT_THAT(ServerError(folder_ + "/a.pem", file), HasSubstr(file + ": holds no private key"));
}

TEST_F(TlsContextTest, ADamagedChainIsNamed) {
  MakePair("a");
  const std::string pem = Read(folder_ + "/a.pem");
  const std::string file = Write("chain.pem", pem + pem.substr(0, pem.size() / 2));
  EXPECT_THAT(ServerError(file, folder_ + "/a.key"), HasSubstr(file + ": a certificate of the"));
}

TEST_F(TlsContextTest, AForeignKeyIsNamed) {
  MakePair("a");
  MakePair("b");
  EXPECT_THAT(ServerError(folder_ + "/a.pem", folder_ + "/b.key"),
              HasSubstr("b.key: this key does not belong to the certificate in"));
}

TEST_F(TlsContextTest, AMissingAuthorityFileIsNamed) {
  TlsContext::ClientOptions options;
  options.ca_file = "/nonexistent/ca.pem";
  const auto made = TlsContext::Client(options);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().context, HasSubstr("/nonexistent/ca.pem: cannot be opened"));
}

TEST_F(TlsContextTest, AServerThatAsksNamesTheFileItCannotUse) {
  MakePair("a");
  const TlsContext::ServerOptions server{folder_ + "/a.pem", folder_ + "/a.key"};
  EXPECT_TRUE(ServerAsking(server, folder_ + "/a.pem"));
  const auto missing = ServerAsking(server, folder_ + "/none.pem");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().context, HasSubstr("none.pem: cannot be opened"));
  const auto empty = ServerAsking(server, Write("empty.pem", "nothing"));
  ASSERT_FALSE(empty);
  EXPECT_THAT(empty.error().context, HasSubstr("empty.pem: holds no certificate"));
}

TEST_F(TlsContextTest, AClientCertificateThatCannotBeRenewedStaysAsItWas) {
  MakePair("a");
  MakePair("b");
  const auto made = ClientCertificate::Read(folder_ + "/a.pem", folder_ + "/a.key");
  ASSERT_TRUE(made);
  const auto held = (*made)->held();
  EXPECT_FALSE((*made)->Renew(folder_ + "/b.pem", folder_ + "/a.key"));
  EXPECT_EQ((*made)->held(), held);
  EXPECT_TRUE((*made)->Renew(folder_ + "/b.pem", folder_ + "/b.key"));
  EXPECT_NE((*made)->held(), held);
  EXPECT_TRUE(ClientShowing({}, nullptr));
}

}  // namespace
}  // namespace skerry::net
