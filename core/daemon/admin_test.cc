#include "core/daemon/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::daemon {
namespace {

using testing::HasSubstr;

Check Saying(std::string name, bool ready, bool ok) {
  return {std::move(name), ready, [ok]() -> Status {
            if (ok) return {};
            return Fail(Code::kUnavailable, Side::kSelf, "not yet");
          }};
}

TEST(AdminTest, IsLiveWhateverTheChecksSay) {
  Admin::Options options;
  options.checks = {Saying("store", true, false)};
  EXPECT_EQ(Admin::Answer(options, "/livez").status, 200);
}

TEST(AdminTest, IsReadyOnlyWhenEveryReadinessCheckPasses) {
  Admin::Options options;
  options.checks = {Saying("store", true, true), Saying("log", true, false),
                    Saying("origin", false, false)};
  const Admin::Page page = Admin::Answer(options, "/readyz");
  EXPECT_EQ(page.status, 503);
  EXPECT_EQ(page.body, "log: not yet\norigin: not yet\n");
}

TEST(AdminTest, SaysWhatIsWrongWithANodeThatIsReadyAllTheSame) {
  Admin::Options options;
  options.checks = {Saying("listeners", true, true), Saying("store", false, false)};
  const Admin::Page page = Admin::Answer(options, "/readyz");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "ready\nstore: not yet\n");
  options.checks = {Saying("listeners", true, true), Saying("store", false, true)};
  EXPECT_EQ(Admin::Answer(options, "/readyz").body, "ready\n");
}

TEST(AdminTest, HealthListsEveryCheckAndFailsWithAnyOfThem) {
  Admin::Options options;
  options.checks = {Saying("store", true, true), Saying("origin", false, false)};
  const Admin::Page page = Admin::Answer(options, "/healthz?verbose");
  EXPECT_EQ(page.status, 503);
  EXPECT_THAT(page.body, HasSubstr("\"store\""));
  EXPECT_THAT(page.body, HasSubstr("not yet"));
}

TEST(AdminTest, ShowsMetricsInTextFormat) {
  Metrics metrics;
  metrics.GetCounter("skerry_things_total", "Things.").Add(3);
  Admin::Options options;
  options.metrics = &metrics;
  EXPECT_THAT(Admin::Answer(options, "/metrics").body, HasSubstr("skerry_things_total 3"));
}

TEST(AdminTest, SaysWhatThereIsWhereThereIsNothing) {
  Admin::Options options;
  options.pages["/explain"] = [](std::string_view) { return Admin::Page{}; };
  const Admin::Page page = Admin::Answer(options, "/explian");
  EXPECT_EQ(page.status, 404);
  EXPECT_THAT(page.body, HasSubstr("/explain"));
}

}  // namespace
}  // namespace skerry::daemon
