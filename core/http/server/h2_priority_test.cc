// Which stream's bytes go out first (RFC 9218), by the DATA frames on the wire.
#include <gmock/gmock.h>

#include <algorithm>

#include "core/http/server/session_fixture.h"

namespace skerry::http {
namespace {

using testing::Each;
using testing::Ne;

constexpr size_t kLarge = 600'000;
constexpr size_t kRecord = 16 * 1024;

class H2PriorityTest : public SessionTest {
 protected:
  // A client that takes whatever the wire brings.
  H2Client& client() {
    if (client_ == nullptr) {
      client_ = std::make_unique<H2Client>(
          loop_, Connect("h2"),
          std::vector<nghttp2_settings_entry>{{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 24}});
      nghttp2_session_set_local_window_size(client_->session(), NGHTTP2_FLAG_NONE, 0, 1 << 24);
      client_->Exchange();
    }
    return *client_;
  }
  // A request that is answered at once with so many bytes.
  int32_t Get(const std::string& path, const std::string& priority, size_t bytes) {
    sizes_[path] = bytes;
    on_request_ = [this](HeardRequest& request) {
      request.Answer(200, std::string(sizes_[request.stream->request().path], 'x'));
    };
    Fields fields = H2Client::GetFields(path);
    if (!priority.empty()) fields.Add("priority", priority);
    return client().Send(fields);
  }
  // From now on the network takes bytes only when told.
  void Block() {
    client();
    client().wire().capacity = 0;
  }
  // The network takes one record's worth more, and the client reads it.
  void Step() {
    client().wire().Drain(kRecord);
    client().Exchange();
  }
  const std::vector<int32_t>& order() { return client().data_streams; }
  size_t Position(int32_t stream, bool last) {
    const auto& all = order();
    const auto at = last ? std::find(all.rbegin(), all.rend(), stream).base() - 1
                         : std::find(all.begin(), all.end(), stream);
    return static_cast<size_t>(at - all.begin());
  }
  void StepUntilEnded(int32_t stream) {
    for (int i = 0; i < 200 && !client().answer(stream).ended; ++i) Step();
    ASSERT_TRUE(client().answer(stream).ended);
  }

  std::map<std::string, size_t> sizes_;
  std::unique_ptr<H2Client> client_;
};

TEST_F(H2PriorityTest, AStylesheetOvertakesAnImageInFlight) {
  Block();
  const int32_t image = Get("/hero.avif", "u=5, i", kLarge);
  for (int i = 0; i < 4; ++i) Step();
  ASSERT_GT(client().answer(image).body.size(), 30'000u);
  const int32_t css = Get("/app.css", "u=0", 100'000);
  const size_t asked_at = order().size();
  StepUntilEnded(css);
  EXPECT_FALSE(client().answer(image).ended);
  // What the image still gets is what was on its way when the stylesheet was asked for.
  const auto between = order().begin() + static_cast<std::ptrdiff_t>(asked_at);
  EXPECT_LE(std::count(between, order().end(), image), 3);
  const std::vector<int32_t> during(
      order().begin() + static_cast<std::ptrdiff_t>(Position(css, false)),
      order().begin() + static_cast<std::ptrdiff_t>(Position(css, true)));
  EXPECT_THAT(during, Each(Ne(image)));
  StepUntilEnded(image);
}

TEST_F(H2PriorityTest, WithoutAFieldAnswersOfOneUrgencyComeOneAfterTheOther) {
  Block();
  const int32_t first = Get("/1", "", 200'000);
  const int32_t second = Get("/2", "", 200'000);
  StepUntilEnded(second);
  EXPECT_LT(Position(first, true), Position(second, false));
}

TEST_F(H2PriorityTest, IncrementalAnswersOfOneUrgencyShareTheWire) {
  Block();
  const int32_t first = Get("/1.jpg", "i", 300'000);
  const int32_t second = Get("/2.jpg", "i", 300'000);
  for (int i = 0; i < 10; ++i) Step();
  const auto one = std::count(order().begin(), order().end(), first);
  const auto two = std::count(order().begin(), order().end(), second);
  EXPECT_GT(one, 2);
  EXPECT_LE(std::abs(one - two), 1);
}

TEST_F(H2PriorityTest, AnUpdateChangesTheOrderOfWhatIsUnderWay) {
  Block();
  const int32_t below = Get("/below-the-fold.avif", "u=3", kLarge);
  const int32_t seen = Get("/seen-now.avif", "u=5", 100'000);
  for (int i = 0; i < 4; ++i) Step();
  ASSERT_EQ(client().answer(seen).body.size(), 0u);
  const std::string urgent = "u=1";
  ASSERT_EQ(0, nghttp2_submit_priority_update(client().session(), NGHTTP2_FLAG_NONE, seen,
                                              reinterpret_cast<const uint8_t*>(urgent.data()),
                                              urgent.size()));
  StepUntilEnded(seen);
  EXPECT_FALSE(client().answer(below).ended);
}

TEST_F(H2PriorityTest, AFieldThatCannotBeReadIsAsGoodAsNone) {
  Block();
  const int32_t odd = Get("/1", "u=99, =", 200'000);
  const int32_t plain = Get("/2", "", 200'000);
  StepUntilEnded(plain);
  EXPECT_LT(Position(odd, true), Position(plain, false));
}

}  // namespace
}  // namespace skerry::http
