#include "edge/status_page.h"

#include <charconv>
#include <cstdio>
#include <map>
#include <string_view>

#include "core/config/version.h"
#include "core/gateway/words.h"

namespace skerry::edge {
namespace {

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out.push_back(c);
    }
  }
  return out;
}

// Sums of a counter by the value of one label.
std::map<std::string, double> SumBy(std::string_view text, std::string_view name,
                                    std::string_view label) {
  std::map<std::string, double> sums;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != '{') continue;
    const std::string marker = std::string(label) + "=\"";
    const size_t at = line.find(marker);
    const size_t close = line.rfind("} ");
    if (at == line.npos || close == line.npos) continue;
    const std::string_view rest = line.substr(at + marker.size());
    double value = 0;
    const std::string_view number = line.substr(close + 2);
    std::from_chars(number.data(), number.data() + number.size(), value);
    sums[std::string(rest.substr(0, rest.find('"')))] += value;
  }
  return sums;
}

void Row(std::string& page, std::string_view name, std::string_view value) {
  page.append("<tr><th>").append(name).append("</th><td>").append(value).append("</td></tr>");
}

std::string Bar(double share) {
  char text[96];
  std::snprintf(text, sizeof(text), "<meter min=0 max=100 value=%.1f></meter> %.1f %%", share * 100,
                share * 100);
  return text;
}

void RequestRows(std::string& page, const std::string& metrics) {
  const std::map<std::string, double> by_cache = SumBy(metrics, "skerry_requests_total", "cache");
  double all = 0;
  for (const auto& [word, count] : by_cache) all += count;
  char text[64];
  std::snprintf(text, sizeof(text), "%.0f", all);
  Row(page, "answered", text);
  for (const auto& [word, count] : by_cache) {
    std::snprintf(text, sizeof(text), "%.0f", count);
    Row(page, Escaped(word), std::string(text) + " " + Bar(all == 0 ? 0 : count / all));
  }
}

constexpr std::string_view kHead = R"(<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>skerry-edge</title><style>
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1rem;margin:1.5rem 0 .3rem}table{border-collapse:collapse;width:100%}
th{text-align:left;font-weight:500;width:14rem}td,th{padding:.2rem .4rem;border-bottom:1px solid #8884}
meter{width:10rem;vertical-align:middle}.bad{color:#c22;font-weight:600}</style>)";

}  // namespace

std::string StatusPage(const StatusInput& input) {
  std::string page(kHead);
  page.append("<h1>skerry-edge ").append(config::kVersion);
  if (!input.node.empty()) page.append(" · ").append(Escaped(input.node));
  page.append("</h1><h2>Listens</h2><table>");
  if (!input.https.empty()) Row(page, "https", Escaped(input.https));
  if (!input.http.empty()) Row(page, "http", Escaped(input.http));
  for (const std::string& url : input.upstreams) Row(page, "upstream", Escaped(url));
  page.append("</table><h2>Requests</h2><table>");
  RequestRows(page, input.metrics_text);
  page.append("</table><h2>Memory</h2><table>");
  Row(page, "stored", std::to_string(input.ram_objects) + " responses");
  Row(page, "used",
      gateway::SizeInWords(input.ram_bytes) + " of " + gateway::SizeInWords(input.ram_capacity) +
          " " +
          Bar(static_cast<double>(input.ram_bytes) /
              static_cast<double>(std::max<uint64_t>(1, input.ram_capacity))));
  page.append("</table>");
  if (input.disk) {
    page.append("<h2>Disk</h2><table>");
    Row(page, "stored", std::to_string(input.disk->objects) + " responses");
    Row(page, "used",
        gateway::SizeInWords(input.disk->bytes) + " of " + gateway::SizeInWords(input.disk_budget) +
            " " +
            Bar(static_cast<double>(input.disk->bytes) /
                static_cast<double>(std::max<uint64_t>(1, input.disk_budget))));
    Row(page, "not yet in a file", gateway::SizeInWords(input.disk->unflushed));
    Row(page, "corrupt, never served", std::to_string(input.disk->corrupt));
    if (input.disk->failing)
      Row(page, "state", "<span class=bad>takes nothing: full or failing</span>");
    page.append("</table>");
  }
  if (input.purge) {
    page.append("<h2>Purge log</h2><table>");
    Row(page, "applied",
        std::to_string(input.purge->applied) + " of " + std::to_string(input.purge->head));
    Row(page, "lease",
        input.purge->fenced ? "<span class=bad>fenced: everything purgeable is "
                              "validated before it is served</span>"
                            : "held");
    page.append("</table>");
  }
  page.append(
      "<p><a href=/metrics>metrics</a> · <a href=\"/healthz?verbose\">health</a></p></html>\n");
  return page;
}

}  // namespace skerry::edge
