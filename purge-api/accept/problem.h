// What went wrong, for people and programs: RFC 9457, application/problem+json.
#pragma once

#include <string>
#include <string_view>

namespace skerry::purge {

struct Problem {
  int status = 400;
  std::string title;   // the kind, the same words every time
  std::string detail;  // what is wrong here, and what would be right
  std::string member;  // of the request's body, "urls[17]"; empty: none in particular

  std::string ToJson() const;
};

}  // namespace skerry::purge
