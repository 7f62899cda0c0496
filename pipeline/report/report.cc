#include "pipeline/report/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "pipeline/base/text_table.h"
#include "pipeline/report/weight.h"
#include "pipeline/steps/service_worker.h"

namespace skerry::pipeline {
namespace {

using asset::Coding;
using asset::Entry;

constexpr size_t kMostWarnings = 10;

class Weigher {
 public:
  Weigher(const asset::Manifest& manifest, const Site& site, const Fingerprinted& release,
          const Config& config)
      : manifest_(manifest), site_(site), release_(release), config_(config) {}

  BuildReport Run() {
    report_.references = release_.references;
    report_.rewritten_references = release_.rewritten_references;
    report_.warnings = release_.warnings;
    report_.precached.bytes = release_.precached_bytes;
    for (const Entry& entry : manifest_.entries) See(entry);
    report_.offenders = JudgeBudgets(manifest_, site_, release_, config_);
    return std::move(report_);
  }

 private:
  void See(const Entry& entry) {
    KindWeight& kind = report_.kinds[KindOf(entry.type)];
    ++kind.files;
    kind.bytes += entry.size;
    kind.gzip += SizeAs(entry, Coding::kGzip);
    kind.brotli += SizeAs(entry, Coding::kBrotli);
    kind.smallest += Smallest(entry);
    if (const auto note = entry.notes.find(kPrecacheNote); note != entry.notes.end()) {
      report_.precached.files += 1 + std::count(note->second.begin(), note->second.end(), ' ');
    }
    if (!entry.source.empty()) ++report_.renamed;
    for (const asset::ImageVariant& image : entry.images) {
      ++report_.variants[image.type].files;
      report_.variants[image.type].bytes += image.size;
    }
    for (const asset::CodedVariant& coded : entry.coded) {
      if (!coded.dictionary) continue;
      ++report_.deltas.files;
      report_.deltas.bytes += coded.size;
    }
  }

  const asset::Manifest& manifest_;
  const Site& site_;
  const Fingerprinted& release_;
  const Config& config_;
  BuildReport report_;
};

KindWeight Total(const BuildReport& report) {
  KindWeight total;
  for (const auto& [name, kind] : report.kinds) {
    total.files += kind.files;
    total.bytes += kind.bytes;
    total.gzip += kind.gzip;
    total.brotli += kind.brotli;
    total.smallest += kind.smallest;
  }
  return total;
}

void AddRow(TextTable& table, const std::string& name, const KindWeight& kind) {
  table.Row({name, std::to_string(kind.files), HumanBytes(kind.bytes), HumanBytes(kind.gzip),
             HumanBytes(kind.brotli), HumanBytes(kind.smallest)});
}

using Json = nlohmann::ordered_json;

Json KindJson(const KindWeight& kind) {
  return {{"files", kind.files},
          {"bytes", kind.bytes},
          {"gzip", kind.gzip},
          {"br", kind.brotli},
          {"smallest", kind.smallest}};
}

Json WeightJson(const VariantWeight& weight) {
  return {{"files", weight.files}, {"bytes", weight.bytes}};
}

}  // namespace

BuildReport Weigh(const asset::Manifest& manifest, const Site& site, const Fingerprinted& release,
                  const Config& config) {
  return Weigher(manifest, site, release, config).Run();
}

std::string ReportText(const BuildReport& report, const std::string& out) {
  TextTable table;
  table.Row({"", "files", "bytes", "gzip", "brotli", "smallest"});
  for (const char* name : kKinds) {
    const auto kind = report.kinds.find(name);
    if (kind != report.kinds.end()) AddRow(table, name, kind->second);
  }
  AddRow(table, "all", Total(report));
  std::string text = table.ToString();
  TextTable made;
  for (const auto& [type, weight] : report.variants) {
    made.Row({"as " + type, std::to_string(weight.files), HumanBytes(weight.bytes)});
  }
  if (report.deltas.files > 0) {
    made.Row(
        {"as deltas (dcz)", std::to_string(report.deltas.files), HumanBytes(report.deltas.bytes)});
  }
  if (report.precached.files > 0) {
    made.Row({"kept by the service worker", std::to_string(report.precached.files),
              HumanBytes(report.precached.bytes)});
  }
  text += "\n" + made.ToString();
  for (const std::string& release : report.deployed) {
    text += "  deltas are against release " + release + "\n";
  }
  for (const std::string& broken : report.broken)
    text += "  broken, kept as it is: " + broken + "\n";
  for (size_t i = 0; i < std::min(report.warnings.size(), kMostWarnings); ++i) {
    text += "  note: " + report.warnings[i] + "\n";
  }
  if (report.warnings.size() > kMostWarnings) {
    text += "  note: and " + std::to_string(report.warnings.size() - kMostWarnings) +
            " more; --json lists all\n";
  }
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.1f s", report.seconds);
  text += "  " + Count(report.renamed, "file") + " renamed, " +
          std::to_string(report.rewritten_references) + " of " +
          Count(report.references, "reference") + " rewritten, " +
          std::to_string(report.cache_hits) + " of " +
          Count(report.cache_hits + report.cache_misses, "result") + " from the cache, " + seconds +
          "\n  release: " + out + "\n" + OffendersText(report.offenders);
  return text;
}

std::string ReportJson(const BuildReport& report, const std::string& out) {
  Json json;
  json["out"] = out;
  json["kinds"] = Json::object();
  for (const char* name : kKinds) {
    const auto kind = report.kinds.find(name);
    if (kind != report.kinds.end()) json["kinds"][name] = KindJson(kind->second);
  }
  json["total"] = KindJson(Total(report));
  json["broken"] = report.broken;
  json["search"] = {{"files", report.searched}, {"probes", report.probes}};
  json["variants"] = Json::object();
  for (const auto& [type, weight] : report.variants) json["variants"][type] = WeightJson(weight);
  json["deltas"] = WeightJson(report.deltas);
  json["precached"] = WeightJson(report.precached);
  json["deployed"] = report.deployed;
  json["renamed"] = report.renamed;
  json["references"] = {{"seen", report.references}, {"rewritten", report.rewritten_references}};
  json["skipped"] = report.skipped;
  json["warnings"] = report.warnings;
  json["over_budget"] = Json::array();
  for (const Offender& offender : report.offenders) {
    json["over_budget"].push_back({{"budget", offender.budget},
                                   {"path", offender.path},
                                   {"limit", offender.limit},
                                   {"size", offender.size},
                                   {"over", offender.size - offender.limit}});
  }
  json["cache"] = {{"hits", report.cache_hits}, {"misses", report.cache_misses}};
  json["seconds"] = report.seconds;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace skerry::pipeline
