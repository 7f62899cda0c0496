#include "core/cache/purge/goodbye.h"

#include <utility>

#include "core/http/percent.h"

namespace skerry::cache {
namespace {

class Conversation : public http::FetchEvents {
 public:
  explicit Conversation(net::Loop& loop) : loop_(loop) {}

  void OnInterim(http::ResponseHead) override {}
  void OnHead(http::ResponseHead head) override {
    status_ = Status();
    if (head.status / 100 == 2) return;
    status_ = Fail(Code::kUnavailable, Side::kUpstream,
                   "the purge service answered " + std::to_string(head.status));
  }
  void OnBody(std::string_view) override {}
  void OnEnd(http::Fields) override { loop_.Stop(); }
  void OnFailed(Error error) override {
    status_ = Fail(std::move(error));
    loop_.Stop();
  }
  const Status& status() const { return status_; }

 private:
  net::Loop& loop_;
  Status status_ = Fail(Code::kTimeout, Side::kUpstream, "the purge service did not answer");
};

}  // namespace

Status SayGoodbye(net::Loop& loop, std::unique_ptr<http::Upstream> upstream, const Goodbye& goodbye,
                  Millis at_most) {
  Conversation conversation(loop);
  std::unique_ptr<http::Fetch> fetch;
  http::RequestHead request;
  request.method = "DELETE";
  request.authority = goodbye.authority;
  request.path = "/v1/nodes/" + http::PercentEncoded(goodbye.node) +
                 "?incarnation=" + goodbye.incarnation + (goodbye.given ? "&given=1" : "");
  request.fields.Add("authorization", "Bearer " + goodbye.token);
  loop.Post([&] {
    fetch = upstream->Start(std::move(request), nullptr, &conversation);
    loop.After(at_most, [&loop] { loop.Stop(); });
  });
  loop.Run();
  fetch.reset();
  return conversation.status();
}

}  // namespace skerry::cache
