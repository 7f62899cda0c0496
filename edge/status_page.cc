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
  std::snprintf(text, sizeof(text), "<meter min=0 max=100 value=%.1f></meter>%.1f %%, ",
                share * 100, share * 100);
  return text;
}

std::string Responses(uint64_t count) {
  return std::to_string(count) + (count == 1 ? " response" : " responses");
}

std::string Used(uint64_t bytes, uint64_t budget) {
  const double share =
      static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(1, budget));
  return Bar(share) + gateway::SizeInWords(bytes) + " of " + gateway::SizeInWords(budget);
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
    Row(page, Escaped(word), Bar(all == 0 ? 0 : count / all) + text);
  }
}

constexpr std::string_view kHead = R"(<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>skerry-edge</title><link rel="icon" href="data:,"><style>
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1rem;margin:1.5rem 0 .3rem}table{border-collapse:collapse;width:100%}
table{table-layout:fixed}th{text-align:left;font-weight:500;width:30%}
td,th{padding:.2rem .4rem;border-bottom:1px solid #8884;overflow-wrap:anywhere}
meter{width:10rem;max-width:100%;vertical-align:middle;margin-right:.6rem}.bad{color:#b00;font-weight:600}
form{display:flex;gap:.5rem}input{flex:1;min-width:0;font:inherit}button{font:inherit}
@media(prefers-color-scheme:dark){.bad{color:#f88}}</style>)";

}  // namespace

std::string StatusPage(const StatusInput& input) {
  std::string page(kHead);
  page.append("<h1>skerry-edge ").append(config::kVersion);
  if (!input.node.empty()) page.append(" · ").append(Escaped(input.node));
  page.append("</h1><h2>Addresses</h2><table>");
  if (!input.https.empty()) Row(page, "https", Escaped(input.https));
  if (!input.http.empty()) Row(page, "http", Escaped(input.http));
  for (const std::string& url : input.upstreams) Row(page, "upstream", Escaped(url));
  page.append("</table><h2>Requests</h2><table>");
  RequestRows(page, input.metrics_text);
  page.append("</table><h2>Memory</h2><table>");
  Row(page, "stored", Responses(input.ram_objects));
  Row(page, "used", Used(input.ram_bytes, input.ram_capacity));
  page.append("</table>");
  if (input.disk) {
    page.append("<h2>Disk</h2><table>");
    Row(page, "stored", Responses(input.disk->objects));
    Row(page, "used", Used(input.disk->bytes, input.disk_budget));
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
      "<h2>What happens to a request, and why?</h2><form action=/explain><input type=url name=url "
      "required aria-label=URL placeholder=\"https://host/path\"><button>Explain</button></form>"
      "<p><a href=/metrics>metrics</a> · <a href=\"/healthz?verbose\">health</a></p></html>\n");
  return page;
}

}  // namespace skerry::edge
