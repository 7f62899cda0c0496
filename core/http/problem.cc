#include "core/http/problem.h"

#include <nlohmann/json.hpp>

#include "core/http/message.h"

namespace skerry::http {

std::string Problem::ToJson() const {
  nlohmann::ordered_json body;
  body["type"] = type.empty() ? "about:blank" : type;
  body["title"] = title.empty() ? std::string(ReasonPhrase(status)) : title;
  body["status"] = status;
  if (!detail.empty()) body["detail"] = detail;
  if (!instance.empty()) body["instance"] = instance;
  for (const auto& [name, value] : more) {
    if (!body.contains(name)) body[name] = value;
  }
  return body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace skerry::http
