#include "pipeline/ship/shield_client.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

namespace skerry::pipeline {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kLongestPause{30};

// What the shield says, as JSON; a discarded value when it is none.
Json Parsed(const std::string& body) { return Json::parse(body, nullptr, false); }

std::string TextIn(const Json& json, const char* name) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>()
                                                                       : std::string();
}

uint64_t NumberIn(const Json& json, const char* name) {
  if (!json.is_object()) return 0;
  const auto found = json.find(name);
  return found != json.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

// "409 Conflict: a hashed path is bound to other bytes".
std::string Words(const HttpResponse& response) {
  const Json problem = Parsed(response.body);
  const std::string title = TextIn(problem, "title");
  const std::string detail = TextIn(problem, "detail");
  std::string words = std::to_string(response.status);
  if (!title.empty()) words += " " + title;
  if (!detail.empty()) words += ": " + detail;
  return words;
}

}  // namespace

ShieldClient::ShieldClient(const ShieldAddress& address)
    : address_(address), http_(address.token, address.ca_file) {}

std::string ShieldClient::Url(const std::string& path) const {
  std::string base = address_.to;
  while (base.ends_with('/')) base.pop_back();
  return base + path;
}

std::string ShieldClient::SiteUrl(const std::string& rest) const {
  return Url("/v1/sites/" + address_.site + rest);
}

// Sends until an answer is worth keeping; the error says what happened last.
Result<HttpResponse> ShieldClient::Send(const HttpRequest& request) {
  std::chrono::milliseconds pause = address_.first_pause;
  for (int attempt = 1;; ++attempt) {
    Result<HttpResponse> response = http_.Send(request);
    const bool again =
        response ? response->status >= 500 || response->status == 429 : response.error().retryable;
    if (!again || attempt >= address_.attempts) return response;
    std::chrono::milliseconds rest = pause;
    if (response && response->retry_after > 0) {
      rest = std::chrono::seconds(response->retry_after);
    }
    std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(rest, kLongestPause));
    pause *= 2;
  }
}

Result<std::string> ShieldClient::Ask(const HttpRequest& request, const std::set<int>& wanted) {
  Result<HttpResponse> response = Send(request);
  if (!response) {
    return Fail(std::move(response.error())
                    .In("no answer from " + address_.to + "; is the shield running there?"));
  }
  if (response->status == 401 || response->status == 403) {
    return Fail(Code::kDenied, Side::kUpstream,
                "the shield refused the token for site " + address_.site + " (" + Words(*response) +
                    "); --token_file must hold one that it knows");
  }
  if (!wanted.contains(response->status)) {
    // What is no shield says 404 in other words.
    const bool missing =
        response->status == 404 && !TextIn(Parsed(response->body), "detail").empty();
    return Fail(missing ? Code::kNotFound : Code::kRefused, Side::kUpstream,
                request.method + " " + request.url + " was answered by " + Words(*response));
  }
  return std::move(response->body);
}

Result<Receipt> ShieldClient::Activate(const std::string& release, std::chrono::milliseconds wait) {
  HttpRequest request{"POST", SiteUrl("/releases/" + release + "/activate"),
                      Json({{"wait", std::to_string(wait.count()) + "ms"}}).dump()};
  request.patience += wait;
  const Result<std::string> body = Ask(request, {200, 202});
  if (!body) return Fail(body.error());
  const Json answer = Parsed(*body);
  Receipt receipt{TextIn(answer, "id"), NumberIn(answer, "seq"), TextIn(answer, "state"), {}};
  if (!answer.is_object() || !answer.contains("nodes")) return receipt;
  for (const auto& [name, node] : answer["nodes"].items()) {
    receipt.nodes[name] = {TextIn(node, "state"), NumberIn(node, "seq"), TextIn(node, "at")};
  }
  return receipt;
}

}  // namespace skerry::pipeline
