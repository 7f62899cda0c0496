#include "core/daemon/tokens.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/base/digest.h"
#include "core/base/log.h"

namespace skerry::daemon {
namespace {

constexpr size_t kLeastTokenBytes = 8;

tl::unexpected<Error> Refuse(const std::string& file, const std::string& why) {
  return Fail(Code::kInvalid, Side::kConfig, "token file " + file + why);
}

}  // namespace

Result<std::vector<TokenLine>> ReadTokenLines(const std::string& file) {
  struct stat about {};
  if (stat(file.c_str(), &about) != 0) {
    return Refuse(file, std::string(": cannot be read: ") + std::strerror(errno));
  }
  if (S_ISDIR(about.st_mode)) return Refuse(file, " is a folder; name the file in it");
  std::ifstream in(file);
  if (!in) return Refuse(file, std::string(": cannot be read: ") + std::strerror(errno));
  if ((about.st_mode & 0007) != 0) {
    LogWarning("token file can be read by everyone", {{"file", file}});
  }
  std::vector<TokenLine> lines;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const std::string_view text =
        http::TrimBlanks(std::string_view(line).substr(0, line.find('#')));
    if (!text.empty()) lines.push_back({number, std::string(text)});
  }
  if (lines.empty()) return Refuse(file, ": holds no token; write one a line, # begins a comment");
  return lines;
}

Result<std::vector<std::string>> ReadTokens(const std::string& file) {
  const auto lines = ReadTokenLines(file);
  if (!lines) return Fail(lines.error());
  std::vector<std::string> tokens;
  for (const TokenLine& line : *lines) {
    const std::string at = ":" + std::to_string(line.number);
    if (line.text.find_first_of(" \t\r") != line.text.npos) {
      return Refuse(file, at + ": a token has no blanks; one a line");
    }
    if (line.text.size() < kLeastTokenBytes) {
      return Refuse(file, at + ": a token has at least 8 characters");
    }
    tokens.push_back(line.text);
  }
  return tokens;
}

Bearer CheckBearer(const http::Fields& request, const std::vector<std::string>& tokens) {
  const auto field = request.Find("authorization");
  if (!field) return Bearer::kMissing;
  const size_t blank = field->find(' ');
  if (blank == field->npos || !http::EqualsIgnoreCase(field->substr(0, blank), "bearer")) {
    return Bearer::kMissing;
  }
  const std::string_view given = http::TrimBlanks(field->substr(blank + 1));
  bool known = false;
  for (const std::string& token : tokens) known |= SecretEquals(token, given);
  return known ? Bearer::kKnown : Bearer::kWrong;
}

}  // namespace skerry::daemon
