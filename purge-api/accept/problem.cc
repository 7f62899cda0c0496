#include "purge-api/accept/problem.h"

#include <nlohmann/json.hpp>

namespace skerry::purge {

std::string Problem::ToJson() const {
  nlohmann::ordered_json json = {{"type", "about:blank"}, {"title", title}, {"status", status}};
  if (!detail.empty()) json["detail"] = detail;
  if (!member.empty()) json["member"] = member;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace skerry::purge
