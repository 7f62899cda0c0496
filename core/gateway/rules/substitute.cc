#include "core/gateway/rules/substitute.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "core/http/accept.h"
#include "core/http/url.h"

namespace skerry::gateway {
namespace {

// The last segment has no dot, or is an HTML file's.
bool NamesNoFile(std::string_view path) {
  path = path.substr(0, path.find('?'));
  const std::string_view last = path.substr(path.rfind('/') + 1);
  return last.find('.') == last.npos || last.ends_with(".html");
}

// "text/html;q=0.9": is it that type, and not refused?
bool IsHtml(std::string_view range) {
  const size_t semicolon = std::min(range.find(';'), range.size());
  const std::string type = http::AsciiLower(http::TrimBlanks(range.substr(0, semicolon)));
  if (type != "text/html" && type != "application/xhtml+xml") return false;
  const size_t q = range.find("q=", semicolon);
  if (q == range.npos) return true;
  const std::string_view weight = range.substr(q + 2);
  return http::ParseQuality(http::TrimBlanks(weight.substr(0, weight.find(';')))) != 0;
}

}  // namespace

Result<ErrorPage> ErrorPage::Parse(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view path =
      http::TrimBlanks(colon == text.npos ? std::string_view() : text.substr(colon + 1));
  if (!path.starts_with('/') || !http::ParseTarget(path)) {
    return Fail(Code::kInvalid, Side::kConfig,
                "expected \"STATUS: /path\", found \"" + std::string(text) + "\"");
  }
  auto status = StatusRange::Parse(http::TrimBlanks(text.substr(0, colon)));
  if (!status) return Fail(std::move(status.error()));
  return ErrorPage{*status, std::string(path)};
}

bool IsNavigation(const http::Fields& request) {
  if (const auto mode = request.Find("sec-fetch-mode")) return *mode == "navigate";
  const std::string accept = request.Combined("accept").value_or("");
  std::string_view rest = accept;
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    if (IsHtml(rest.substr(0, comma))) return true;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return false;
}

std::optional<Substitute> SubstituteFor(const Substitutes& substitutes,
                                        const http::RequestHead& request, int status) {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  if (status == 404 && !substitutes.spa_fallback.empty() && NamesNoFile(request.path) &&
      IsNavigation(request.fields)) {
    return Substitute{substitutes.spa_fallback, false};
  }
  for (const ErrorPage& page : substitutes.error_pages) {
    if (page.status.Has(status)) return Substitute{page.path, true};
  }
  return std::nullopt;
}

http::RequestHead RequestForPage(const http::RequestHead& request, const Substitute& page) {
  constexpr std::array<std::string_view, 6> kOfOneUrl = {
      "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"};
  http::RequestHead asked = request;
  asked.path = page.path;
  if (page.keeps_status) {
    for (const std::string_view name : kOfOneUrl) asked.fields.Remove(name);
  }
  return asked;
}

void DressPage(const Substitute& page, int status, http::Response& answer) {
  constexpr std::array<std::string_view, 5> kOfItsUrl = {"cache-control", "expires", "etag",
                                                         "last-modified", "accept-ranges"};
  if (!page.keeps_status) return;
  answer.status = status;
  if (answer.stored != nullptr) {
    auto fields = std::make_shared<http::Fields>(*answer.stored);
    for (const std::string_view name : kOfItsUrl) fields->Remove(name);
    answer.stored = std::move(fields);
  }
  answer.own.Remove("age");
  answer.own.Set("cache-control", status >= 500 ? "no-store" : "no-cache");
}

}  // namespace skerry::gateway
