#include "pipeline/ship/shield_arguments.h"

#include <algorithm>

#include "core/config/kind.h"
#include "pipeline/base/files.h"

namespace skerry::pipeline {
namespace {

using namespace std::chrono_literals;

tl::unexpected<Failure> Usage(const std::string& message) {
  return tl::unexpected(Failure{Exit::kUsage, message});
}

// The first line that is neither empty nor a comment.
std::string FirstToken(const std::string& file) {
  for (size_t at = 0; at < file.size();) {
    const size_t end = std::min(file.find('\n', at), file.size());
    std::string line = file.substr(at, end - at);
    line.erase(line.find_last_not_of(" \t\r") + 1);
    line.erase(0, line.find_first_not_of(" \t"));
    if (!line.empty() && line[0] != '#') return line;
    at = end + 1;
  }
  return "";
}

// "host" of "http://host:80/x".
std::string HostOf(const std::string& url) {
  const size_t begin = url.find("://") + 3;
  std::string authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  authority.erase(0, authority.rfind('@') + 1);
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

// "127.evil.example" is a name like any other.
bool IsLoopback(const std::string& host) {
  const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "[::1]" || (host.starts_with("127.") && numeric);
}

bool IsSiteName(const std::string& name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.find_first_not_of(kAllowed) == std::string::npos &&
         name.find_first_not_of('.') != std::string::npos;
}

}  // namespace

tl::expected<ShieldAddress, Failure> CheckShield(const ShieldArguments& arguments,
                                                 std::string_view option) {
  ShieldAddress shield;
  shield.to = arguments.to;
  shield.site = arguments.site;
  shield.ca_file = arguments.ca_file;
  const std::string given = std::string(option) + "=" + arguments.to;
  const bool plain = arguments.to.starts_with("http://");
  if (!plain && !arguments.to.starts_with("https://")) {
    return Usage(given + " is no URL; write https://HOST[:PORT]");
  }
  if (plain && !IsLoopback(HostOf(arguments.to))) {
    return Usage(given +
                 " would send the token in clear text; write https:// (http:// is for loopback)");
  }
  if (!IsSiteName(arguments.site)) {
    return Usage("--site=" + arguments.site +
                 " is no site name; letters, digits, '.', '_' and '-' "
                 "make one");
  }
  if (const auto wait = CheckWait(arguments.wait); !wait) return tl::unexpected(wait.error());
  const Result<std::string> file = ReadFile(arguments.token_file);
  if (!file) return Usage("--token_file: " + file.error().context);
  shield.token = FirstToken(*file);
  if (shield.token.empty()) {
    return Usage("--token_file=" + arguments.token_file +
                 " holds no token; one a line, # comments");
  }
  return shield;
}

tl::expected<std::chrono::milliseconds, Failure> CheckWait(const std::string& text) {
  const auto wait =
      config::FromFlag(config::Form::kDuration, text).and_then(config::Duration(0ms, 5min).parse);
  if (!wait) return Usage("--wait=" + text + ": " + wait.error().context);
  return *wait;
}

}  // namespace skerry::pipeline
