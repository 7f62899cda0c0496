#include "purge-api/accept/request.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/cache/purge/scopes.h"
#include "core/http/url.h"

namespace skerry::purge {
namespace {

using Value = simdjson::dom::element;
using Object = simdjson::dom::object;

tl::unexpected<Problem> Malformed(std::string detail) {
  return tl::unexpected<Problem>({400, "malformed JSON", std::move(detail), ""});
}
tl::unexpected<Problem> Invalid(std::string member, std::string detail) {
  return tl::unexpected<Problem>({422, "invalid request", std::move(detail), std::move(member)});
}
std::string At(std::string_view member, size_t index) {
  return std::string(member) + '[' + std::to_string(index) + ']';
}

// "line 3, column 14" of a byte that the parser counts from 1.
std::string PlaceOf(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, byte == 0 ? 0 : byte - 1);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t start = before.rfind('\n');
  const size_t column = before.size() - (start == before.npos ? 0 : start + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

// The parser's words behind its own position.
std::string ReasonOf(const nlohmann::json::exception& error) {
  const std::string_view what = error.what();
  const size_t colon = what.rfind(": ");
  return std::string(colon == what.npos ? what : what.substr(colon + 2));
}

// What is wrong with a text that could not be parsed, by a parser that knows the place.
tl::unexpected<Problem> WhereMalformed(std::string_view body, simdjson::error_code error) {
  try {
    const nlohmann::json told = nlohmann::json::parse(body);
  } catch (const nlohmann::json::parse_error& malformed) {
    return Malformed("at " + PlaceOf(body, malformed.byte) + ": " + ReasonOf(malformed));
  } catch (const nlohmann::json::exception& malformed) {
    return Malformed(ReasonOf(malformed));
  }
  return Malformed(simdjson::error_message(error));
}

// An object whose members are all among `known`, each once. It lives as long as `parser`.
Checked<Object> ParseObject(simdjson::dom::parser& parser, std::string_view body,
                            std::initializer_list<std::string_view> known) {
  if (body.empty()) return Malformed("the body is empty; expected a JSON object");
  Value value;
  if (const auto error = parser.parse(body.data(), body.size()).get(value)) {
    return WhereMalformed(body, error);
  }
  Object object;
  if (value.get(object) != simdjson::SUCCESS) return Malformed("expected a JSON object");
  std::vector<std::string_view> seen;
  for (const auto& [name, its] : object) {
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return Invalid(std::string(name), "the member stands twice");
    }
    seen.push_back(name);
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string members;
    for (const std::string_view member : known) {
      members += (members.empty() ? "" : ", ") + std::string(member);
    }
    return Invalid(std::string(name), "unknown member; known are " + members);
  }
  return object;
}

// --- members of some type; absent ones leave `to` alone

std::optional<Problem> ReadBool(Object object, const char* name, bool& to) {
  Value found;
  if (object.at_key(name).get(found) != simdjson::SUCCESS) return std::nullopt;
  if (found.get(to) == simdjson::SUCCESS) return std::nullopt;
  return Invalid(name, "expected true or false").value();
}

std::optional<Problem> ReadText(Object object, const char* name, std::string& to) {
  Value found;
  if (object.at_key(name).get(found) != simdjson::SUCCESS) return std::nullopt;
  std::string_view text;
  if (found.get(text) != simdjson::SUCCESS) return Invalid(name, "expected a string").value();
  to = text;
  return std::nullopt;
}

using CheckOne = std::optional<std::string> (*)(std::string& value);

// A list of strings, each checked (and brought into its form) by `check`, which says
// what is wrong with it.
std::optional<Problem> ReadList(Object object, const char* name, size_t most, CheckOne check,
                                std::vector<std::string>& to) {
  Value found;
  if (object.at_key(name).get(found) != simdjson::SUCCESS) return std::nullopt;
  simdjson::dom::array list;
  if (found.get(list) != simdjson::SUCCESS) {
    return Invalid(name, "expected a list of strings").value();
  }
  if (list.size() > most) {
    return Invalid(name, std::to_string(list.size()) + " of them; at most " + std::to_string(most) +
                             " a request: send several requests")
        .value();
  }
  to.reserve(list.size());
  for (const Value element : list) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) {
      return Invalid(At(name, to.size()), "expected a string").value();
    }
    std::string value(text);
    if (const auto wrong = check(value)) return Invalid(At(name, to.size()), *wrong).value();
    to.push_back(std::move(value));
  }
  return std::nullopt;
}

std::optional<Problem> ReadWait(Object object, Millis& to) {
  std::string text = "0";
  if (auto problem = ReadText(object, "wait", text)) return problem;
  const std::optional<Millis> wait = ParseDuration(text);
  if (!wait) return Invalid("wait", "expected a duration such as \"10s\" or \"500ms\"").value();
  if (*wait > kLongestWait) return Invalid("wait", "at most 60s").value();
  to = *wait;
  return std::nullopt;
}

// --- what each selector may be

std::string Quoted(std::string_view text) {
  return '"' + std::string(text.substr(0, 80)) + (text.size() > 80 ? "…\"" : "\"");
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::optional<std::string> CheckUrl(std::string& url) {
  if (url.size() > kLongestUrl) return "a URL of more than 16 KiB";
  if (cache::IsPlainUrl(url) && !url.ends_with('*')) return std::nullopt;
  const Result<http::Url> parsed = http::ParseUrl(url);
  if (!parsed) {
    return Quoted(url) + " is not an absolute http or https URL: " + parsed.error().context;
  }
  if (url.ends_with('*')) {
    return Quoted(url) + " ends with *: name it under \"prefixes\"";
  }
  return std::nullopt;
}

std::optional<std::string> CheckTag(std::string& tag) {
  if (tag.empty()) return "an empty tag";
  if (tag.size() > cache::kMaxTagBytes) {
    return "a tag of " + std::to_string(tag.size()) + " bytes; at most " +
           std::to_string(cache::kMaxTagBytes);
  }
  if (HasControl(tag)) return "a tag with control characters";
  if (tag.front() == ' ' || tag.back() == ' ') return "a tag with blanks at its ends";
  return std::nullopt;
}

// "https://host/path*": stored without the "*".
std::optional<std::string> CheckPrefix(std::string& prefix) {
  if (prefix.size() > kLongestUrl) return "a prefix of more than 16 KiB";
  if (!prefix.ends_with('*')) return Quoted(prefix) + " does not end with *";
  const std::string text = prefix;
  prefix.pop_back();
  if (prefix.find('*') != prefix.npos) return Quoted(text) + ": one * and it stands last";
  if (prefix.find('?') != prefix.npos) {
    return Quoted(text) + ": a prefix ends in the path, before any query";
  }
  const Result<http::Url> parsed = http::ParseUrl(prefix);
  if (!parsed) {
    return Quoted(text) + " is not https://host/path*: " + parsed.error().context;
  }
  const size_t path = prefix.find('/', prefix.find("://") + 3);
  if (path == prefix.npos) return Quoted(text) + " has no path: name the host under \"hosts\"";
  return std::nullopt;
}

std::optional<std::string> CheckHost(std::string& host) {
  const Result<http::Authority> parsed = http::ParseAuthority(host, "https");
  if (host.empty() || !parsed) {
    return Quoted(host) + " is not a host, \"example.com\" or \"example.com:8443\"";
  }
  return std::nullopt;
}

std::optional<Problem> ReadSelectors(Object object, cache::Selectors& to) {
  if (auto problem = ReadList(object, "urls", kMostUrls, CheckUrl, to.urls)) return problem;
  if (auto problem = ReadList(object, "tags", kMostOthers, CheckTag, to.tags)) return problem;
  if (auto problem = ReadList(object, "prefixes", kMostOthers, CheckPrefix, to.prefixes)) {
    return problem;
  }
  if (auto problem = ReadList(object, "hosts", kMostOthers, CheckHost, to.hosts)) return problem;
  if (auto problem = ReadBool(object, "all", to.all)) return problem;
  if (to.size() > 0) return std::nullopt;
  return Invalid("", "it names nothing: give urls, tags, prefixes, hosts or \"all\": true").value();
}

std::optional<Problem> ReadMode(Object object, cache::PurgeMode& to) {
  std::string mode = "hard";
  if (auto problem = ReadText(object, "mode", mode)) return problem;
  if (mode != "hard" && mode != "soft") {
    return Invalid("mode", Quoted(mode) + "; expected \"hard\" or \"soft\"").value();
  }
  to = mode == "soft" ? cache::PurgeMode::kSoft : cache::PurgeMode::kHard;
  return std::nullopt;
}

std::optional<Problem> CheckName(const char* member, const std::string& name) {
  if (name.empty()) return Invalid(member, "expected a name").value();
  if (name.size() > kLongestName) return Invalid(member, "a name of more than 200 bytes").value();
  if (HasControl(name)) return Invalid(member, "a name with control characters").value();
  return std::nullopt;
}

}  // namespace

std::optional<Millis> ParseDuration(std::string_view text) {
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || number < 0 || number > 86'400'000) return std::nullopt;
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  if (unit == "ms" || (unit.empty() && number == 0)) return Millis(number);
  if (unit == "s" && number <= 86'400) return Millis(number * 1000);
  if (unit == "m" && number <= 1440) return Millis(number * 60'000);
  return std::nullopt;
}

Checked<Accepted> ParsePurge(std::string_view body) {
  simdjson::dom::parser parser;
  const Checked<Object> object = ParseObject(
      parser, body,
      {"urls", "tags", "prefixes", "hosts", "all", "mode", "immutable", "dry_run", "wait"});
  if (!object) return tl::unexpected<Problem>(object.error());
  Accepted accepted;
  cache::Record& record = accepted.record;
  std::optional<Problem> problem = ReadSelectors(*object, record.selectors);
  if (!problem) problem = ReadMode(*object, record.mode);
  if (!problem) problem = ReadBool(*object, "immutable", record.immutable);
  if (!problem) problem = ReadBool(*object, "dry_run", accepted.dry_run);
  if (!problem) problem = ReadWait(*object, accepted.wait);
  if (problem) return tl::unexpected<Problem>(std::move(*problem));
  return accepted;
}

Checked<Accepted> ParseActivation(std::string_view body) {
  simdjson::dom::parser parser;
  const Checked<Object> object = ParseObject(parser, body, {"site", "release", "tags", "wait"});
  if (!object) return tl::unexpected<Problem>(object.error());
  Accepted accepted;
  cache::Record& record = accepted.record;
  record.kind = cache::RecordKind::kActivation;
  std::optional<Problem> problem = ReadText(*object, "site", record.site);
  if (!problem) problem = CheckName("site", record.site);
  if (!problem) problem = ReadText(*object, "release", record.release);
  if (!problem) problem = CheckName("release", record.release);
  if (!problem) {
    problem = ReadList(*object, "tags", kMostOthers, CheckTag, record.selectors.tags);
  }
  if (!problem) problem = ReadWait(*object, accepted.wait);
  if (problem) return tl::unexpected<Problem>(std::move(*problem));
  return accepted;
}

namespace {

tl::unexpected<Problem> BadQuery(std::string name, std::string detail) {
  return tl::unexpected<Problem>({400, "invalid query", std::move(detail), std::move(name)});
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 3 > text.size()) return std::nullopt;
    const auto [end, error] = std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16);
    if (error != std::errc() || end != &text[i + 1] + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

bool IsHex(std::string_view text, size_t most) {
  return !text.empty() && text.size() <= most &&
         text.find_first_not_of("0123456789abcdef") == text.npos;
}

template <class Number>
bool ReadNumber(const std::string& text, Number& to) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, to);
  return error == std::errc() && rest == end;
}

// "ID.1.2.3.4"
std::optional<Counted> ReadCounted(std::string_view value) {
  Counted counted;
  const size_t dot = value.find('.');
  counted.id = value.substr(0, dot);
  for (uint64_t* number :
       {&counted.objects, &counted.bytes, &counted.ram_objects, &counted.disk_objects}) {
    if (value.find('.') == value.npos) return std::nullopt;
    value.remove_prefix(value.find('.') + 1);
    if (!ReadNumber(std::string(value.substr(0, value.find('.'))), *number)) return std::nullopt;
  }
  const bool fits = !counted.id.empty() && counted.id.size() <= kLongestName;
  return fits && value.find('.') == value.npos ? std::optional(counted) : std::nullopt;
}

// False: the value does not fit.
bool ReadQueryPart(std::string_view name, const std::string& value, LogQuery& to) {
  if (name == "node") {
    to.node = value;
    return !value.empty() && value.size() <= kLongestName && !HasControl(value);
  }
  if (name == "incarnation") return IsHex(to.incarnation = value, 64);
  if (name == "log") return IsHex(to.log_id = value, 64);
  const std::pair<std::string_view, bool*> flags[] = {{"serves", &to.serves_on_partition},
                                                      {"releases", &to.serves_releases},
                                                      {"given", &to.given},
                                                      {"counts", &to.counts}};
  for (const auto& [known, flag] : flags) {
    if (name != known) continue;
    *flag = value == "1";
    return value == "0" || value == "1";
  }
  if (name == "counted") return (to.counted = ReadCounted(value)).has_value();
  if (name == "wait") {
    const std::optional<Millis> wait = ParseDuration(value);
    to.wait = wait.value_or(Millis(0));
    return wait.has_value();
  }
  if (name != "after") return false;
  cache::Seq after = 0;
  const char* const end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, after);
  to.after = after;
  return error == std::errc() && rest == end;
}

// The beginning of a time in UTC, a day at least: compared as text.
bool IsTime(const std::string& text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";
  if (text.size() < 10 || text.size() > kForm.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    const bool ends = i + 1 == text.size() && i > 10 && text[i] == 'Z';
    if (!ends && (kForm[i] == '0' ? !digit : text[i] != kForm[i])) return false;
  }
  return true;
}

bool ReadListPart(std::string_view name, const std::string& value, ListQuery& to) {
  if (name == "before") return ReadNumber(value, to.before) && to.before > 0;
  if (name == "limit") {
    return ReadNumber(value, to.limit) && to.limit > 0 && to.limit <= kMostListed;
  }
  if (name == "since" || name == "until") {
    (name == "since" ? to.since : to.until) = value;
    return IsTime(value);
  }
  const std::pair<std::string_view, std::string*> texts[] = {
      {"who", &to.who}, {"url", &to.url}, {"tag", &to.tag}, {"host", &to.host}, {"site", &to.site}};
  for (const auto& [known, text] : texts) {
    if (name != known) continue;
    *text = value;
    return !value.empty();
  }
  return false;
}

}  // namespace

Checked<ListQuery> ParseListQuery(std::string_view query) {
  ListQuery asked;
  for (const http::QueryPart& part : http::SplitQuery(query)) {
    if (part.name.empty() && !part.value) continue;
    const std::optional<std::string> value = PercentDecode(part.value.value_or(""));
    if (!value || !ReadListPart(part.name, *value, asked)) {
      return BadQuery(std::string(part.name),
                      "unknown, or its value does not fit; expected before=SEQ&limit=1…1000&"
                      "since=TIME&until=TIME&who=ID&url=URL&tag=TAG&host=HOST&site=SITE");
    }
  }
  return asked;
}

Checked<LeavingNode> ParseLeavingNode(std::string_view name, std::string_view query) {
  LeavingNode leaving;
  const std::optional<std::string> decoded = PercentDecode(name);
  if (!decoded) return BadQuery("name", "a broken percent-encoding");
  leaving.node = *decoded;
  for (const http::QueryPart& part : http::SplitQuery(query)) {
    if (part.name.empty() && !part.value) continue;
    const std::string value(part.value.value_or(""));
    const bool flag = part.name == "given" && (value == "0" || value == "1");
    if (flag) {
      leaving.given = value == "1";
    } else if (part.name == "incarnation" && IsHex(value, 64)) {
      leaving.incarnation = value;
    } else {
      return BadQuery(std::string(part.name), "expected incarnation=HEX&given=0|1, or nothing");
    }
  }
  return leaving;
}

Checked<LogQuery> ParseLogQuery(std::string_view query) {
  LogQuery asked;
  for (const http::QueryPart& part : http::SplitQuery(query)) {
    if (part.name.empty() && !part.value) continue;
    const std::optional<std::string> value = PercentDecode(part.value.value_or(""));
    if (!value || !ReadQueryPart(part.name, *value, asked)) {
      return BadQuery(
          std::string(part.name),
          "unknown, or its value does not fit; expected "
          "after=SEQ&wait=10s&node=NAME&incarnation=HEX&log=ID&serves=0|1&releases=0|1&given=0|1");
    }
  }
  if (asked.node.empty()) return BadQuery("node", "expected the node's name");
  if (asked.incarnation.empty()) return BadQuery("incarnation", "expected the process's own hex");
  if (asked.log_id.empty()) asked.after.reset();
  if (!asked.log_id.empty() && !asked.after) return BadQuery("after", "expected with log");
  return asked;
}

}  // namespace skerry::purge
