// Heads are on the other side what they were, whatever goes over the connection besides:
// answers at a client with any HPACK table, requests at the program.
#include <gtest/gtest.h>

#include <random>

#include "core/http/server/session_fixture.h"

namespace skerry::http {
namespace {

class H2HeadsTest : public SessionTest {
 protected:
  struct Made {
    int32_t stream = 0;
    int status = 0;
    Fields fields;
    std::string body;
    Fields trailers;
    bool interim = false;
  };

  Fields RandomFields() {
    static const char* const kNames[] = {"content-type", "cache-control", "cache-status", "etag",
                                         "x-frame",      "set-cookie",    "link",         "age"};
    Fields fields;
    for (size_t i = random_() % 8; i > 0; --i) {
      std::string value = "value " + std::to_string(random_() % 30);
      if (random_() % 5 == 0) value.append(random_() % 400, 'l');
      if (random_() % 100 == 0) value.append(random_() % 20'000, 'h');
      fields.Add(kNames[random_() % std::size(kNames)], value);
    }
    return fields;
  }

  Made Random() {
    static constexpr int kStatuses[] = {200, 200, 200, 206, 301, 304, 404, 416, 500, 503};
    Made made;
    made.status = kStatuses[random_() % std::size(kStatuses)];
    made.fields = RandomFields();
    if (made.status != 304 && random_() % 3 != 0) made.body.assign(random_() % 3000, 'b');
    if (!made.body.empty() && random_() % 4 == 0) made.trailers = {{"digest", "abc"}};
    made.interim = random_() % 6 == 0;
    return made;
  }

  void Answer(const Made& made, ServerStream& stream) {
    if (made.interim) stream.SendInterim({103, RandomFields()});
    Response response;
    auto fields = std::make_shared<const Fields>(made.fields);
    const bool has_body = !made.body.empty();
    if (!made.trailers.empty()) {
      auto body = std::make_shared<FedBody::State>();
      body->Push(made.body);
      body->End(made.trailers);
      response.body = std::make_unique<FedBody>(body);
    } else if (has_body) {
      response.body = std::make_unique<MemoryBody>(made.body);
    }
    if (random_() % 2 == 0) {
      std::optional<uint64_t> length;
      if (has_body && made.trailers.empty()) length = made.body.size();
      response.prepared =
          LocalPtr<const PreparedHead>::Make(made.status, fields, Fields{{"via", "a"}}, length);
    } else {
      response.status = made.status;
      response.stored = fields;
      response.own = {{"via", "a"}};
    }
    stream.Respond(std::move(response));
  }

  static void ExpectSeen(const Made& made, const H2Client::Answer& answer) {
    Fields expected = made.fields;
    expected.Add("via", "a");
    if (!made.body.empty() && made.trailers.empty()) {
      expected.Add("content-length", std::to_string(made.body.size()));
    }
    EXPECT_EQ(made.status, answer.status);
    EXPECT_EQ(expected, answer.fields);
    EXPECT_EQ(made.body, answer.body);
    EXPECT_EQ(made.trailers, answer.trailers);
    EXPECT_EQ(made.interim, !answer.interim.empty());
    EXPECT_TRUE(answer.ended);
    EXPECT_FALSE(answer.reset);
  }

  std::mt19937_64 random_{11};
};

TEST_F(H2HeadsTest, AreReadWhateverTheTable) {
  for (int connection = 0; connection < 40; ++connection) {
    std::vector<nghttp2_settings_entry> settings;
    if (connection % 2 == 0) {
      settings.push_back({NGHTTP2_SETTINGS_HEADER_TABLE_SIZE,
                          static_cast<uint32_t>(random_() % 3 == 0 ? 0 : random_() % 10'000)});
    }
    H2Client client(loop_, Connect("h2"), settings);
    for (int turn = 0; turn < 12; ++turn) {
      if (random_() % 4 == 0) {
        const nghttp2_settings_entry changed[] = {
            {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, static_cast<uint32_t>(random_() % 200)},
            {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, static_cast<uint32_t>(random_() % 6000)}};
        nghttp2_submit_settings(client.session(), NGHTTP2_FLAG_NONE, changed, random_() % 2 + 1);
      }
      requests_.clear();
      std::vector<Made> answers;
      for (size_t i = 1 + random_() % 6; i > 0; --i) {
        answers.push_back(Random());
        answers.back().stream = client.Get();
      }
      client.Exchange();
      ASSERT_EQ(requests_.size(), answers.size());
      for (size_t i = 0; i < answers.size(); ++i) Answer(answers[i], *requests_[i]->stream);
      client.Exchange();
      for (const Made& made : answers) ExpectSeen(made, client.answer(made.stream));
      ASSERT_FALSE(HasFailure()) << connection << " " << turn;
    }
  }
}

// Fields from a small vocabulary, so that heads come again, begin alike, lack a line of the
// one before or have one more.
TEST_F(H2HeadsTest, RequestsAreWhatWasSentWhateverCameBefore) {
  static const char* const kNames[] = {"accept", "accept-language", "user-agent", "x-a",
                                       // Never from the table.
                                       "if-none-match"};
  for (int connection = 0; connection < 20; ++connection) {
    std::vector<Fields> heads;
    for (int i = 0; i < 5; ++i) {
      Fields head = {{":method", random_() % 4 == 0 ? "HEAD" : "GET"},
                     {":scheme", "https"},
                     {":authority", random_() % 4 == 0 ? "b.example" : "a.example"}};
      for (size_t lines = random_() % 5; lines > 0; --lines) {
        head.Add(kNames[random_() % std::size(kNames)], std::to_string(random_() % 3));
      }
      heads.push_back(std::move(head));
    }
    heads.push_back(heads[0]);
    heads.back().Add("x-a", "one more");
    H2Client client(loop_, Connect("h2"));
    for (int turn = 0; turn < 200; ++turn) {
      const Fields& head = heads[turn % 20 < 10 ? random_() % heads.size() : 0];
      const std::string path = "/" + std::to_string(random_() % 4);
      Fields sent;
      const size_t place = random_() % 3;
      size_t i = 0;
      Fields expected;
      std::string method, authority;
      for (const Field& field : head) {
        if (i++ == place) sent.Add(":path", path);
        sent.Add(field.name, field.value);
        if (field.name == ":method") method = field.value;
        if (field.name == ":authority") authority = field.value;
        if (!field.name.starts_with(':')) expected.Add(field.name, field.value);
      }
      if (!sent.Has(":path")) sent.Add(":path", path);
      requests_.clear();
      const bool post = random_() % 10 == 0;
      const int32_t stream = client.Send(sent, !post);
      if (post) {
        client.SendData(stream, "x", false);
        client.Exchange();
        client.SendTrailers(stream, {{"x-a", "1"}, {"accept", "2"}});
      }
      client.Exchange();
      ASSERT_EQ(requests_.size(), 1U);
      const RequestHead& seen = request().stream->request();
      EXPECT_EQ(method, seen.method);
      EXPECT_EQ(authority, seen.authority);
      EXPECT_EQ(path, seen.path);
      EXPECT_EQ(path, request().stream->path());
      EXPECT_EQ(expected, seen.fields);
      EXPECT_EQ(post ? (Fields{{"x-a", "1"}, {"accept", "2"}}) : Fields(), request().trailers);
      request().Answer(200);
      client.Exchange();
      // The connection rests now and then, and forgets.
      if (random_() % 50 == 0) loop_.Advance(Seconds(10));
      ASSERT_FALSE(HasFailure()) << connection << " " << turn;
    }
  }
}

// What was encoded and not sent would leave the client with another table.
TEST_F(H2HeadsTest, AnswersOfStreamsThatAreResetLeaveTheTableAsItIs) {
  H2Client client(loop_, Connect("h2"));
  for (int turn = 0; turn < 300; ++turn) {
    requests_.clear();
    std::vector<Made> answers;
    for (int i = 0; i < 4; ++i) {
      answers.push_back(Random());
      answers.back().stream = client.Get();
    }
    client.Exchange();
    ASSERT_EQ(requests_.size(), answers.size());
    const size_t dropped = random_() % answers.size();
    for (size_t i = 0; i < answers.size(); ++i) Answer(answers[i], *requests_[i]->stream);
    if (random_() % 2 == 0) {
      requests_[dropped]->stream->Reset();
    } else {
      client.Reset(answers[dropped].stream);
    }
    client.Exchange();
    for (size_t i = 0; i < answers.size(); ++i) {
      if (i != dropped) ExpectSeen(answers[i], client.answer(answers[i].stream));
    }
    ASSERT_FALSE(HasFailure()) << turn;
  }
}

TEST_F(H2HeadsTest, FieldsThatCameBeforeAreShortOnTheWire) {
  H2Client client(loop_, Connect("h2"));
  const Made made{0, 200, {{"x-long", std::string(500, 'x')}}, "", {}, false};
  std::vector<uint64_t> sent;
  for (int i = 0; i < 2; ++i) {
    requests_.clear();
    client.Get();
    client.Exchange();
    const std::shared_ptr<ServerStream> stream = request().stream;
    Answer(made, *stream);
    client.Exchange();
    sent.push_back(stream->bytes_sent());
  }
  EXPECT_GT(sent[0], 300U);
  EXPECT_LT(sent[1], 30U);
}

}  // namespace
}  // namespace skerry::http
