// Messages of a queue (fields of a Redis stream's entry, JSON or text of a channel) as
// purges, by templates: "https://www.shop.example/products/{id}" becomes a URL of every
// message that has an `id`. Pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace skerry::purge {

class Template {
 public:
  // Names in braces; no brace stands alone.
  static Result<Template> Parse(std::string_view text);
  std::string ToString() const { return text_; }
  bool operator==(const Template& other) const { return text_ == other.text_; }

  // One text for each combination of values; none where a name has no value.
  using Values = std::map<std::string, std::vector<std::string>, std::less<>>;
  std::vector<std::string> Fill(const Values& values) const;

 private:
  std::string text_;
  std::vector<std::pair<std::string, std::string>> parts_;  // text, and the name behind it
  std::string end_;
};

struct Translation {
  std::vector<Template> urls;
  std::vector<Template> tags;
  std::vector<Template> prefixes;
  std::vector<Template> hosts;
  bool soft = false;
  bool empty() const { return urls.empty() && tags.empty() && prefixes.empty() && hosts.empty(); }
};

// What templates may name: the members of a JSON object (texts, numbers, lists of
// these), and the message itself as {message}.
Template::Values ValuesOf(std::string_view message);

// The body of POST /v1/purges; nothing where no template has all its values.
std::optional<std::string> BodyFor(const Translation& translation, const Template::Values& values);

}  // namespace skerry::purge
