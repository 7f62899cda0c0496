#include "purge-api/adapt/template.h"

#include <nlohmann/json.hpp>

namespace skerry::purge {
namespace {

using nlohmann::json;

// A message that names lists in several places does not become a million URLs.
constexpr size_t kMostTexts = 10'000;

tl::unexpected<Error> Wrong(std::string_view text) {
  return Fail(Code::kInvalid, Side::kConfig,
              "expected a text with names in braces, \"https://host/{path}\", found \"" +
                  std::string(text) + '"');
}

std::optional<std::string> TextOf(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  return std::nullopt;
}

void AddAll(const std::vector<Template>& templates, const char* member,
            const Template::Values& values, json& body) {
  for (const Template& each : templates) {
    for (std::string& text : each.Fill(values)) body[member].push_back(std::move(text));
  }
}

}  // namespace

Result<Template> Template::Parse(std::string_view text) {
  Template made;
  made.text_ = text;
  std::string_view rest = text;
  while (true) {
    const size_t open = rest.find('{');
    const std::string_view before = rest.substr(0, open);
    if (before.find('}') != before.npos) return Wrong(text);
    if (open == rest.npos) break;
    const size_t close = rest.find('}', open);
    if (close == rest.npos || close == open + 1) return Wrong(text);
    const std::string_view name = rest.substr(open + 1, close - open - 1);
    if (name.find('{') != name.npos) return Wrong(text);
    made.parts_.emplace_back(before, name);
    rest.remove_prefix(close + 1);
  }
  made.end_ = rest;
  if (text.empty()) return Wrong(text);
  return made;
}

std::vector<std::string> Template::Fill(const Values& values) const {
  std::vector<std::string> texts = {""};
  for (const auto& [before, name] : parts_) {
    const auto found = values.find(name);
    if (found == values.end()) return {};
    std::vector<std::string> longer;
    for (const std::string& text : texts) {
      for (const std::string& value : found->second) {
        if (longer.size() < kMostTexts) longer.push_back(text + before + value);
      }
    }
    texts = std::move(longer);
  }
  for (std::string& text : texts) text += end_;
  return texts;
}

Template::Values ValuesOf(std::string_view message) {
  Template::Values values;
  values["message"] = {std::string(message)};
  const json object = json::parse(message, nullptr, false);
  if (!object.is_object()) return values;
  for (const auto& [name, value] : object.items()) {
    std::vector<std::string> texts;
    for (const json& one : value.is_array() ? value : json::array({value})) {
      if (auto text = TextOf(one)) texts.push_back(std::move(*text));
    }
    if (!texts.empty()) values[name] = std::move(texts);
  }
  return values;
}

std::optional<std::string> BodyFor(const Translation& translation, const Template::Values& values) {
  json body = json::object();
  AddAll(translation.urls, "urls", values, body);
  AddAll(translation.tags, "tags", values, body);
  AddAll(translation.prefixes, "prefixes", values, body);
  AddAll(translation.hosts, "hosts", values, body);
  if (body.empty()) return std::nullopt;
  if (translation.soft) body["mode"] = "soft";
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace skerry::purge
