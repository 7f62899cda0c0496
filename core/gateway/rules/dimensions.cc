#include "core/gateway/rules/dimensions.h"

#include <algorithm>
#include <array>

#include "core/cache/vary.h"
#include "core/gateway/rules/field_rule.h"
#include "core/http/structured.h"

namespace skerry::gateway {
namespace {

namespace sf = http::structured;

bool HasAny(std::string_view agent, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [agent](std::string_view word) { return agent.find(word) != agent.npos; });
}

// "Googlebot/2.1", "AdsBot-Google", "(compatible; bingbot/2.0)"; not "Cubot", a phone.
bool IsBot(std::string_view agent) {
  for (size_t at = agent.find("bot"); at != agent.npos; at = agent.find("bot", at + 1)) {
    const char behind = at + 3 < agent.size() ? agent[at + 3] : ' ';
    const bool ends = behind < 'a' || behind > 'z';
    const bool phone = at >= 2 && agent.substr(at - 2, 2) == "cu";
    if (ends && !phone) return true;
  }
  return HasAny(agent, {"crawler", "spider", "slurp", "facebookexternalhit"});
}

bool Lists(const std::vector<std::string>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

const std::string* TextOf(const sf::Parameters& parameters, std::string_view name) {
  const sf::BareItem* item = sf::Find(parameters, name);
  return item == nullptr ? nullptr : std::get_if<std::string>(item);
}

std::optional<Dimension> ParseDimension(const sf::Member& member) {
  const auto* item = std::get_if<sf::Item>(&member);
  const auto* name = item == nullptr ? nullptr : std::get_if<std::string>(&item->value);
  const std::string* value = name == nullptr ? nullptr : TextOf(item->parameters, "v");
  if (value == nullptr) return std::nullopt;
  Dimension dimension{*name, *value, ""};
  if (const std::string* field = TextOf(item->parameters, "f")) {
    const Result<FieldName> good = FieldName::Parse(*field);
    if (!good || !http::IsFieldValue(*value)) return std::nullopt;
    dimension.field = good->name;
  }
  return dimension;
}

// What a structured string cannot hold is percent-encoded.
std::string Printable(std::string_view value) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string text;
  for (const char c : value) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return text;
}

}  // namespace

std::string_view Name(Device device) {
  switch (device) {
    case Device::kDesktop: return "desktop";
    case Device::kMobile: return "mobile";
    case Device::kTablet: return "tablet";
    case Device::kBot: return "bot";
  }
  return "desktop";
}

Device DeviceOf(const http::Fields& request) {
  const std::string agent = http::AsciiLower(request.Find("user-agent").value_or(""));
  if (IsBot(agent)) return Device::kBot;
  const auto hint = request.Find("sec-ch-ua-mobile");
  if (hint == "?1") return Device::kMobile;
  const bool android = HasAny(agent, {"android"});
  const bool mobile = HasAny(agent, {"mobi"});
  if (HasAny(agent, {"ipad", "tablet", "kindle"}) || (android && !mobile)) return Device::kTablet;
  if (mobile || HasAny(agent, {"iphone", "ipod"})) return Device::kMobile;
  return Device::kDesktop;
}

std::string_view TierSource::Of(const http::Fields& request) const {
  const auto given = cookie.empty() ? request.Find(field) : FindCookie(request, cookie);
  if (!given) return "default";
  const auto found = std::find(values.begin(), values.end(), *given);
  return found == values.end() ? std::string_view("default") : std::string_view(*found);
}

bool KeySpec::Covers(std::string_view name) const {
  if (device && (name == "user-agent" || name == "sec-ch-ua-mobile")) return true;
  if (tier && !tier->field.empty() && name == tier->field) return true;
  return std::any_of(fields.begin(), fields.end(),
                     [name](const KeyField& field) { return field.name == name; });
}

std::vector<Dimension> DimensionsOf(const KeySpec& spec, const http::Fields& request,
                                    const net::Address& client) {
  std::vector<Dimension> dimensions;
  if (spec.countries != nullptr) {
    dimensions.push_back({"country", spec.countries->Of(client), spec.country_as});
  }
  if (spec.device) {
    dimensions.push_back({"device", std::string(Name(DeviceOf(request))), spec.device_as});
  }
  if (spec.tier) {
    dimensions.push_back({"tier", std::string(spec.tier->Of(request)), spec.tier_as});
  }
  for (const KeyField& field : spec.fields) {
    if (!request.Has(field.name)) continue;
    std::string value = cache::NormalizeVaryValue(field.name, request);
    if (!field.values.empty() && !Lists(field.values, value)) continue;
    dimensions.push_back({"field " + field.name, std::move(value), field.name});
  }
  return dimensions;
}

std::vector<std::pair<std::string, std::string>> KeyLines(
    const std::vector<Dimension>& dimensions) {
  std::vector<std::pair<std::string, std::string>> lines;
  lines.reserve(dimensions.size());
  for (const Dimension& dimension : dimensions) lines.emplace_back(dimension.name, dimension.value);
  return lines;
}

void TellOrigin(const std::vector<Dimension>& dimensions, http::Fields& fields) {
  for (const Dimension& dimension : dimensions) {
    if (!dimension.field.empty()) fields.Set(dimension.field, dimension.value);
  }
}

std::string ToFieldValue(const std::vector<Dimension>& dimensions) {
  sf::List list;
  for (const Dimension& dimension : dimensions) {
    sf::Item item{dimension.name, {{"v", Printable(dimension.value)}}};
    if (!dimension.field.empty()) item.parameters.emplace_back("f", dimension.field);
    list.emplace_back(std::move(item));
  }
  return sf::Serialize(list).value_or("");
}

std::optional<std::vector<Dimension>> ParseDimensions(std::string_view text) {
  const Result<sf::List> list = sf::ParseList(text);
  if (!list) return std::nullopt;
  std::vector<Dimension> dimensions;
  for (const sf::Member& member : *list) {
    std::optional<Dimension> dimension = ParseDimension(member);
    if (!dimension) return std::nullopt;
    dimensions.push_back(std::move(*dimension));
  }
  return dimensions;
}

}  // namespace skerry::gateway
