#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/gateway/explain/explain.h"

namespace skerry::gateway {
namespace {

std::string ForPeople(const Fact& fact) {
  if (!fact.text.empty()) return fact.text;
  if (const auto* text = std::get_if<std::string>(&fact.value)) return *text;
  if (const auto* number = std::get_if<int64_t>(&fact.value)) return std::to_string(*number);
  return std::get<bool>(fact.value) ? "yes" : "no";
}

// Control characters of a request must not reach a terminal.
std::string Shown(std::string_view text) {
  std::string shown;
  for (const char c : text) shown += static_cast<uint8_t>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return shown;
}

std::string ShownName(std::string member) {
  std::replace(member.begin(), member.end(), '_', ' ');
  return member;
}

using Json = nlohmann::ordered_json;

Json ValueOf(const Fact& fact) {
  return std::visit([](const auto& value) { return Json(value); }, fact.value);
}

// A member that comes again makes a list.
void Put(Json& object, const std::string& member, Json value) {
  if (!object.contains(member)) {
    object[member] = std::move(value);
    return;
  }
  Json& there = object[member];
  if (!there.is_array()) there = Json::array({there});
  there.push_back(std::move(value));
}

}  // namespace

std::string ToText(const Explanation& explanation) {
  size_t width = 0;
  for (const Part& part : explanation.parts) {
    for (const Fact& fact : part.facts) width = std::max(width, fact.member.size());
  }
  std::string text = Shown(explanation.url) + "\n" + Shown(explanation.summary) + "\n";
  if (!explanation.cache_status.empty()) {
    text += "Cache-Status: " + Shown(explanation.cache_status) + "\n";
  }
  size_t number = 0;
  for (const Part& part : explanation.parts) {
    text += "\n" + std::to_string(++number) + ". " + part.title + "\n";
    for (const Fact& fact : part.facts) {
      std::string name = ShownName(fact.member);
      name.resize(width + 2, ' ');
      text += "   " + name + Shown(ForPeople(fact)) + "\n";
    }
  }
  return text;
}

std::string ToJson(const Explanation& explanation) {
  Json json;
  json["url"] = explanation.url;
  json["summary"] = explanation.summary;
  json["cache_status"] = explanation.cache_status;
  json["hit"] = explanation.hit;
  for (const Part& part : explanation.parts) {
    Json object = Json::object();
    Json words = Json::object();
    for (const Fact& fact : part.facts) {
      Put(object, fact.member, ValueOf(fact));
      if (!fact.text.empty()) Put(words, fact.member, fact.text);
    }
    if (!words.empty()) object["in_words"] = std::move(words);
    json[part.member] = std::move(object);
  }
  // Bytes of a request need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool WantsJson(const ExplainQuery& query, const http::Fields& asking) {
  if (query.json) return *query.json;
  return asking.Find("accept").value_or("").find("application/json") != std::string_view::npos;
}

ExplainPage ToPage(const Explanation& explanation, bool json) {
  if (json) return {200, "application/json", ToJson(explanation)};
  return {200, "text/plain; charset=utf-8", ToText(explanation)};
}

ExplainPage ToPage(const Error& error) {
  return {400, "text/plain; charset=utf-8", Shown(error.context) + "\n"};
}

void AnswerExplain(const ExplainSources& sources, const http::RequestHead& asking, net::Loop& loop,
                   std::function<void(ExplainPage)> done) {
  const Result<ExplainQuery> query = ParseExplainQuery(asking.path);
  if (!query) return done(ToPage(query.error()));
  const bool json = WantsJson(*query, asking.fields);
  Explain(sources, *query, loop,
          [json, done = std::move(done)](Explanation told) { done(ToPage(told, json)); });
}

}  // namespace skerry::gateway
