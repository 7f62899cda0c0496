#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/clock.h"
#include "core/gateway/words.h"
#include "edge/replay/dry_run.h"

namespace skerry::edge {
namespace {

using gateway::Grouped;
using gateway::SizeInWords;
using Json = nlohmann::ordered_json;

constexpr size_t kShownUrls = 20;

// Cells in columns: the first to the left, the others to the right.
class Columns {
 public:
  void Row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  std::string ToString() const {
    std::vector<size_t> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()));
      for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto& row : rows_) {
      std::string line;
      for (size_t i = 0; i < row.size(); ++i) {
        const std::string gap(widths[i] - row[i].size(), ' ');
        line += i == 0 ? row[i] + gap : "  " + gap + row[i];
      }
      line.resize(line.find_last_not_of(' ') + 1);
      text += line + "\n";
    }
    return text;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

double Percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string PercentText(double value, bool sign = false) {
  char text[32];
  std::snprintf(text, sizeof(text), sign ? "%+.2f" : "%.2f %%", value);
  return text;
}

std::string Change(uint64_t before, uint64_t after) {
  if (before == after) return "";
  return (after > before ? "+" : "-") + Grouped(after > before ? after - before : before - after);
}

std::string SizeChange(uint64_t before, uint64_t after) {
  if (before == after) return "";
  return (after > before ? "+" : "-") +
         SizeInWords(after > before ? after - before : before - after);
}

// "1 line does", "1,234 lines do".
std::string Lines(size_t count, const char* one, const char* many) {
  return Grouped(count) + (count == 1 ? " line " : " lines ") + (count == 1 ? one : many);
}

// What is not in the log, and what is taken for it.
std::vector<std::string> Assumed(const ReplayLog& log, const std::vector<Outcome>& outcomes) {
  std::vector<std::string> all = {
      "Both begin with an empty cache, and with nobody fenced.",
      "The origin answers at any moment as it did in the nearest line before (else the next "
      "after) for the same URL, and takes as long.",
      "Answers are as large as they were stored then: what this node compressed counts "
      "compressed, to and from the origin.",
      "The disk tier is played without RocksDB: the same admission and eviction, no failures."};
  if (log.without_answer > 0) {
    all.push_back(Lines(log.without_answer, "does", "do") +
                  " not say what the origin answered: where no line of the URL does, "
                  "an answer without a word about caching is assumed.");
  }
  if (log.combined > 0) {
    all.push_back(Lines(log.combined, "is", "are") +
                  " in the combined format: https, one host, and no request field is "
                  "assumed; what was served from a cache is not known.");
  }
  if (log.without_size > 0) {
    all.push_back(Lines(log.without_size, "does", "do") +
                  " not say how large the answer was: the bytes sent are taken for it.");
  }
  if (log.dropped > 0) {
    all.push_back(Lines(log.dropped, "is", "are") + " missing: the node could not write so fast.");
  }
  if (outcomes.front().key_beyond_log || outcomes.back().key_beyond_log) {
    all.push_back(
        "Some rule's key has a device, a tier or a field: the log does not have them, and every "
        "client counts as the plainest.");
  }
  const bool logged = outcomes.front().name == "as logged";
  if (logged) {
    all.push_back(
        "As logged: the cache may have held something at the start; refreshes behind stale "
        "answers, and the origin's bytes, are not in the log.");
  }
  all.push_back("Purges are played where a line shows one (detail=purged, detail=soft-purged).");
  return all;
}

Json JsonOf(const Tally& tally) {
  Json json;
  json["requests"] = tally.requests;
  json["hits"] = tally.hits;
  json["stale_hits"] = tally.stale;
  json["hit_ratio"] = Percent(tally.hits, tally.requests) / 100;
  json["byte_hit_ratio"] = Percent(tally.hit_bytes, tally.bytes) / 100;
  json["origin_requests"] = tally.origin_requests;
  json["origin_bytes"] = tally.origin_bytes;
  json["forwarded"] = Json::object();
  for (const auto& [word, count] : tally.forwarded) json["forwarded"][word] = count;
  return json;
}

// URLs that behave differently, those that change most first.
std::vector<size_t> Changed(const ReplayLog& log, const Outcome& before, const Outcome& after) {
  const auto change = [&](size_t url) {
    const Tally& a = before.urls[url];
    const Tally& b = after.urls[url];
    return std::max(a.hits, b.hits) - std::min(a.hits, b.hits) +
           (std::max(a.origin_requests, b.origin_requests) -
            std::min(a.origin_requests, b.origin_requests));
  };
  std::vector<size_t> urls;
  for (size_t i = 1; i < log.urls.size(); ++i) {
    if (change(i) > 0) urls.push_back(i);
  }
  std::sort(urls.begin(), urls.end(), [&](size_t a, size_t b) {
    const uint64_t by_a = change(a);
    const uint64_t by_b = change(b);
    return by_a != by_b ? by_a > by_b : log.urls[a].ToString() < log.urls[b].ToString();
  });
  return urls;
}

std::string Overview(const Outcome& before, const Outcome& after) {
  const Tally& a = before.all;
  const Tally& b = after.all;
  const bool bytes_known = before.name != "as logged";
  Columns table;
  table.Row({"", before.name, after.name, "change"});
  const auto count = [&](const char* what, uint64_t x, uint64_t y) {
    table.Row({what, Grouped(x), Grouped(y), Change(x, y)});
  };
  const auto ratio = [&](const char* what, double x, double y) {
    table.Row({what, PercentText(x), PercentText(y),
               std::abs(x - y) < 0.005 ? "" : PercentText(y - x, true)});
  };
  count("requests", a.requests, b.requests);
  count("hits", a.hits, b.hits);
  count("  of them stale", a.stale, b.stale);
  ratio("hit ratio", Percent(a.hits, a.requests), Percent(b.hits, b.requests));
  ratio("byte hit ratio", Percent(a.hit_bytes, a.bytes), Percent(b.hit_bytes, b.bytes));
  count("origin requests", a.origin_requests, b.origin_requests);
  table.Row({"origin bytes", bytes_known ? SizeInWords(a.origin_bytes) : "not logged",
             SizeInWords(b.origin_bytes),
             bytes_known ? SizeChange(a.origin_bytes, b.origin_bytes) : ""});
  if (bytes_known) {
    std::set<std::string> words;
    for (const Tally* tally : {&a, &b}) {
      for (const auto& [word, number] : tally->forwarded) words.insert(word);
    }
    for (const std::string& word : words) {
      const auto of = [&](const Tally& tally) {
        const auto at = tally.forwarded.find(word);
        return at == tally.forwarded.end() ? 0 : at->second;
      };
      count(("  fwd=" + word).c_str(), of(a), of(b));
    }
  } else {
    for (const auto& [word, number] : b.forwarded) {
      table.Row({"  fwd=" + word, "", Grouped(number), ""});
    }
  }
  const auto tier = [](uint64_t objects, ByteCount bytes) {
    return Grouped(objects) + ", " + SizeInWords(bytes);
  };
  table.Row({"in RAM at the end",
             bytes_known ? tier(before.objects_in_ram, before.bytes_in_ram) : "",
             tier(after.objects_in_ram, after.bytes_in_ram), ""});
  table.Row({"on disk at the end",
             bytes_known ? tier(before.objects_on_disk, before.bytes_on_disk) : "",
             tier(after.objects_on_disk, after.bytes_on_disk), ""});
  return table.ToString();
}

std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

}  // namespace

std::string DryRunText(const ReplayLog& log, const std::vector<Outcome>& outcomes) {
  const Outcome& before = outcomes.front();
  const Outcome& after = outcomes.back();
  std::string text =
      Grouped(log.lines.size()) + (log.lines.size() == 1 ? " request for " : " requests for ") +
      Grouped(log.urls.size() - 1) + (log.urls.size() == 2 ? " URL, " : " URLs, ") +
      ToRfc3339(log.lines.front().begun) + " to " + ToRfc3339(log.lines.back().begun) + "\n";
  if (log.bad_lines > 0) {
    text += Lines(log.bad_lines, "cannot be used:\n", "cannot be used:\n");
    for (const ReplayLog::Problem& problem : log.problems) {
      text += "  line " + std::to_string(problem.line) + ": " + problem.what + "\n";
    }
    if (log.bad_lines > log.problems.size()) text += "  …\n";
  }
  text += "\n" + Overview(before, after) + "\n";
  const std::vector<size_t> changed = Changed(log, before, after);
  if (changed.empty()) {
    text += "No URL behaves differently.\n";
  } else {
    text += "URLs that behave differently (" + Grouped(changed.size()) + "), the most first\n\n";
    Columns table;
    table.Row({"URL", "requests", "hits before", "after", "origin before", "after"});
    for (size_t i = 0; i < std::min(changed.size(), kShownUrls); ++i) {
      const Tally& a = before.urls[changed[i]];
      const Tally& b = after.urls[changed[i]];
      table.Row({Printable(log.urls[changed[i]].ToString()), Grouped(b.requests), Grouped(a.hits),
                 Grouped(b.hits), Grouped(a.origin_requests), Grouped(b.origin_requests)});
    }
    text += table.ToString();
  }
  text += "\nAssumed:\n";
  for (const std::string& one : Assumed(log, outcomes)) text += "- " + one + "\n";
  return text;
}

std::string DryRunJson(const ReplayLog& log, const std::vector<Outcome>& outcomes) {
  Json json;
  json["requests"] = log.lines.size();
  json["urls"] = log.urls.size() - 1;
  json["begin"] = ToRfc3339(log.lines.front().begun);
  json["end"] = ToRfc3339(log.lines.back().begun);
  json["bad_lines"] = log.bad_lines;
  json["problems"] = Json::array();
  for (const ReplayLog::Problem& problem : log.problems) {
    json["problems"].push_back({{"line", problem.line}, {"what", problem.what}});
  }
  json["outcomes"] = Json::array();
  for (const Outcome& outcome : outcomes) {
    Json one = JsonOf(outcome.all);
    one["name"] = outcome.name;
    one["ram"] = {{"objects", outcome.objects_in_ram}, {"bytes", outcome.bytes_in_ram}};
    one["disk"] = {{"objects", outcome.objects_on_disk}, {"bytes", outcome.bytes_on_disk}};
    json["outcomes"].push_back(std::move(one));
  }
  json["changed"] = Json::array();
  for (const size_t url : Changed(log, outcomes.front(), outcomes.back())) {
    json["changed"].push_back({{"url", log.urls[url].ToString()},
                               {"before", JsonOf(outcomes.front().urls[url])},
                               {"after", JsonOf(outcomes.back().urls[url])}});
  }
  json["assumed"] = Assumed(log, outcomes);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace skerry::edge
