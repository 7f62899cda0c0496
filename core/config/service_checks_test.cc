#include "core/config/service_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::config {
namespace {

using ::testing::HasSubstr;

class ServiceChecksTest : public ::testing::Test {
 protected:
  std::string Said() const { return problems_.empty() ? "" : problems_.ToString(); }

  Places places_;
  Problems problems_;
  ServiceChecks checks_{places_, problems_};
};

TEST_F(ServiceChecksTest, ClearTextStaysOnLoopback) {
  checks_.ClearText("admin", std::nullopt);
  checks_.ClearText("admin", net::Address{"127.0.0.1", 80});
  checks_.ClearText("admin", net::Address{"::1", 80});
  EXPECT_EQ(Said(), "");
  checks_.ClearText("listen", net::Address{"192.0.2.1", 80}, "; give --cert and --key");
  EXPECT_THAT(Said(), HasSubstr("listen: clear text only on loopback, not on 192.0.2.1:80; give"));
}

TEST_F(ServiceChecksTest, ACertificateNeedsItsKey) {
  checks_.CertificateAndKey("", "");
  checks_.CertificateAndKey("a.crt", "a.key");
  EXPECT_EQ(Said(), "");
  checks_.CertificateAndKey("a.crt", "");
  EXPECT_THAT(Said(), HasSubstr("give both or neither"));
}

TEST_F(ServiceChecksTest, OnlyApplicationsAreAskedInClearTextElsewhere) {
  checks_.ServiceUrl("purge", "");
  checks_.ServiceUrl("purge", "http://localhost:9000");
  checks_.ServiceUrl("purge", "https://purge.example:9000");
  checks_.ApplicationUrl("origin", "http://app.example");
  EXPECT_EQ(Said(), "");
  checks_.ServiceUrl("purge", "http://purge.example:9000");
  EXPECT_THAT(Said(), HasSubstr("use https://purge.example:9000"));
}

TEST_F(ServiceChecksTest, AUrlThatIsNoneIsNamed) {
  checks_.ApplicationUrl("origin", "app.example");
  EXPECT_THAT(Said(), HasSubstr("origin: "));
}

}  // namespace
}  // namespace skerry::config
