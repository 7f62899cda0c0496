#include "origin-shield/store/release.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/asset/site_path.h"

namespace skerry::shield {
namespace {

constexpr size_t kLongestSiteName = 63;
constexpr std::string_view kNotFoundPage = "/404.html";

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool LooksLikeNavigation(std::string_view site_path) {
  return site_path.substr(site_path.rfind('/') + 1).find('.') == std::string_view::npos ||
         site_path.ends_with("/index.html");
}

// An immutable file of any kept release.
bool LocateKept(const SiteView& site, Located& located) {
  for (const ReleasePtr& kept : site.kept) {
    const Release::File file = kept->Find(located.site_path);
    if (!file || !file.immutable()) continue;
    located.place = Place::kFile;
    located.release = kept;
    located.file = file;
    return true;
  }
  return false;
}

// What the active release says about a path that it does not have; the path is empty
// where the URL's cannot be one.
void LocateUnknown(std::string_view query, bool others_answer, Located& located) {
  const Release& release = *located.release;
  const bool known = !located.site_path.empty();
  if (known && release.Find(located.site_path + "/index.html")) {
    located.place = Place::kRedirect;
    located.location = asset::UrlOfSitePath(located.site_path) + "/" + std::string(query);
    return;
  }
  if (others_answer) return;
  const asset::Manifest& manifest = release.manifest();
  if (known && !manifest.fallback.empty() && LooksLikeNavigation(located.site_path)) {
    located.place = Place::kFallback;
    located.file = release.Find(manifest.fallback);
    return;
  }
  located.file = release.Find(manifest.not_found.empty() ? kNotFoundPage
                                                         : std::string_view(manifest.not_found));
}

}  // namespace

Status CheckSiteName(std::string_view site) {
  const bool good = !site.empty() && site.size() <= kLongestSiteName && IsLowerOrDigit(site[0]) &&
                    std::all_of(site.begin(), site.end(), [](char c) {
                      return IsLowerOrDigit(c) || c == '.' || c == '-' || c == '_';
                    });
  if (good) return {};
  return Fail(Code::kInvalid, Side::kClient,
              "a site's name has 1 to 63 lower-case letters, digits, '.', '-' and '_', and begins "
              "with a letter or digit");
}

std::string ReleaseId(const asset::Manifest& manifest) {
  return Sha256(manifest.ToJson()).Hex().substr(0, kReleaseIdDigits);
}

bool IsReleaseId(std::string_view text) {
  return text.size() == kReleaseIdDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Release::Release(std::string site, std::string id, asset::Manifest manifest, WallTime created,
                 std::vector<WallTime> modified)
    : site_(std::move(site)),
      id_(std::move(id)),
      manifest_(std::move(manifest)),
      index_(manifest_),
      created_(created),
      modified_(std::move(modified)) {}

Release::File Release::Find(std::string_view site_path) const {
  const asset::ManifestIndex::Found found = index_.Find(site_path);
  return {found.entry, found.image};
}

WallTime Release::Modified(const asset::Entry& entry) const {
  const size_t index = static_cast<size_t>(&entry - manifest_.entries.data());
  return index < modified_.size() ? modified_[index] : created_;
}

std::vector<WallTime> InheritTimes(const asset::Manifest& manifest, const Release* before,
                                   WallTime now) {
  std::vector<WallTime> times;
  times.reserve(manifest.entries.size());
  for (const asset::Entry& entry : manifest.entries) {
    const Release::File same = before != nullptr ? before->Find(entry.path) : Release::File{};
    const bool kept = same && same.image == nullptr && same.entry->sha256 == entry.sha256;
    times.push_back(kept ? before->Modified(*same.entry) : now);
  }
  return times;
}

std::string_view Name(Place place) {
  switch (place) {
    case Place::kFile: return "file";
    case Place::kRedirect: return "redirect";
    case Place::kFallback: return "fallback";
    case Place::kNotFound: return "not-found";
    case Place::kNotHere: return "not-here";
  }
  return "unknown";
}

Located Locate(const SiteView& site, std::string_view path_and_query, bool others_answer) {
  Located located;
  located.release = site.release;
  const size_t end = std::min(path_and_query.find('?'), path_and_query.size());
  const std::optional<std::string> path = asset::SitePathOfUrl(path_and_query.substr(0, end));
  if (path) located.site_path = *path;
  if (path && site.release != nullptr) {
    located.file = site.release->Find(*path);
    if (located.file) {
      located.place = Place::kFile;
      return located;
    }
  }
  if (path && LocateKept(site, located)) return located;
  if (site.release == nullptr) {
    if (!site.active.empty()) located.place = Place::kNotHere;
    return located;
  }
  LocateUnknown(path_and_query.substr(end), others_answer, located);
  return located;
}

}  // namespace skerry::shield
