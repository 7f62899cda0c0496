#include "purge-api/accept/access.h"

#include <algorithm>
#include <utility>

#include "core/http/url.h"

namespace skerry::purge {
namespace {

constexpr size_t kLeastTokenBytes = 8;
constexpr std::string_view kHashed = "sha256:";

tl::unexpected<Error> Wrong(std::string what) {
  return Fail(Code::kInvalid, Side::kConfig, std::move(what));
}

std::vector<std::string> Split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(at), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string HostOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != url.npos) url.remove_prefix(scheme + 3);
  return http::AsciiLower(url.substr(0, url.find_first_of("/?")));
}

bool ReadKinds(std::string_view text, Scope& scope) {
  scope.urls = scope.tags = scope.prefixes = scope.hosts = scope.all = false;
  const std::pair<std::string_view, bool*> kinds[] = {{"urls", &scope.urls},
                                                      {"tags", &scope.tags},
                                                      {"prefixes", &scope.prefixes},
                                                      {"hosts", &scope.hosts},
                                                      {"all", &scope.all}};
  for (const std::string& word : Split(text, ',')) {
    const auto kind = std::find_if(std::begin(kinds), std::end(kinds),
                                   [&](const auto& known) { return known.first == word; });
    if (kind == std::end(kinds)) return false;
    *kind->second = true;
  }
  return scope.urls || scope.tags || scope.prefixes || scope.hosts || scope.all;
}

bool ReadHosts(std::string_view text, Scope& scope) {
  for (const std::string& host : Split(text, ',')) {
    if (!http::ParseAuthority(host, "https")) return false;
    scope.on.push_back(http::AsciiLower(host));
  }
  return !scope.on.empty();
}

std::optional<Problem> RefuseList(bool allowed, const char* member,
                                  const std::vector<std::string>& named,
                                  const std::vector<std::string>* on) {
  if (named.empty()) return std::nullopt;
  if (!allowed) return Problem{403, "not allowed", "this token has no such kind", member};
  if (on == nullptr || on->empty()) return std::nullopt;
  for (size_t i = 0; i < named.size(); ++i) {
    if (std::find(on->begin(), on->end(), HostOf(named[i])) != on->end()) continue;
    return Problem{403, "not allowed", "this token has no such host",
                   std::string(member) + '[' + std::to_string(i) + ']'};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Problem> Scope::Refuse(const cache::Record& record) const {
  if (!limited) return std::nullopt;
  const cache::Selectors& named = record.selectors;
  if (record.kind != cache::RecordKind::kPurge) {
    return Problem{403, "not allowed", "this token may purge only", ""};
  }
  if (soft_only && record.mode != cache::PurgeMode::kSoft) {
    return Problem{403, "not allowed", "this token may purge softly only", "mode"};
  }
  if (named.all && (!all || !on.empty())) {
    return Problem{403, "not allowed", "this token may not purge everything", "all"};
  }
  std::optional<Problem> problem = RefuseList(urls, "urls", named.urls, &on);
  if (!problem) problem = RefuseList(prefixes, "prefixes", named.prefixes, &on);
  if (!problem) problem = RefuseList(hosts, "hosts", named.hosts, &on);
  if (!problem) problem = RefuseList(tags, "tags", named.tags, nullptr);
  return problem;
}

Result<Access::Token> Access::ParseLine(std::string_view line) {
  std::vector<std::string> words = Split(line, ' ');
  if (words.empty()) return Wrong("expected a token");
  Token token;
  const std::string_view text = words.front();
  if (text.starts_with(kHashed)) {
    const auto hash = Sha256Digest::FromHex(text.substr(kHashed.size()));
    if (!hash) return Wrong("sha256: has 64 lower-case hex digits behind it");
    token.hash = *hash;
  } else {
    if (text.size() < kLeastTokenBytes) return Wrong("a token has at least 8 characters");
    token.hash = Sha256(text);
  }
  bool kinds = false;
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i];
    bool fits = word == "soft";
    if (fits) token.scope.soft_only = true;
    if (word.starts_with("kinds=")) fits = kinds = ReadKinds(word.substr(6), token.scope);
    if (word.starts_with("hosts=")) fits = ReadHosts(word.substr(6), token.scope);
    if (!fits) {
      return Wrong(
          "a token has no blanks; behind it stand kinds=urls,tags,prefixes,hosts,all, "
          "hosts=HOST,HOST, or soft");
    }
    token.scope.limited = true;
  }
  if (!token.scope.on.empty() && !kinds) token.scope.tags = token.scope.all = false;
  return token;
}

Result<Access> Access::Parse(const std::vector<std::string>& lines) {
  Access access;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    Result<Token> token = ParseLine(lines[i]);
    if (!token) return Fail(std::move(token.error()).In(std::to_string(i + 1)));
    access.tokens_.push_back(std::move(*token));
  }
  return access;
}

Access::Checked Access::Check(const http::Fields& request) const {
  const auto field = request.Find("authorization");
  const size_t blank = field ? field->find(' ') : std::string_view::npos;
  if (!field || blank == field->npos ||
      !http::EqualsIgnoreCase(field->substr(0, blank), "bearer")) {
    return {Bearer::kMissing, {}};
  }
  const Sha256Digest given = Sha256(http::TrimBlanks(field->substr(blank + 1)));
  const Token* known = nullptr;
  for (const Token& token : tokens_) {
    if (SecretEquals(token.hash.raw(), given.raw())) known = &token;
  }
  if (known == nullptr) return {Bearer::kWrong, {}};
  return {Bearer::kKnown, known->scope};
}

}  // namespace skerry::purge
