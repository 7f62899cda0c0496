// A request's authority, path and the values of a key's dimensions, each on a line of its
// own: normalising is final and decodes nothing that is reserved, rules applied twice are
// rules applied once, and no dimension can look like another or like a URL.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/ascii.h"
#include "core/base/result.h"
#include "core/cache/key.h"

namespace {

using namespace skerry;
using namespace skerry::cache;

std::string_view TakeLine(std::string_view* text) {
  const std::string_view line = text->substr(0, text->find('\n'));
  text->remove_prefix(std::min(line.size() + 1, text->size()));
  return line;
}

http::RequestHead Request(std::string_view scheme, std::string_view authority,
                          std::string_view path) {
  return {.method = "GET",
          .scheme = std::string(scheme),
          .authority = std::string(authority),
          .path = std::string(path),
          .fields = {}};
}

std::string Decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 &&
                        HexValue(text[i + 2]) >= 0;
    decoded +=
        escape ? static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return decoded;
}

void CheckTarget(const Target& target, std::string_view asked) {
  const std::string url = target.Url();
  SKERRY_CHECK(target.path.starts_with('/') && !target.host.empty());
  SKERRY_CHECK(std::none_of(url.begin(), url.end(),
                            [](char c) { return static_cast<uint8_t>(c) <= 0x20 || c == 0x7f; }));
  const std::string path = target.path + (target.has_query ? "?" + target.query : "");
  const auto again = NormalizeTarget(Request(target.scheme, target.host, path));
  SKERRY_CHECK(again && again->Url() == url);
  // Dot segments aside, the bytes it stands for are those that were asked for.
  if (Decoded(asked).find("/.") == std::string::npos) SKERRY_CHECK(Decoded(path) == Decoded(asked));
  SKERRY_CHECK(target.scheme + "://" + std::string(PurgeUrl(url)) == url);
  SKERRY_CHECK(PurgeHost(url) == target.host);
}

void CheckRules(const Target& target, std::string_view name) {
  const std::string prefix = std::string(name.substr(0, name.size() / 2)) + "*";
  for (const KeyRules& rules :
       {KeyRules{.sort_query = true}, KeyRules{.query_deny = {std::string(name), prefix}},
        KeyRules{.sort_query = true, .query_allow = {{std::string(name)}}}}) {
    const Target once = ApplyKeyRules(target, rules);
    SKERRY_CHECK(ApplyKeyRules(once, rules).Url() == once.Url());
    SKERRY_CHECK(once.path == target.path && once.query.size() <= target.query.size());
  }
}

void CheckKey(const Target& target, std::string_view one, std::string_view other) {
  const std::string first(one), second(other);
  const Key key = MakeKey(target, {{"a", first}, {"b", second}});
  SKERRY_CHECK(key.url() == target.Url());
  SKERRY_CHECK(std::count(key.text.begin(), key.text.end(), '\n') == 2);
  const Key swapped = MakeKey(target, {{"a", second}, {"b", first}});
  SKERRY_CHECK((key == swapped) == (first == second));
  SKERRY_CHECK((key.hash == swapped.hash) == (key == swapped));
  const Key merged = MakeKey(target, {{"a", first + "\nb=" + second}});
  SKERRY_CHECK(!(key == merged));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view authority = TakeLine(&text);
  const std::string_view path = TakeLine(&text);
  for (const char* scheme : {"http", "https"}) {
    const auto target = NormalizeTarget(Request(scheme, authority, path));
    if (!target) continue;
    CheckTarget(*target, path);
    const std::string_view name = text.substr(0, text.size() / 2);
    CheckRules(*target, name);
    CheckKey(*target, name, text.substr(name.size()));
  }
  return 0;
}
