#include "pipeline/report/report_page.h"

#include <algorithm>
#include <cstdio>

#include "pipeline/base/text_table.h"
#include "pipeline/references/rewrite.h"

namespace skerry::pipeline {
namespace {

constexpr size_t kMostRows = 200;  // of changed files

constexpr const char* kStyle = R"(
:root{color-scheme:light dark;--ink:#1d2733;--soft:#5b6875;--line:#d9dfe5;--back:#fff;--card:#f5f7f9;
--plain:#7d8b99;--gzip:#3b7dd8;--brotli:#1c9a78;--delta:#b9770e;--best:#8a5cc2;--bad:#c0392b}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#9aa8b5;--line:#34404c;--back:#12181f;--card:#1a222b;
--plain:#6d7b89;--gzip:#5b9bf0;--brotli:#3dbf9b;--delta:#e0a03c;--best:#b48ae8;--bad:#ff7b6b}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);margin:0 auto;max-width:62rem;padding:2rem 1.25rem}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2.25rem 0 .75rem}p{margin:.25rem 0;color:var(--soft)}
table{border-collapse:collapse;width:100%}th,td{padding:.35rem .5rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th{font-weight:600;color:var(--soft)}th:first-child,td:first-child{text-align:left;white-space:normal;overflow-wrap:anywhere}
.bars{display:grid;grid-template-columns:minmax(4.5rem,max-content) 1fr;gap:.6rem 1rem;align-items:center}
.track{display:grid;gap:2px}.bar{display:flex;align-items:center;gap:.5rem;font-size:.8rem;color:var(--soft)}
.bar i{display:block;height:.7rem;border-radius:2px;min-width:2px}
.plain{background:var(--plain)}.gzip{background:var(--gzip)}.brotli{background:var(--brotli)}.delta{background:var(--delta)}.best{background:var(--best)}
.key{display:flex;flex-wrap:wrap;gap:1rem;margin-bottom:1rem;font-size:.85rem;color:var(--soft)}
.key i{display:inline-block;width:.7rem;height:.7rem;border-radius:2px;margin-right:.4rem}
p code{color:var(--ink);background:var(--card);padding:.1rem .35rem;border-radius:3px;white-space:nowrap}h2+table+p{margin-top:.6rem}
.bad{color:var(--bad);font-weight:600}ul{padding-left:1.2rem;color:var(--soft)}li{overflow-wrap:anywhere}
)";

std::string Bar(const char* kind, ByteCount bytes, ByteCount most) {
  const double percent =
      most == 0 ? 0 : 85.0 * static_cast<double>(bytes) / static_cast<double>(most);
  char width[32];
  std::snprintf(width, sizeof width, "%.2f%%", percent);
  return std::string("<span class=\"bar\"><i class=\"") + kind + "\" style=\"width:" + width +
         "\"></i>" + HumanBytes(bytes) + "</span>";
}

std::string Key(std::initializer_list<std::pair<const char*, const char*>> colours) {
  std::string html = "<div class=\"key\">";
  for (const auto& [kind, words] : colours) {
    html += std::string("<span><i class=\"") + kind + "\"></i>" + words + "</span>";
  }
  return html + "</div>\n";
}

// A coding that changes nothing has no bar: pictures are not compressed again.
std::string KindBars(const KindWeight& kind, ByteCount most) {
  std::string html = Bar("plain", kind.bytes, most);
  if (kind.gzip < kind.bytes) html += Bar("gzip", kind.gzip, most);
  if (kind.brotli < kind.bytes) html += Bar("brotli", kind.brotli, most);
  if (kind.smallest < std::min({kind.bytes, kind.gzip, kind.brotli})) {
    html += Bar("best", kind.smallest, most);
  }
  return html;
}

std::string Kinds(const BuildReport& report) {
  ByteCount most = 0;
  for (const auto& [name, kind] : report.kinds) most = std::max(most, kind.bytes);
  std::string html = "<h2>What it weighs</h2>\n" +
                     Key({{"plain", "as it is"},
                          {"gzip", "gzip"},
                          {"brotli", "Brotli"},
                          {"best", "the best coding or format of each file"}}) +
                     "<div class=\"bars\">\n";
  for (const char* name : kKinds) {
    const auto kind = report.kinds.find(name);
    if (kind == report.kinds.end()) continue;
    html += std::string("<span>") + name + " <small>" + std::to_string(kind->second.files) +
            "</small></span><span class=\"track\">" + KindBars(kind->second, most) + "</span>\n";
  }
  return html + "</div>\n";
}

std::string Row(std::initializer_list<std::string> cells, const char* cell = "td") {
  std::string html = "<tr>";
  for (const std::string& text : cells) {
    html += std::string("<") + cell + ">" + EscapeAttribute(text) + "</" + cell + ">";
  }
  return html + "</tr>\n";
}

std::string MadeBesides(const BuildReport& report) {
  if (report.variants.empty() && report.deltas.files + report.precached.files == 0) return "";
  std::string html = "<h2>Variants</h2>\n<table>" + Row({"", "files", "bytes"}, "th");
  for (const auto& [type, weight] : report.variants) {
    html += Row({type, std::to_string(weight.files), HumanBytes(weight.bytes)});
  }
  if (report.deltas.files > 0) {
    html +=
        Row({"deltas (dcz)", std::to_string(report.deltas.files), HumanBytes(report.deltas.bytes)});
  }
  if (report.precached.files > 0) {
    html += Row({"kept by the service worker", std::to_string(report.precached.files),
                 HumanBytes(report.precached.bytes)});
  }
  return html + "</table>\n";
}

std::string Offenders(const BuildReport& report) {
  if (report.offenders.empty()) return "<h2>Budgets</h2>\n<p>Everything is within budget.</p>\n";
  std::string html = "<h2 class=\"bad\">Over budget</h2>\n<table>" +
                     Row({"file", "budget", "limit", "size", "over by"}, "th");
  for (const Offender& offender : report.offenders) {
    html += Row({offender.path, offender.budget, HumanBytes(offender.limit),
                 HumanBytes(offender.size), HumanBytes(offender.size - offender.limit)});
  }
  html += "</table>\n<p>To allow them, in skerry.toml below [budgets]:";
  for (const std::string& line : RaisedBudgets(report.offenders)) {
    html += " <code>" + EscapeAttribute(line) + "</code>";
  }
  return html + "</p>\n";
}

// Bytes of the changed files by how a returning visitor gets them.
std::string Visitors(const Difference& difference) {
  std::string html =
      "<h2>What visitors load of everything</h2>\n<div class=\"bars\">\n<span>new</span>"
      "<span class=\"track\">" +
      Bar("brotli", difference.whole, difference.whole) +
      "</span>\n<span>returning</span><span class=\"track\">" +
      Bar("delta", difference.fetched, difference.whole) + "</span>\n</div>\n<p>" +
      Count(difference.same, "file") +
      (difference.same == 1 ? " is the same and is" : " are the same and are") +
      " not loaded again.</p>\n";
  if (difference.changes.empty()) return html;
  html += "<h2>Changed files</h2>\n<table>" +
          Row({"file", "before", "after", "returning visitor"}, "th");
  for (size_t i = 0; i < std::min(difference.changes.size(), kMostRows); ++i) {
    const Difference::Change& change = difference.changes[i];
    html += Row({change.path, change.before == 0 ? "new" : HumanBytes(change.before),
                 change.after == 0 ? "gone" : HumanBytes(change.after),
                 change.after == 0 ? "" : HumanBytes(change.fetched)});
  }
  html += "</table>\n";
  if (difference.changes.size() > kMostRows) {
    html += "<p>and " + std::to_string(difference.changes.size() - kMostRows) + " more</p>\n";
  }
  return html;
}

std::string Notes(const BuildReport& report) {
  if (report.warnings.empty() && report.broken.empty()) return "";
  std::string html = "<h2>Notes</h2>\n<ul>\n";
  for (const std::string& broken : report.broken) {
    html += "<li class=\"bad\">broken, kept as it is: " + EscapeAttribute(broken) + "</li>\n";
  }
  for (const std::string& warning : report.warnings) {
    html += "<li>" + EscapeAttribute(warning) + "</li>\n";
  }
  return html + "</ul>\n";
}

}  // namespace

std::string ReportPage(const BuildReport& report, const std::optional<Difference>& difference,
                       const std::string& title) {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.1f s", report.seconds);
  const std::string safe = EscapeAttribute(title);
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width\">\n<title>" +
      safe + "</title>\n<style>" + kStyle + "</style>\n<h1>" + safe + "</h1>\n<p>" +
      Count(report.renamed, "file") + " renamed, " + std::to_string(report.rewritten_references) +
      " of " + Count(report.references, "reference") + " rewritten, built in " + seconds + "</p>\n";
  html += Offenders(report) + Kinds(report);
  if (difference) html += Visitors(*difference);
  return html + MadeBesides(report) + Notes(report) + "</html>\n";
}

}  // namespace skerry::pipeline
