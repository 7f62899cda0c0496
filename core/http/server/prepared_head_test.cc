// A prepared head is sent as the same head that is not.
#include "core/http/server/prepared_head.h"

#include <gtest/gtest.h>

#include "core/http/server/session_fixture.h"

namespace skerry::http {
namespace {

struct Case {
  const char* what;
  std::string method;
  int status;
  Fields stored;
  std::optional<std::string> body;
};

const Case kCases[] = {
    {"a body whose length nobody says", "GET", 200, {{"content-type", "text/plain"}}, "hello"},
    {"a length among the fields", "GET", 200, {{"content-length", "5"}, {"vary", "a"}}, "hello"},
    {"a length that the body contradicts", "GET", 200, {{"content-length", "7"}}, "hello"},
    {"a length that is no number", "GET", 200, {{"content-length", "many"}}, "hello"},
    {"an empty body", "GET", 200, {}, ""},
    {"not modified", "GET", 304, {{"etag", "\"a\""}}, std::nullopt},
    {"no content", "GET", 204, {}, std::nullopt},
    {"only the head", "HEAD", 200, {{"content-type", "text/plain"}}, "hello"},
    {"an event stream", "GET", 200, {{"content-type", "text/event-stream"}}, "data: 1\n\n"},
};

class PreparedHeadTest : public SessionTest {
 protected:
  static Response Make(const Case& c, bool prepared) {
    const Fields own = {{"age", "7"}, {"vary", "b"}};
    auto stored = std::make_shared<const Fields>(c.stored);
    Response response;
    if (prepared) {
      std::optional<uint64_t> length;
      if (c.body) length = c.body->size();
      response.prepared = LocalPtr<const PreparedHead>::Make(c.status, stored, own, length);
    } else {
      response.status = c.status;
      response.stored = stored;
      response.own = own;
    }
    if (c.body) response.body = std::make_unique<MemoryBody>(*c.body);
    return response;
  }
  // What the client of a new connection sees.
  std::string OverH2(const Case& c, bool prepared) {
    on_request_ = [&](HeardRequest& request) { request.stream->Respond(Make(c, prepared)); };
    H2Client client(loop_, Connect("h2"));
    const int32_t stream = client.Send(
        {{":method", c.method}, {":scheme", "https"}, {":authority", "a.example"}, {":path", "/"}});
    client.Exchange();
    const H2Client::Answer& answer = client.answer(stream);
    std::string seen = std::to_string(answer.status) + "\n";
    for (const Field& field : answer.fields) {
      seen.append(field.name).append(": ").append(field.value).append("\n");
    }
    return seen + answer.body + (answer.ended ? " ended" : "") + (answer.reset ? " reset" : "");
  }
  std::string OverH1(const Case& c, bool prepared) {
    on_request_ = [&](HeardRequest& request) { request.stream->Respond(Make(c, prepared)); };
    const auto wire = Connect("http/1.1");
    wire->Receive(c.method + " / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    Run();
    return wire->Take();
  }
};

TEST_F(PreparedHeadTest, Http2SendsItAsItSendsTheFields) {
  for (const Case& c : kCases) EXPECT_EQ(OverH2(c, false), OverH2(c, true)) << c.what;
}

TEST_F(PreparedHeadTest, Http1SendsItAsItSendsTheFields) {
  for (const Case& c : kCases) EXPECT_EQ(OverH1(c, false), OverH1(c, true)) << c.what;
}

TEST_F(PreparedHeadTest, ItSaysItsLengthItsStatusAndWhetherItIsAnEventStream) {
  const PreparedHead head(206, nullptr, {{"content-type", "Text/Event-Stream; x"}}, 9);
  EXPECT_EQ(206, head.status());
  EXPECT_EQ(9u, head.length());
  EXPECT_TRUE(head.event_stream());
  EXPECT_EQ(std::nullopt, PreparedHead(304, nullptr, {}, 9).length());
  EXPECT_EQ(4u, PreparedHead(200, nullptr, {{"content-length", "4"}}, 9).length());
}

}  // namespace
}  // namespace skerry::http
