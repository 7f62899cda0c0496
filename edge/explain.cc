#include "edge/explain.h"

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "core/cache/purge/generations.h"
#include "core/cache/ram.h"
#include "core/gateway/explain/explain.h"
#include "core/http/upstream/upstream.h"
#include "edge/config/sites.h"

namespace skerry::edge {
namespace {

using namespace std::chrono_literals;

// One answer of the admin listener, waited for.
class Question : public http::FetchEvents {
 public:
  struct Answer {
    int status = 0;
    std::string body;
  };
  static Result<Answer> Ask(const net::Address& admin, std::string path) {
    Question question;
    http::Upstream::Options options;
    options.url.scheme = "http";
    options.url.host = admin.host;
    options.url.port = admin.port;
    const auto upstream = http::Upstream::Make(*question.loop_, std::move(options));
    http::RequestHead request;
    request.method = "GET";
    request.scheme = "http";
    request.authority = admin.ToString();
    request.path = std::move(path);
    question.loop_->Post(
        [&] { question.fetch_ = upstream->Start(std::move(request), nullptr, &question); });
    question.loop_->Run();
    question.fetch_.reset();
    if (question.error_) return Fail(std::move(*question.error_));
    return std::move(question.answer_);
  }

  void OnInterim(http::ResponseHead) override {}
  void OnHead(http::ResponseHead head) override { answer_.status = head.status; }
  void OnBody(std::string_view bytes) override { answer_.body.append(bytes); }
  void OnEnd(http::Fields) override { loop_->Stop(); }
  void OnFailed(Error error) override {
    error_ = std::move(error);
    loop_->Stop();
  }

 private:
  std::unique_ptr<net::Loop> loop_ = net::Loop::Make();
  std::unique_ptr<http::Fetch> fetch_;
  Answer answer_;
  std::optional<Error> error_;
};

// The rules of the configuration, with nothing stored behind them.
Result<std::string> FromConfig(const Options& options, const gateway::ExplainQuery& query,
                               bool json) {
  cache::Ram ram({.capacity = 1_MiB});
  cache::Generations generations;
  gateway::Shared shared;
  shared.name = "skerry-edge";
  shared.ram = &ram;
  shared.generations = &generations;
  UpstreamList upstreams;
  auto classifier = MakeClassifier(options, upstreams);
  if (!classifier) return Fail(std::move(classifier.error()));
  const gateway::ExplainSources sources{.shared = shared,
                                        .classifier = *classifier,
                                        .upstream_is_shield = upstreams.is_shield,
                                        .running = false};
  std::string told;
  const auto loop = net::Loop::Make();
  gateway::Explain(sources, query, *loop, [&](const gateway::Explanation& explanation) {
    told = json ? gateway::ToJson(explanation) : gateway::ToText(explanation);
  });
  return told;
}

}  // namespace

int RunExplain(const Options& options, const std::vector<std::string>& headers) {
  const std::string path = gateway::ToExplainPath(options.explain, headers, options.json);
  const Result<gateway::ExplainQuery> query = gateway::ParseExplainQuery(path);
  if (!query) {
    std::fprintf(stderr, "skerry-edge: --explain: %s\n", query.error().context.c_str());
    return 2;
  }
  if (options.admin) {
    const Result<Question::Answer> answer = Question::Ask(*options.admin, path);
    if (answer) {
      std::fputs(answer->body.c_str(), answer->status == 200 ? stdout : stderr);
      return answer->status == 200 ? 0 : 1;
    }
    std::fprintf(stderr,
                 "skerry-edge: no node answers at --admin=%s (%s); from the configuration:\n",
                 options.admin->ToString().c_str(), answer.error().context.c_str());
  }
  const Result<std::string> told = FromConfig(options, *query, options.json);
  if (!told) {
    std::fprintf(stderr, "skerry-edge: --explain: %s\n", told.error().context.c_str());
    return 2;
  }
  std::fputs(told->c_str(), stdout);
  return 0;
}

}  // namespace skerry::edge
