// Problem details, the body of our own errors (RFC 9457).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skerry::http {

inline constexpr const char* kProblemType = "application/problem+json";

// What a 405 and an answer to "OPTIONS *" say in Allow; unknown methods are passed on, too.
inline constexpr std::string_view kMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

struct Problem {
  int status = 500;
  std::string type = {};      // a URI; empty: "about:blank"
  std::string title = {};     // empty: the status code's phrase
  std::string detail = {};    // what went wrong this time and how to put it right
  std::string instance = {};  // a URI reference; empty: not said
  std::vector<std::pair<std::string, std::string>> more = {};  // further members, texts

  // Bytes that are not UTF-8 are replaced. Members of `more` never replace standard ones.
  std::string ToJson() const;
};

}  // namespace skerry::http
