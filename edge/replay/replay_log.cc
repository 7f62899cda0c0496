#include "edge/replay/replay_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace skerry::edge {
namespace {

using Json = nlohmann::json;
constexpr uint64_t kTellEvery = 1 << 20;  // bytes

// "2026-11-21T12:00:03.123Z", as our log has it.
std::optional<WallTime> ParseTime(const std::string& text) {
  std::tm parts{};
  int millis = 0;
  int end = 0;
  const int found =
      std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &millis, &end);
  if (found != 7 || static_cast<size_t>(end) != text.size()) return std::nullopt;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return WallTime(Millis(static_cast<int64_t>(timegm(&parts)) * 1000 + millis));
}

// "21/Nov/2026:13:55:36 +0100".
std::optional<WallTime> ParseCombinedTime(const std::string& text) {
  std::tm parts{};
  const char* zone = strptime(text.c_str(), "%d/%b/%Y:%H:%M:%S ", &parts);
  int hours = 0;
  int minutes = 0;
  char sign = 0;
  if (zone == nullptr || std::sscanf(zone, "%c%2d%2d", &sign, &hours, &minutes) != 3) {
    return std::nullopt;
  }
  const int64_t offset = (int64_t{hours} * 3600 + int64_t{minutes} * 60) * (sign == '-' ? -1 : 1);
  return WallTime(Seconds(static_cast<int64_t>(timegm(&parts)) - offset));
}

// A member of the wrong type counts as missing where it may be missing.
std::string TextOf(const Json& line, const char* name) {
  const auto at = line.find(name);
  return at != line.end() && at->is_string() ? at->get<std::string>() : std::string();
}
std::optional<uint64_t> NumberOf(const Json& line, const char* name) {
  const auto at = line.find(name);
  if (at == line.end() || !at->is_number()) return std::nullopt;
  const double value = at->get<double>();
  return value < 0 || value > 1e15 ? std::optional<uint64_t>() : static_cast<uint64_t>(value);
}
bool TruthOf(const Json& line, const char* name) {
  const auto at = line.find(name);
  return at != line.end() && at->is_boolean() && at->get<bool>();
}

class Reader {
 public:
  explicit Reader(std::string assumed_host) : assumed_host_(std::move(assumed_host)) {
    log_.urls.emplace_back();
    log_.requests.emplace_back();
    log_.peers.emplace_back();
    log_.answers.emplace_back();
  }

  void Line(uint64_t number, std::string_view text) {
    if (text.empty()) return;
    std::string wrong = text.front() == '{' ? OfJson(text) : OfCombined(std::string(text));
    if (wrong.empty()) return;
    ++log_.bad_lines;
    if (log_.problems.size() < ReplayLog::kShownProblems) {
      log_.problems.push_back({number, std::move(wrong)});
    }
  }

  ReplayLog Finish() {
    // The log has the order in which requests ended.
    std::stable_sort(log_.lines.begin(), log_.lines.end(),
                     [](const LogLine& a, const LogLine& b) { return a.begun < b.begun; });
    return std::move(log_);
  }

 private:
  std::string OfJson(std::string_view text);
  std::string OfCombined(const std::string& text);
  void Served(const std::string& cache, int status, LogLine& line) const;
  uint32_t Answer(const Json& line);
  uint32_t Request(const Json& line, const std::string& method);
  uint32_t Url(LogUrl url);
  uint32_t Peer(const std::string& address);

  // The number of a text; `add` is called for a new one.
  template <class Add>
  static uint32_t Number(std::unordered_map<std::string, uint32_t>& known, std::string text,
                         size_t next, Add add) {
    const auto [at, fresh] = known.try_emplace(std::move(text), static_cast<uint32_t>(next));
    if (fresh) add();
    return at->second;
  }

  const std::string assumed_host_;
  ReplayLog log_;
  std::unordered_map<std::string, uint32_t> urls_;
  std::unordered_map<std::string, uint32_t> requests_;
  std::unordered_map<std::string, uint32_t> peers_;
  std::unordered_map<std::string, uint32_t> answers_;
};

uint32_t Reader::Url(LogUrl url) {
  return Number(urls_, url.ToString(), log_.urls.size(), [&] { log_.urls.push_back(url); });
}

uint32_t Reader::Peer(const std::string& address) {
  return Number(peers_, address, log_.peers.size(), [&] { log_.peers.push_back(address); });
}

uint32_t Reader::Request(const Json& line, const std::string& method) {
  ReplayLog::Request request{method, {}};
  if (const auto variant = line.find("variant"); variant != line.end() && variant->is_object()) {
    for (const auto& [name, value] : variant->items()) {
      const bool usable = value.is_string() && http::IsToken(name) &&
                          http::IsFieldValue(value.get_ref<const std::string&>());
      if (usable) request.fields.Add(http::AsciiLower(name), value.get_ref<const std::string&>());
    }
  }
  if (const std::string range = TextOf(line, "range"); !range.empty()) {
    request.fields.Set("range", range);
  }
  // What they said is nobody's business, only that there was something.
  if (TruthOf(line, "authorized")) request.fields.Set("authorization", "dry-run");
  if (TruthOf(line, "personal") && !request.fields.Has("cookie")) {
    request.fields.Set("cookie", "dry-run");
  }
  std::string text = method;
  for (const http::Field& field : request.fields) {
    text.append("\n").append(field.name).append(":").append(field.value);
  }
  return Number(requests_, std::move(text), log_.requests.size(),
                [&] { log_.requests.push_back(request); });
}

uint32_t Reader::Answer(const Json& line) {
  const auto at = line.find("answer");
  if (at == line.end() || !at->is_object()) return 0;
  http::ResponseHead answer;
  answer.status = static_cast<int>(NumberOf(*at, "status").value_or(200));
  for (const auto& [name, value] : at->items()) {
    if (value.is_string() && http::IsToken(name)) {
      answer.fields.Add(http::AsciiLower(name), value.get_ref<const std::string&>());
    }
  }
  return Number(answers_, at->dump(-1, ' ', false, Json::error_handler_t::replace),
                log_.answers.size(), [&] { log_.answers.push_back(answer); });
}

void Reader::Served(const std::string& cache, int status, LogLine& line) const {
  const auto has = [&](const char* word) { return cache.find(word) != cache.npos; };
  if (has("; hit")) {
    line.served = has("; ttl=-") ? LogLine::Served::kStale : LogLine::Served::kHit;
  } else if (has("; fwd=")) {
    line.served = LogLine::Served::kForwarded;
  }
  line.collapsed = has("; collapsed");
  if (has("detail=purged")) line.purged = LogLine::Purged::kHard;
  if (has("detail=soft-purged")) line.purged = LogLine::Purged::kSoft;
  const bool unanswered = line.served == LogLine::Served::kForwarded && !has("fwd-status=");
  line.origin_failed =
      has("fwd-status=5") || (unanswered && (has("detail=stale-if-error") || status >= 500));
}

std::string Reader::OfJson(std::string_view text) {
  const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!line.is_object()) return "not a JSON object";
  const std::optional<WallTime> time = ParseTime(TextOf(line, "time"));
  if (!time) return "no member \"time\" like 2026-11-21T12:00:03.123Z";
  const std::string method = TextOf(line, "method");
  LogUrl url{TextOf(line, "scheme"), TextOf(line, "host"), TextOf(line, "path")};
  if (!http::IsToken(method) || url.authority.empty() || !url.path.starts_with('/') ||
      (url.scheme != "http" && url.scheme != "https")) {
    return "needs method, scheme, host and path";
  }
  log_.dropped += NumberOf(line, "dropped").value_or(0);
  LogLine one;
  one.took = Millis(NumberOf(line, "ms").value_or(0));
  one.begun = *time - one.took;
  one.url = Url(std::move(url));
  one.request = Request(line, method);
  one.peer = Peer(TextOf(line, "peer"));
  one.answer = Answer(line);
  one.bytes = NumberOf(line, "bytes").value_or(0);
  const std::optional<uint64_t> size = NumberOf(line, "size");
  one.size = size.value_or(one.bytes);
  Served(TextOf(line, "cache"), static_cast<int>(NumberOf(line, "status").value_or(0)), one);
  if (one.answer == 0 && !one.origin_failed) ++log_.without_answer;
  if (!size && one.answer != 0) ++log_.without_size;
  log_.lines.push_back(one);
  return "";
}

// ADDRESS - USER [TIME] "METHOD PATH PROTOCOL" STATUS BYTES "REFERER" "AGENT"
std::string Reader::OfCombined(const std::string& text) {
  const size_t open = text.find('[');
  const size_t close = text.find(']', open == text.npos ? 0 : open);
  const size_t quote = text.find('"', close == text.npos ? 0 : close);
  const size_t end = quote == text.npos ? quote : text.find('"', quote + 1);
  if (open == text.npos || close == text.npos || end == text.npos) {
    return "neither JSON nor the combined format";
  }
  const auto time = ParseCombinedTime(text.substr(open + 1, close - open - 1));
  if (!time) return "the time is not like [21/Nov/2026:13:55:36 +0100]";
  std::string_view request(text.data() + quote + 1, end - quote - 1);
  const size_t first = request.find(' ');
  const size_t last = request.rfind(' ');
  std::array<char, 64> unused{};
  unsigned status = 0;
  unsigned long long bytes = 0;
  if (first == request.npos || last <= first ||
      std::sscanf(text.c_str() + end + 1, " %u %llu%63s", &status, &bytes, unused.data()) < 2) {
    return "no request line, status and bytes";
  }
  LogLine one;
  one.begun = *time;
  const std::string method(request.substr(0, first));
  std::string path(request.substr(first + 1, last - first - 1));
  if (!http::IsToken(method) || !path.starts_with('/')) return "the request line names no path";
  one.url = Url({"https", assumed_host_, std::move(path)});
  one.request = Request(Json::object(), method);
  one.peer = Peer(text.substr(0, text.find(' ')));
  one.size = one.bytes = bytes;
  ++log_.combined;
  ++log_.without_answer;
  log_.lines.push_back(one);
  return "";
}

}  // namespace

ReplayLog ReadReplayLog(std::istream& from, const std::string& assumed_host,
                        const std::function<void(uint64_t)>& progress) {
  Reader reader(assumed_host);
  uint64_t number = 0;
  uint64_t bytes = 0;
  uint64_t told = 0;
  for (std::string text; std::getline(from, text);) {
    bytes += text.size() + 1;
    if (text.ends_with('\r')) text.pop_back();
    reader.Line(++number, text);
    if (bytes - told < kTellEvery) continue;
    told = bytes;
    progress(bytes);
  }
  return reader.Finish();
}

}  // namespace skerry::edge
