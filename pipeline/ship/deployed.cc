#include "pipeline/ship/deployed.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "core/base/thread.h"
#include "pipeline/ship/releases.h"

namespace skerry::pipeline {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPatience = 20s;

Error InVain(Error error) {
  error.context += "; without --deployed (or with --deployed=off) the build makes no deltas";
  return error;
}

// Fetches what deltas need; shared by the releases.
class Fetcher {
 public:
  explicit Fetcher(const ShieldAddress& address) : shield_(address) {}

  ShieldClient& shield() { return shield_; }

  Result<std::string> Get(const std::string& url) {
    {
      MutexLock lock(mutex_);
      if (failed_) return Fail(*failed_);
    }
    HttpRequest request{"GET", url};
    request.patience = kPatience;
    Result<std::string> body = shield_.Ask(request, {200});
    if (body) return body;
    MutexLock lock(mutex_);
    if (!failed_) failed_ = InVain(std::move(body.error()));
    return Fail(*failed_);
  }

 private:
  ShieldClient shield_;
  Mutex mutex_;
  std::optional<Error> failed_ SKERRY_GUARDED_BY(mutex_);
};

Result<asset::Manifest> ManifestOf(Fetcher& fetcher, const std::string& release) {
  const Result<std::string> json = fetcher.Get(fetcher.shield().SiteUrl("/releases/" + release));
  if (!json) return Fail(json.error());
  Result<asset::Manifest> manifest = asset::Manifest::FromJson(*json);
  if (!manifest) {
    return Fail(InVain(std::move(manifest.error()).In("the shield's release " + release)));
  }
  return manifest;
}

// Active now or once: the last first.
std::vector<ReleaseInfo> LastActive(std::vector<ReleaseInfo> releases, size_t most) {
  std::erase_if(releases,
                [](const ReleaseInfo& one) { return !one.complete || one.activated.empty(); });
  // RFC 3339 in UTC sorts as text.
  std::stable_sort(releases.begin(), releases.end(),
                   [](const ReleaseInfo& a, const ReleaseInfo& b) {
                     return a.active != b.active ? a.active : a.activated > b.activated;
                   });
  if (releases.size() > most) releases.resize(most);
  return releases;
}

}  // namespace

Result<Deployed> OpenDeployed(const ShieldAddress& address, size_t most) {
  const auto fetcher = std::make_shared<Fetcher>(address);
  Deployed deployed;
  Result<std::vector<ReleaseInfo>> listed = AskReleases(fetcher->shield());
  if (!listed && listed.error().code == Code::kNotFound) return deployed;
  if (!listed) return Fail(InVain(std::move(listed.error())));
  for (const ReleaseInfo& one : LastActive(*std::move(listed), most)) {
    Result<asset::Manifest> manifest = ManifestOf(*fetcher, one.release);
    if (!manifest) return Fail(std::move(manifest.error()));
    deployed.ids.push_back(one.release);
    deployed.releases.emplace_back(*std::move(manifest), [fetcher](const asset::Entry& entry) {
      return fetcher->Get(fetcher->shield().Url("/v1/blobs/" + entry.sha256.Hex()));
    });
  }
  return deployed;
}

}  // namespace skerry::pipeline
