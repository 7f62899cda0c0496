#include "purge-api/adapt/shape.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/http/url.h"

namespace skerry::purge {
namespace {

using nlohmann::json;

constexpr std::string_view kFastlyService = "/service/";
constexpr std::string_view kFastlyUrl = "/purge/";
constexpr std::string_view kCloudflareZone = "/client/v4/zones/";
constexpr std::string_view kCloudflareEnd = "/purge_cache";

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}
Problem Invalid(std::string detail, std::string member = "") {
  return {422, "invalid request", std::move(detail), std::move(member)};
}
Problem NoZone(std::string_view id) {
  return {404, "not found", "no adapters.zones has \"" + std::string(id.substr(0, 80)) + '"', ""};
}

const Zone* Find(const std::vector<Zone>& zones, std::string_view id) {
  const auto found =
      std::find_if(zones.begin(), zones.end(), [&](const Zone& zone) { return zone.id == id; });
  return found == zones.end() ? nullptr : &*found;
}

// Of "https://host/path" or "host/path".
std::string HostOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != url.npos) url.remove_prefix(scheme + 3);
  return http::AsciiLower(url.substr(0, url.find_first_of("/?#")));
}
std::optional<Problem> Foreign(const Zone& zone, std::string_view url, std::string_view member) {
  const std::string host = HostOf(url);
  if (std::find(zone.hosts.begin(), zone.hosts.end(), host) != zone.hosts.end()) return {};
  return Invalid('"' + host.substr(0, 80) + "\" is no host of " + zone.id, std::string(member));
}

std::vector<std::string> SplitBlanks(std::string_view text) {
  std::vector<std::string> words;
  while (!(text = http::TrimBlanks(text)).empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

// A list of strings, or why it is none.
std::optional<Problem> ReadStrings(const json& value, const char* member,
                                   std::vector<std::string>& to) {
  const auto wrong = Invalid("expected a list of strings", member);
  if (!value.is_array()) return wrong;
  for (const json& element : value) {
    if (!element.is_string()) return wrong;
    to.push_back(element.get<std::string>());
  }
  return std::nullopt;
}

// --- Fastly

std::optional<Problem> FromFastly(const Request& from, const Zone& zone, std::string_view verb,
                                  std::vector<std::string>& keys, json& purge) {
  if (verb == "purge_all") {
    purge["hosts"] = zone.hosts;
    return std::nullopt;
  }
  if (verb.starts_with("purge/")) {
    purge["tags"] = {std::string(verb.substr(6))};
    return std::nullopt;
  }
  if (verb != "purge") return Problem{404, "not found", "there are purge and purge_all", ""};
  keys = SplitBlanks(from.fields.Find("surrogate-key").value_or(""));
  if (!from.body.empty()) {
    const json body = json::parse(from.body, nullptr, false);
    if (!body.is_object() || !body.contains("surrogate_keys")) {
      return Invalid("expected {\"surrogate_keys\":[…]}, or the field Surrogate-Key");
    }
    if (auto problem = ReadStrings(body["surrogate_keys"], "surrogate_keys", keys)) return problem;
  }
  purge["tags"] = keys;
  return std::nullopt;
}

void AdaptFastly(const Request& from, const std::vector<Zone>& zones, Adapted& to) {
  json purge = json::object();
  if (from.path.starts_with(kFastlyUrl)) {
    const std::string query = from.query.empty() ? "" : '?' + from.query;
    const std::string url = from.path.substr(kFastlyUrl.size()) + query;
    const bool known = std::any_of(zones.begin(), zones.end(),
                                   [&](const Zone& zone) { return !Foreign(zone, url, ""); });
    if (!known) to.refused = NoZone(HostOf(url));
    purge["urls"] = {"https://" + url};
  } else {
    const std::string_view rest = std::string_view(from.path).substr(kFastlyService.size());
    const size_t slash = std::min(rest.find('/'), rest.size());
    const Zone* zone = Find(zones, rest.substr(0, slash));
    const std::string_view verb = rest.substr(std::min(slash + 1, rest.size()));
    to.refused = zone == nullptr ? NoZone(rest.substr(0, slash))
                                 : FromFastly(from, *zone, verb, to.keys, purge);
  }
  if (from.fields.Find("fastly-soft-purge") == "1") purge["mode"] = "soft";
  if (const auto key = from.fields.Find("fastly-key")) {
    to.request.fields.Set("authorization", "Bearer " + std::string(*key));
  }
  to.request.body = Dump(purge);
}

// --- Cloudflare

std::optional<Problem> ReadFiles(const json& files, const Zone& zone, json& purge) {
  if (!files.is_array()) return Invalid("expected a list of URLs", "files");
  for (const json& file : files) {
    const json& url = file.is_object() && file.contains("url") ? file["url"] : file;
    if (!url.is_string()) return Invalid("expected a URL, or an object with one", "files");
    if (auto problem = Foreign(zone, url.get_ref<const std::string&>(), "files")) return problem;
    purge["urls"].push_back(url);
  }
  return std::nullopt;
}

// "www.example.com/dir": without a scheme, and all below it.
std::optional<Problem> ReadPrefixes(const json& value, const Zone& zone, json& purge) {
  std::vector<std::string> prefixes;
  if (auto problem = ReadStrings(value, "prefixes", prefixes)) return problem;
  for (const std::string& prefix : prefixes) {
    if (auto problem = Foreign(zone, prefix, "prefixes")) return problem;
    if (prefix.find('/') == prefix.npos) {
      purge["hosts"].push_back(prefix);
    } else {
      purge["prefixes"].push_back("https://" + prefix + '*');
    }
  }
  return std::nullopt;
}

std::optional<Problem> FromCloudflare(const json& body, const Zone& zone, json& purge) {
  for (const auto& [name, value] : body.items()) {
    std::optional<Problem> problem;
    std::vector<std::string> texts;
    if (name == "files") {
      problem = ReadFiles(value, zone, purge);
    } else if (name == "prefixes") {
      problem = ReadPrefixes(value, zone, purge);
    } else if (name == "tags") {
      problem = ReadStrings(value, "tags", texts);
      purge["tags"] = texts;
    } else if (name == "hosts") {
      problem = ReadStrings(value, "hosts", texts);
      for (const std::string& host : texts) {
        if (!problem) problem = Foreign(zone, host, "hosts");
        purge["hosts"].push_back(host);
      }
    } else if (name == "purge_everything") {
      if (value != true) return Invalid("expected true", name);
      for (const std::string& host : zone.hosts) purge["hosts"].push_back(host);
    } else {
      return Invalid("unknown; expected files, tags, hosts, prefixes or purge_everything", name);
    }
    if (problem) return problem;
  }
  return std::nullopt;
}

void AdaptCloudflare(const Request& from, const std::vector<Zone>& zones, Adapted& to) {
  const size_t length = from.path.size() - kCloudflareZone.size() - kCloudflareEnd.size();
  const std::string id = from.path.substr(kCloudflareZone.size(), length);
  const json body = json::parse(from.body, nullptr, false);
  json purge = json::object();
  const Zone* zone = Find(zones, id);
  if (zone == nullptr) {
    to.refused = NoZone(id);
  } else if (!body.is_object()) {
    to.refused = Problem{400, "malformed JSON", "expected a JSON object", ""};
  } else {
    to.refused = FromCloudflare(body, *zone, purge);
  }
  const auto key = from.fields.Find("x-auth-key");
  if (key && !from.fields.Has("authorization")) {
    to.request.fields.Set("authorization", "Bearer " + std::string(*key));
  }
  to.request.body = Dump(purge);
}

std::string Text(const json& from, const char* name) {
  const auto found = from.find(name);
  return found != from.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json FastlyBody(const Adapted& adapted, const json& said, bool fine) {
  if (!fine) return {{"msg", Text(said, "title")}, {"detail", Text(said, "detail")}};
  const std::string id = Text(said, "id");
  if (adapted.keys.empty()) return {{"status", "ok"}, {"id", id}};
  json body = json::object();
  for (const std::string& key : adapted.keys) body[key] = id;
  return body;
}

json CloudflareBody(const json& said, int status, bool fine) {
  json errors = json::array();
  json result;
  if (fine) {
    result = {{"id", Text(said, "id")}};
  } else {
    const std::string words = Text(said, "title") + ": " + Text(said, "detail");
    errors.push_back({{"code", 10'000 + status}, {"message", words}});
  }
  return {{"success", fine}, {"errors", errors}, {"messages", json::array()}, {"result", result}};
}

}  // namespace

Result<Zone> Zone::Parse(std::string_view text) {
  Zone zone;
  const size_t colon = std::min(text.find(':'), text.size());
  zone.id = http::TrimBlanks(text.substr(0, colon));
  std::string_view rest = text.substr(std::min(colon + 1, text.size()));
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string host = http::AsciiLower(http::TrimBlanks(rest.substr(0, comma)));
    if (host.empty() || !http::ParseAuthority(host, "https")) zone.id.clear();
    zone.hosts.push_back(host);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  if (zone.id.empty() || zone.id.find('/') != zone.id.npos || zone.hosts.empty()) {
    return Fail(Code::kInvalid, Side::kConfig,
                "expected \"ID: host, host\", found \"" + std::string(text) + '"');
  }
  return zone;
}

std::string Zone::ToString() const {
  std::string text = id + ':';
  for (const std::string& host : hosts) text += (text.ends_with(':') ? " " : ", ") + host;
  return text;
}

std::optional<Adapted> Adapt(const Request& request, const std::vector<Zone>& zones) {
  const std::string& path = request.path;
  const bool fastly = path.starts_with(kFastlyService) || path.starts_with(kFastlyUrl);
  const bool cloudflare = path.starts_with(kCloudflareZone) && path.ends_with(kCloudflareEnd) &&
                          path.size() > kCloudflareZone.size() + kCloudflareEnd.size();
  if (zones.empty() || request.method != "POST" || (!fastly && !cloudflare)) return std::nullopt;
  Adapted adapted;
  adapted.shape = fastly ? Shape::kFastly : Shape::kCloudflare;
  adapted.request.method = "POST";
  adapted.request.path = "/v1/purges";
  for (const char* name : {"authorization", "idempotency-key"}) {
    if (const auto value = request.fields.Find(name)) {
      adapted.request.fields.Add(name, std::string(*value));
    }
  }
  fastly ? AdaptFastly(request, zones, adapted) : AdaptCloudflare(request, zones, adapted);
  return adapted;
}

Answer Dress(const Adapted& adapted, const Answer& answer) {
  const bool fine = answer.status == 200 || answer.status == 202;
  json said = json::parse(answer.body, nullptr, false);
  if (!said.is_object()) said = json::object();
  Answer dressed = answer;
  dressed.status = fine ? 200 : answer.status;
  dressed.type = "application/json";
  dressed.body = Dump(adapted.shape == Shape::kFastly ? FastlyBody(adapted, said, fine)
                                                      : CloudflareBody(said, answer.status, fine)) +
                 "\n";
  return dressed;
}

}  // namespace skerry::purge
