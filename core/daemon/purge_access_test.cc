#include "core/daemon/purge_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "core/net/tls.h"

namespace skerry::daemon {
namespace {

using testing::StartsWith;

class PurgeAccessTest : public testing::Test {
 protected:
  PurgeAccessTest() {
    folder_ = testing::TempDir() + "/purge-access-" + std::to_string(getpid());
    mkdir(folder_.c_str(), 0700);
    files_.url = "https://purge.example:9500";
    files_.ca_title = "--purge_ca";
    files_.cert_title = "--purge_cert";
    files_.tokens_title = "--purge_token_file";
    files_.tokens = Written("tokens", "first-token\n");
    files_.cert = folder_ + "/node.crt";
    files_.key = folder_ + "/node.key";
    EXPECT_TRUE(net::MakeDevelopmentCertificate(files_.cert, files_.key, {"node"}));
  }
  std::string Written(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    chmod(path.c_str(), 0600);
    return path;
  }

  std::string folder_;
  PurgeAccessFiles files_;
};

TEST_F(PurgeAccessTest, ErrorsBeginWithWhatIsAtFault) {
  PurgeAccessFiles wrong = files_;
  wrong.tokens = folder_ + "/none";
  EXPECT_THAT(PurgeAccess::Open(wrong).error().context, StartsWith("--purge_token_file: "));
  wrong = files_;
  wrong.cert = files_.tokens;
  EXPECT_THAT(PurgeAccess::Open(wrong).error().context, StartsWith("--purge_cert: "));
  wrong = files_;
  wrong.ca = files_.tokens;
  EXPECT_THAT(PurgeAccess::Open(wrong).error().context, StartsWith("--purge_ca: "));
}

TEST_F(PurgeAccessTest, RenewsTogetherOrNotAtAll) {
  const auto access = PurgeAccess::Open(files_);
  ASSERT_TRUE(access.has_value()) << access.error().context;
  EXPECT_EQ((*access)->authority(), "purge.example:9500");
  PurgeAccessFiles fresh = files_;
  fresh.tokens = Written("fresh", "second-token\n");
  fresh.cert = folder_ + "/none";
  EXPECT_FALSE((*access)->Renew(fresh));
  EXPECT_EQ((*access)->tokens()->first(), "first-token");
  fresh.cert = files_.cert;
  EXPECT_TRUE((*access)->Renew(fresh));
  EXPECT_EQ((*access)->tokens()->first(), "second-token");
}

TEST_F(PurgeAccessTest, WhoHadNoTokensAtStartHasNoneAfterwards) {
  PurgeAccessFiles without = files_;
  without.tokens.clear();
  const auto access = PurgeAccess::Open(without);
  ASSERT_TRUE(access.has_value());
  EXPECT_TRUE((*access)->Renew(files_));
  EXPECT_EQ((*access)->tokens()->first(), "");
}

}  // namespace
}  // namespace skerry::daemon
