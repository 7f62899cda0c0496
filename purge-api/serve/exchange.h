// A request of the API and its answer, as values: what serve/service.h handles and
// serve/front.h carries.
#pragma once

#include <functional>
#include <string>

#include "core/http/message.h"
#include "purge-api/accept/access.h"
#include "purge-api/accept/problem.h"

namespace skerry::purge {

struct Request {
  std::string method;
  std::string path;   // without query
  std::string query;  // without "?"
  http::Fields fields;
  std::string body;
  // Who sends it, where that is a part of ours and needs no token: "redis".
  std::string by = {};
  Scope scope = {};  // of its token, once that was checked
};

struct Answer {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  http::Fields fields;

  static Answer Of(const Problem& problem);
};

using Reply = std::function<void(Answer)>;

}  // namespace skerry::purge
