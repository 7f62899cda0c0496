#include "pipeline/report/budgets.h"

#include <algorithm>
#include <map>
#include <set>

#include "pipeline/base/text_table.h"
#include "pipeline/report/weight.h"

namespace skerry::pipeline {
namespace {

using asset::Coding;
using asset::Entry;

constexpr size_t kMostRows = 10;     // a budget
constexpr size_t kMostColumns = 48;  // of a path; --json has all of it
constexpr const char* kOrder[] = {"script", "route", "style", "image", "font", "page", "precache"};

bool IsScript(const SiteFile& file) { return file.type == "text/javascript"; }

class Judge {
 public:
  Judge(const asset::Manifest& manifest, const Site& site, const Fingerprinted& release,
        const Config& config)
      : manifest_(manifest), site_(site), release_(release), config_(config) {}

  std::vector<Offender> Run() {
    gzip_.resize(site_.files.size());
    FindEntries();
    std::set<int> seen;  // the old and the new name of a file weigh the same
    for (const Entry& entry : manifest_.entries) {
      const int file = site_.Find(entry.logical_path());
      if (file < 0 || !seen.insert(file).second) continue;
      gzip_[file] = SizeAs(entry, Coding::kGzip);
      See(entry, file);
    }
    for (size_t i = 0; i < site_.files.size(); ++i) WeighPage(static_cast<int>(i));
    Limit("precache", config_.base + config_.worker_file, release_.precached_bytes,
          config_.budget_precache);
    std::sort(offenders_.begin(), offenders_.end(), [](const Offender& a, const Offender& b) {
      const auto rank = [](const Offender& o) {
        return std::find(std::begin(kOrder), std::end(kOrder), o.budget) - std::begin(kOrder);
      };
      if (rank(a) != rank(b)) return rank(a) < rank(b);
      return a.size != b.size ? a.size > b.size : a.path < b.path;
    });
    return std::move(offenders_);
  }

 private:
  void FindEntries() {
    for (size_t i = 0; i < site_.files.size(); ++i) {
      if (KindOf(site_.files[i].type) != "pages") continue;
      for (const int target : release_.loads[i]) {
        if (IsScript(site_.files[target])) entries_.insert(target);
      }
    }
  }

  void See(const Entry& entry, int file) {
    const std::string kind = KindOf(entry.type);
    const ByteCount gzip = SizeAs(entry, Coding::kGzip);
    if (IsScript(site_.files[file]) && entry.cache != asset::CacheClass::kRevalidate) {
      const bool named =
          static_cast<size_t>(file) < release_.in_code.size() && release_.in_code[file];
      if (entries_.contains(file)) {
        Limit("script", entry.path, gzip, config_.budget_script);
      } else if (named) {
        Limit("route", entry.path, gzip, config_.budget_route);
      }
    }
    if (kind == "styles") Limit("style", entry.path, gzip, config_.budget_style);
    if (kind == "images") Limit("image", entry.path, SmallestImage(entry), config_.budget_image);
    if (kind == "fonts") Limit("font", entry.path, gzip, config_.budget_font);
  }

  void WeighPage(int page) {
    if (KindOf(site_.files[page].type) != "pages") return;
    std::set<int> loaded;
    std::vector<int> todo{page};
    ByteCount total = 0;
    while (!todo.empty()) {
      const int file = todo.back();
      todo.pop_back();
      const std::string kind = KindOf(site_.files[file].type);
      const bool counts = kind == "scripts" || kind == "styles" || file == page;
      if (!counts || !loaded.insert(file).second) continue;
      total += gzip_[file];
      todo.insert(todo.end(), release_.loads[file].begin(), release_.loads[file].end());
    }
    Limit("page", site_.files[page].path, total, config_.budget_page);
  }

  void Limit(const char* budget, const std::string& path, ByteCount size, ByteCount limit) {
    if (limit > 0 && size > limit) offenders_.push_back({budget, path, size, limit});
  }

  const asset::Manifest& manifest_;
  const Site& site_;
  const Fingerprinted& release_;
  const Config& config_;
  std::vector<ByteCount> gzip_;  // by file of the site
  std::set<int> entries_;
  std::vector<Offender> offenders_;
};

}  // namespace

std::vector<Offender> JudgeBudgets(const asset::Manifest& manifest, const Site& site,
                                   const Fingerprinted& release, const Config& config) {
  return Judge(manifest, site, release, config).Run();
}

std::vector<std::string> RaisedBudgets(const std::vector<Offender>& offenders) {
  std::vector<std::string> lines;
  std::set<std::string> seen;
  for (const Offender& offender : offenders) {  // the first of a budget is the largest
    if (!seen.insert(offender.budget).second) continue;
    lines.push_back(offender.budget + " = \"" + std::to_string((offender.size + 1023) / 1024) +
                    "KiB\"");
  }
  return lines;
}

std::string OffendersText(const std::vector<Offender>& offenders) {
  if (offenders.empty()) return "";
  TextTable table;
  table.Row({"over budget", "budget", "limit", "size", "over by"});
  std::map<std::string, size_t> rows;
  size_t left_out = 0;
  for (const Offender& offender : offenders) {
    if (++rows[offender.budget] > kMostRows) {
      ++left_out;
      continue;
    }
    table.Row({Shortened(offender.path, kMostColumns), offender.budget, HumanBytes(offender.limit),
               HumanBytes(offender.size), HumanBytes(offender.size - offender.limit)});
  }
  std::string text = "\n" + table.ToString();
  if (left_out > 0) text += "  and " + std::to_string(left_out) + " more; --json lists all\n";
  text +=
      "  The release is built; that it is over budget makes the exit code 3. Make these files "
      "smaller,\n  or allow them in skerry.toml (0: any size):\n\n    [budgets]\n";
  for (const std::string& line : RaisedBudgets(offenders)) text += "    " + line + "\n";
  return text + "\n";
}

}  // namespace skerry::pipeline
