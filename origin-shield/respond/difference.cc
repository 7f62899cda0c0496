#include "origin-shield/respond/difference.h"

#include <map>
#include <set>

#include "core/cache/purge/scopes.h"

namespace skerry::shield {
namespace {

constexpr std::string_view kIndex = "/index.html";

// Everything about an entry that its answers show. Notes and the logical path do not.
bool AnswersAlike(const asset::Entry& a, const asset::Entry& b) {
  return a.sha256 == b.sha256 && a.type == b.type && a.cache == b.cache && a.width == b.width &&
         a.coded == b.coded && a.images == b.images && a.links == b.links &&
         (a.source.empty() == b.source.empty());
}

class Collector {
 public:
  explicit Collector(const std::string& site) : site_(site) {
    tags_.insert(cache::SiteMissTag(site));
  }
  void Path(std::string_view path) {
    if (++paths_ <= kMostPaths) tags_.insert(cache::SitePathTag(site_, path));
  }
  // With a directory's page comes and goes the redirect to it.
  void PathAndRedirect(std::string_view path) {
    Path(path);
    if (path.ends_with(kIndex) && path != kIndex) {
      Path(path.substr(0, path.size() - kIndex.size()));
    }
  }
  void Finish(Difference& difference) {
    if (paths_ > kMostPaths) {
      difference.everything = true;
      tags_ = {cache::SiteTag(site_), cache::SiteMissTag(site_)};
    }
    difference.tags.assign(tags_.begin(), tags_.end());
  }

 private:
  const std::string& site_;
  std::set<std::string> tags_;
  size_t paths_ = 0;
};

void CompareEntries(const Release* before, const Release& after, Collector& collector,
                    Difference& difference) {
  for (const asset::Entry& entry : after.manifest().entries) {
    const Release::File old = before != nullptr ? before->Find(entry.path) : Release::File{};
    if (!old) {
      ++difference.added;
      collector.PathAndRedirect(entry.path);
    } else if (old.image != nullptr || !AnswersAlike(*old.entry, entry)) {
      ++difference.changed;
      collector.Path(entry.path);
    }
    for (const asset::ImageVariant& image : entry.images) {
      if (before != nullptr && before->Find(image.path)) continue;
      collector.Path(image.path);
    }
  }
}

}  // namespace

Difference Compare(const Release* before, const Release& after) {
  Difference difference;
  Collector collector(after.site());
  CompareEntries(before, after, collector, difference);
  if (before != nullptr) {
    for (const asset::Entry& entry : before->manifest().entries) {
      if (entry.cache == asset::CacheClass::kImmutable || after.Find(entry.path)) continue;
      ++difference.removed;
      collector.PathAndRedirect(entry.path);
    }
  }
  collector.Finish(difference);
  return difference;
}

Difference Everything(std::string_view site) {
  Difference difference;
  difference.everything = true;
  difference.tags = {cache::SiteMissTag(site), cache::SiteTag(site)};
  return difference;
}

std::string AnswerTags(std::string_view site, const Located& located) {
  std::string tags = cache::SiteTag(site);
  const bool miss = located.place == Place::kNotFound || located.place == Place::kFallback;
  if (miss) tags += "," + cache::SiteMissTag(site);
  if (!located.site_path.empty()) tags += "," + cache::SitePathTag(site, located.site_path);
  return tags;
}

}  // namespace skerry::shield
