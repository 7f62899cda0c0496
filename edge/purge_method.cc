#include "edge/purge_method.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/log.h"

namespace skerry::edge {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostAnswerBytes = 1 << 20;
// Beside the time that the service may wait for the nodes.
constexpr Millis kPatience{5'000};

std::string Problem(int status, std::string_view title, std::string_view detail) {
  return Json{{"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}}
             .dump(-1, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

}  // namespace

// One PURGE and the request to the service that it becomes. The stream owns it.
class PurgeMethod::Conversation : public http::StreamEvents {
 public:
  Conversation(net::Loop& loop, std::shared_ptr<http::ServerStream> stream)
      : stream_(std::move(stream)), timer_(loop), call_(*this) {}

  void Refuse(int status, std::string_view title, std::string_view detail) {
    Respond(status, "application/problem+json", Problem(status, title, detail));
  }
  void Ask(http::Upstream& service, http::RequestHead head, std::string body, Millis patience) {
    timer_.Start(patience, [this] {
      call_.OnFailed({Code::kTimeout, Side::kUpstream, true, "it does not answer"});
    });
    fetch_ =
        service.Start(std::move(head), std::make_unique<http::MemoryBody>(std::move(body)), &call_);
  }

  void OnBody(std::string_view bytes) override {
    if (stream_ != nullptr) stream_->ConsumedBody(bytes.size());
  }
  void OnBodyEnd(http::Fields) override {}
  void OnGone(bool) override {
    stream_.reset();
    End();
  }

 private:
  class Call : public http::FetchEvents {
   public:
    explicit Call(Conversation& owner) : owner_(owner) {}
    void OnInterim(http::ResponseHead) override {}
    void OnHead(http::ResponseHead head) override {
      status_ = head.status;
      type_ = head.fields.Find("content-type").value_or("application/json");
    }
    void OnBody(std::string_view bytes) override {
      answer_.append(bytes);
      if (answer_.size() <= kMostAnswerBytes) return;
      OnFailed({Code::kLimit, Side::kUpstream, false, "its answer is too long"});
    }
    void OnEnd(http::Fields) override {
      owner_.End();
      owner_.Respond(status_, std::move(type_), std::move(answer_));
    }
    void OnFailed(Error error) override {
      owner_.End();
      LogWarning("PURGE: the purge service cannot be asked", {{"error", error.ToString()}});
      owner_.Refuse(503, "unavailable", "the purge service cannot be asked; purge again");
    }

   private:
    Conversation& owner_;
    int status_ = 0;
    std::string type_;
    std::string answer_;
  };

  void End() {
    timer_.Stop();
    fetch_.reset();
  }
  void Respond(int status, std::string type, std::string body) {
    if (stream_ == nullptr) return;
    http::Response response;
    response.status = status;
    response.own.Add("content-type", std::move(type));
    response.own.Add("cache-control", "no-store");
    response.body = std::make_unique<http::MemoryBody>(std::move(body));
    stream_->Respond(std::move(response));
  }

  std::shared_ptr<http::ServerStream> stream_;
  net::Timer timer_;
  Call call_;
  std::unique_ptr<http::Fetch> fetch_;
};

PurgeMethod::PurgeMethod(net::Loop& loop, std::unique_ptr<http::Upstream> service, Options options)
    : loop_(loop), service_(std::move(service)), options_(std::move(options)) {}

bool PurgeMethod::MayPurge(const net::Address& peer) const {
  return std::any_of(options_.from.begin(), options_.from.end(),
                     [&](const net::AddressRange& range) { return range.Contains(peer.host); });
}

std::shared_ptr<http::StreamEvents> PurgeMethod::OnRequest(
    std::shared_ptr<http::ServerStream> stream) {
  const http::RequestHead& asked = stream->request();
  auto conversation = std::make_shared<Conversation>(loop_, stream);
  if (!MayPurge(stream->peer())) {
    conversation->Refuse(403, "not allowed", "purge_method.from does not have this address");
    return conversation;
  }
  http::RequestHead head;
  head.method = "POST";
  head.authority = options_.authority;
  head.path = "/v1/purges";
  head.fields.Add("authorization", "Bearer " + options_.tokens->first());
  head.fields.Add("content-type", "application/json");
  if (const auto key = asked.fields.Find("idempotency-key")) {
    head.fields.Add("idempotency-key", std::string(*key));
  }
  conversation->Ask(*service_, std::move(head),
                    PurgeBodyOf(asked, options_.tag_field, options_.wait),
                    options_.wait + kPatience);
  return conversation;
}

std::string PurgeBodyOf(const http::RequestHead& request, const std::string& tag_field,
                        Millis wait) {
  Json body = Json::object();
  const std::string url = request.scheme + "://" + request.authority + request.path;
  const auto tags = tag_field.empty() ? std::nullopt : request.fields.Combined(tag_field);
  if (tags) {
    body["tags"] = Json::array();
    std::string_view rest = *tags;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find_first_of(", "), rest.size());
      if (end > 0) body["tags"].push_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  } else if (url.ends_with('*')) {
    body["prefixes"] = {url};
  } else {
    body["urls"] = {url};
  }
  if (request.fields.Find("fastly-soft-purge") == "1") body["mode"] = "soft";
  body["wait"] = std::to_string(wait.count()) + "ms";
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace skerry::edge
