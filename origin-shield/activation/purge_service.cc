#include "origin-shield/activation/purge_service.h"

#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

namespace skerry::shield {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostAnswerBytes = 4 << 20;
// Beside the time that an answer may wait for the nodes.
constexpr Millis kPatience{5'000};

std::string BodyOf(const ActivationPost& post) {
  Json json;
  json["site"] = post.site;
  json["release"] = post.release;
  json["tags"] = post.tags;
  json["wait"] = std::to_string(post.wait.count()) + "ms";
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The words of a problem+json, else the status alone.
std::string WordsOf(int status, const std::string& body) {
  const std::string number = "the purge service answers " + std::to_string(status);
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("detail") || !json["detail"].is_string()) return number;
  return number + ": " + json["detail"].get<std::string>();
}

Error ErrorOf(int status, const std::string& body) {
  Error error{Code::kRefused, Side::kUpstream, status >= 500 || status == 429,
              WordsOf(status, body)};
  if (status == 401 || status == 403) {
    error.code = Code::kDenied;
    error.context += "; --purge_token_file must begin with a token that it knows";
  }
  return error;
}

// One request and its whole answer.
class Call : public http::FetchEvents {
 public:
  Call(net::Loop& loop, PurgeService::Done done) : timer_(loop), done_(std::move(done)) {}

  void Start(http::Upstream& upstream, http::RequestHead head, std::string body, Millis patience) {
    timer_.Start(patience, [this] {
      OnFailed({Code::kTimeout, Side::kUpstream, true, "the purge service does not answer"});
    });
    std::unique_ptr<http::BodySource> source;
    if (!body.empty()) source = std::make_unique<http::MemoryBody>(std::move(body));
    fetch_ = upstream.Start(std::move(head), std::move(source), this);
  }

  void OnInterim(http::ResponseHead) override {}
  void OnHead(http::ResponseHead head) override { status_ = head.status; }
  void OnBody(std::string_view bytes) override {
    body_.append(bytes);
    if (body_.size() <= kMostAnswerBytes) return;
    OnFailed({Code::kLimit, Side::kUpstream, false, "the purge service's answer is too long"});
  }
  void OnEnd(http::Fields) override {
    if (status_ == 200 || status_ == 202) return Finish(Receipt::FromJson(body_));
    Finish(Fail(ErrorOf(status_, body_)));
  }
  void OnFailed(Error error) override {
    Error named = std::move(error).In("purge service");
    named.retryable = true;
    Finish(Fail(std::move(named)));
  }

 private:
  // The last thing: the owner destroys this call.
  void Finish(Result<Receipt> result) {
    timer_.Stop();
    fetch_.reset();
    const PurgeService::Done done = std::move(done_);
    done(std::move(result));
  }

  net::Timer timer_;
  std::unique_ptr<http::Fetch> fetch_;
  PurgeService::Done done_;
  int status_ = 0;
  std::string body_;
};

class HttpPurgeService : public PurgeService {
 public:
  HttpPurgeService(net::Loop& loop, std::unique_ptr<http::Upstream> upstream, Options options)
      : loop_(loop), upstream_(std::move(upstream)), options_(std::move(options)) {}

  void Post(const ActivationPost& post, Done done) override {
    http::RequestHead head = Head("POST", "/v1/activations");
    head.fields.Add("content-type", "application/json");
    head.fields.Add("idempotency-key", post.key);
    Begin(std::move(head), BodyOf(post), post.wait + kPatience, std::move(done));
  }
  void Ask(const std::string& id, Done done) override {
    Begin(Head("GET", "/v1/purges/" + id), "", kPatience, std::move(done));
  }

 private:
  http::RequestHead Head(std::string method, std::string path) const {
    http::RequestHead head;
    head.method = std::move(method);
    head.authority = options_.authority;
    head.path = std::move(path);
    head.fields.Add("authorization", "Bearer " + options_.tokens->first());
    head.fields.Add("accept", "application/json");
    return head;
  }

  void Begin(http::RequestHead head, std::string body, Millis patience, Done done) {
    const uint64_t id = ++last_id_;
    auto call =
        std::make_unique<Call>(loop_, [this, weak = std::weak_ptr<bool>(alive_), id,
                                       done = std::move(done)](Result<Receipt> result) mutable {
          // Behind the event that we are in: the call is on its stack.
          loop_.Post([this, weak, id, done = std::move(done), result = std::move(result)] {
            if (weak.expired()) return;
            calls_.erase(id);
            done(result);
          });
        });
    Call& started = *call;
    calls_.emplace(id, std::move(call));
    started.Start(*upstream_, std::move(head), std::move(body), patience);
  }

  net::Loop& loop_;
  std::unique_ptr<http::Upstream> upstream_;
  const Options options_;
  uint64_t last_id_ = 0;
  std::unordered_map<uint64_t, std::unique_ptr<Call>> calls_;  // before upstream_ at the end
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<PurgeService> PurgeService::Make(net::Loop& loop,
                                                 std::unique_ptr<http::Upstream> upstream,
                                                 Options options) {
  return std::make_unique<HttpPurgeService>(loop, std::move(upstream), std::move(options));
}

}  // namespace skerry::shield
