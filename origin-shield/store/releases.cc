#include "origin-shield/store/releases.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/log.h"
#include "origin-shield/store/bindings.h"

namespace skerry::shield {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kHistory = 100;  // activations that a site's record remembers

int64_t ToMs(WallTime time) { return time.time_since_epoch().count(); }
WallTime FromMs(int64_t ms) { return WallTime(Millis(ms)); }

std::string EncodeTimes(const Release& release) {
  std::string bytes;
  for (const asset::Entry& entry : release.manifest().entries) {
    PutLe64(bytes, static_cast<uint64_t>(ToMs(release.Modified(entry))));
  }
  return bytes;
}

std::vector<WallTime> DecodeTimes(std::string_view bytes) {
  std::vector<WallTime> times;
  ByteReader reader(bytes);
  while (!reader.AtEnd() && reader.ok())
    times.push_back(FromMs(static_cast<int64_t>(reader.Le64())));
  return times;
}

// Members of a record; what does not fit is as if it were not there.
int64_t NumberOf(const Json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_number_integer() ? it->get<int64_t>() : 0;
}
bool FlagOf(const Json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_boolean() && it->get<bool>();
}
std::string TextOf(const Json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::string_view HostOnly(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

Error Unknown(std::string_view site, std::string_view id) {
  return {Code::kNotFound, Side::kClient, false,
          "the site \"" + std::string(site) + "\" has no release " + std::string(id) + " here"};
}

}  // namespace

// A release that is registered.
struct Releases::Kept {
  ReleasePtr release;
  bool complete = false;                   // every blob was here once: from then on it may answer
  std::set<Sha256Digest> missing = {};     // not uploaded yet, or lost
  WallTime pushed = {};                    // last
  std::optional<WallTime> activated = {};  // last
  std::optional<WallTime> retired = {};    // when another one took its place

  std::string Encode() const {
    Json json;
    json["created"] = ToMs(release->created());
    json["pushed"] = ToMs(pushed);
    json["complete"] = complete;
    if (activated) json["activated"] = ToMs(*activated);
    if (retired) json["retired"] = ToMs(*retired);
    return json.dump();
  }
  WallTime last_use() const {
    return std::max({pushed, activated.value_or(pushed), retired.value_or(pushed)});
  }
};

struct Releases::Site {
  std::map<std::string, Kept, std::less<>> releases;
  std::string active;
  Seq seq = 0;
  Json history = Json::array();

  std::string Encode() const {
    Json json;
    json["active"] = active;
    json["seq"] = seq;
    json["history"] = history;
    return json.dump();
  }
  // Complete ones, the most recently used first.
  std::vector<const Kept*> Complete() const {
    std::vector<const Kept*> complete;
    for (const auto& [id, kept] : releases) {
      if (kept.complete) complete.push_back(&kept);
    }
    std::sort(complete.begin(), complete.end(),
              [](const Kept* a, const Kept* b) { return a->last_use() > b->last_use(); });
    return complete;
  }
};

// What requests see.
struct Releases::Snapshot {
  std::map<std::string, std::shared_ptr<const SiteView>, std::less<>> sites;
  std::shared_ptr<const SiteView> anywhere;  // what answers for every host
};

Releases::Releases(Options options)
    : options_(std::move(options)), snapshot_(std::make_shared<Snapshot>()) {}
Releases::~Releases() = default;

Result<std::unique_ptr<Releases>> Releases::Open(Options options) {
  std::unique_ptr<Releases> releases(new Releases(std::move(options)));
  auto records = Records::Open(releases->options_.directory);
  if (!records) return Fail(std::move(records.error()));
  releases->records_ = std::move(*records);
  if (Status loaded = releases->Load(); !loaded) return Fail(std::move(loaded.error()));
  return releases;
}

Status Releases::Load() {
  MutexLock lock(mutex_);
  Status inner;
  Status status =
      records_->ForEach(Table::kRelease, "",
                        [&](std::string_view key, std::string_view record) SKERRY_REQUIRES(mutex_) {
                          const SiteKeyParts parts = SplitSiteKey(key);
                          inner = LoadRelease(parts.site, parts.rest, record);
                          return inner.has_value();
                        });
  if (!inner) return inner;
  if (!status) return status;
  status = records_->ForEach(Table::kSite, "",
                             [&](std::string_view name, std::string_view record)
                                 SKERRY_REQUIRES(mutex_) {
                                   LoadSite(name, record);
                                   return true;
                                 });
  Publish();
  return status;
}

// A record that cannot be read is left out, and the log says so: the other releases
// still answer.
Status Releases::LoadRelease(std::string_view site, std::string_view id, std::string_view record) {
  const std::string key = SiteKey(site, id);
  const auto text = records_->Get(Table::kManifest, key);
  if (!text && text.error().code != Code::kNotFound) return Fail(text.error());
  auto manifest =
      text ? asset::Manifest::FromJson(*text) : Result<asset::Manifest>(Fail(text.error()));
  const Json json = Json::parse(record, nullptr, false);
  if (!manifest || !json.is_object()) {
    LogError("releases: a record cannot be read", {{"site", site}, {"release", id}});
    return {};
  }
  const auto times = records_->Get(Table::kTimes, key);
  const std::vector<WallTime> modified = times ? DecodeTimes(*times) : std::vector<WallTime>();
  Kept kept;
  kept.release =
      std::make_shared<const Release>(std::string(site), std::string(id), std::move(*manifest),
                                      FromMs(NumberOf(json, "created")), modified);
  kept.complete = FlagOf(json, "complete");
  kept.pushed = FromMs(NumberOf(json, "pushed"));
  if (json.contains("activated")) kept.activated = FromMs(NumberOf(json, "activated"));
  if (json.contains("retired")) kept.retired = FromMs(NumberOf(json, "retired"));
  if (!kept.complete) {
    const std::vector<Sha256Digest> missing = MissingOf(kept.release->manifest());
    kept.missing = {missing.begin(), missing.end()};
  }
  sites_[std::string(site)].releases.emplace(id, std::move(kept));
  return {};
}

void Releases::LoadSite(std::string_view name, std::string_view record) {
  const Json json = Json::parse(record, nullptr, false);
  if (!json.is_object()) {
    LogError("releases: a record cannot be read", {{"site", name}});
    return;
  }
  Site& site = sites_[std::string(name)];
  site.active = TextOf(json, "active");
  site.seq = static_cast<Seq>(NumberOf(json, "seq"));
  if (json.contains("history") && json["history"].is_array()) site.history = json["history"];
}

// --- registering

std::vector<Sha256Digest> Releases::MissingOf(const asset::Manifest& manifest) const {
  std::vector<Sha256Digest> missing;
  for (const asset::Blob& blob : asset::BlobsOf(manifest)) {
    if (!options_.blobs->Has(blob.sha256, blob.size)) missing.push_back(blob.sha256);
  }
  return missing;
}

// In simple mode one site answers for every host; a second one would take its place.
Status Releases::CheckSite(std::string_view site) const {
  for (const auto& [name, other] : sites_) {
    if (name == site || other.active.empty()) continue;
    return Fail(Code::kRefused, Side::kClient,
                "this shield answers every host from the site \"" + name +
                    "\"; push to that name, or give \"" + std::string(site) +
                    "\" a shield (or a --data_dir) of its own");
  }
  return {};
}

Status Releases::CheckBindings(const Release& release) const {
  for (const auto& [path, sha256] : HashedPaths(release)) {
    const auto record = records_->Get(Table::kPath, SiteKey(release.site(), path));
    if (!record && record.error().code == Code::kNotFound) continue;
    if (!record) return Fail(record.error());
    const std::optional<Binding> binding = Binding::Decode(*record);
    if (!binding || binding->sha256 == sha256) continue;
    return Fail(Code::kRefused, Side::kClient,
                std::string(path) + " has stood for the bytes with SHA-256 " +
                    binding->sha256.Hex() + " and browsers keep it for good; it cannot become " +
                    sha256.Hex() + ": give the file a name that changes with its bytes");
  }
  return {};
}

void Releases::Bind(const Release& release, bool served, std::vector<Change>& changes) const {
  const WallTime now = options_.clock->Wall();
  for (const auto& [path, sha256] : HashedPaths(release)) {
    std::string key = SiteKey(release.site(), path);
    const auto record = records_->Get(Table::kPath, key);
    const std::optional<Binding> before = record ? Binding::Decode(*record) : std::nullopt;
    const Binding binding{sha256, now, served || (before && before->served)};
    changes.push_back({Table::kPath, std::move(key), binding.Encode()});
  }
}

Status Releases::Store(const Kept& kept) {
  const Release& release = *kept.release;
  const std::string key = SiteKey(release.site(), release.id());
  std::vector<Change> changes = {{Table::kManifest, key, release.manifest().ToJson()},
                                 {Table::kTimes, key, EncodeTimes(release)},
                                 {Table::kRelease, key, kept.Encode()}};
  Bind(release, kept.complete, changes);
  return records_->Write(changes);
}

// Writes what has changed about a release whose manifest is stored.
Status Releases::Update(Kept& kept, bool complete) {
  const bool completed = complete && !kept.complete;
  kept.complete = complete;
  std::vector<Change> changes = {
      {Table::kRelease, SiteKey(kept.release->site(), kept.release->id()), kept.Encode()}};
  if (completed) Bind(*kept.release, true, changes);
  return records_->Write(changes);
}

const Releases::Kept* Releases::Find(std::string_view site, std::string_view id) const {
  const auto of = sites_.find(site);
  if (of == sites_.end()) return nullptr;
  const auto it = of->second.releases.find(id);
  return it == of->second.releases.end() ? nullptr : &it->second;
}

Releases::Kept* Releases::Find(std::string_view site, std::string_view id) {
  return const_cast<Kept*>(std::as_const(*this).Find(site, id));
}

Result<ReleasePtr> Releases::Get(std::string_view site, std::string_view id) const {
  MutexLock lock(mutex_);
  if (const Kept* kept = Find(site, id)) return kept->release;
  return tl::unexpected(Unknown(site, id));
}

Result<Registered> Releases::Register(std::string_view site, std::string_view manifest_json) {
  if (Status named = CheckSiteName(site); !named) return Fail(std::move(named.error()));
  auto manifest = asset::Manifest::FromJson(manifest_json);
  if (!manifest) {
    return Fail(Code::kInvalid, Side::kClient, std::move(manifest.error().context));
  }
  Registered registered{.release = ReleaseId(*manifest)};
  const WallTime now = options_.clock->Wall();
  MutexLock lock(mutex_);
  if (Status status = CheckSite(site); !status) return Fail(std::move(status.error()));
  registered.missing = MissingOf(*manifest);
  const bool complete = registered.missing.empty();
  Kept* known = Find(site, registered.release);
  registered.known = known != nullptr;
  if (known == nullptr) {
    const auto view = View(site);
    const Release* before = view != nullptr ? view->release.get() : nullptr;
    std::vector<WallTime> modified = InheritTimes(*manifest, before, now);
    Kept fresh{
        .release = std::make_shared<const Release>(std::string(site), registered.release,
                                                   std::move(*manifest), now, std::move(modified)),
        .complete = complete,
        .pushed = now};
    fresh.missing = {registered.missing.begin(), registered.missing.end()};
    if (Status free = CheckBindings(*fresh.release); !free) return Fail(std::move(free.error()));
    if (Status stored = Store(fresh); !stored) return Fail(std::move(stored.error()));
    sites_[std::string(site)].releases.emplace(registered.release, std::move(fresh));
  } else {
    known->pushed = now;
    known->missing = {registered.missing.begin(), registered.missing.end()};
    if (Status status = Update(*known, known->complete || complete); !status) {
      return Fail(std::move(status.error()));
    }
  }
  Publish();
  return registered;
}

Status Releases::OnBlob(const Sha256Digest& name) {
  MutexLock lock(mutex_);
  bool changed = false;
  for (auto& [site_name, site] : sites_) {
    for (auto& [id, kept] : site.releases) {
      const bool last = kept.missing.erase(name) != 0 && kept.missing.empty();
      if (!last || kept.complete) continue;
      if (Status status = Update(kept, true); !status) return status;
      changed = true;
    }
  }
  if (changed) Publish();
  return {};
}

// --- activating

Result<ReleasePtr> Releases::Complete(std::string_view site, std::string_view id,
                                      std::vector<Sha256Digest>* missing) {
  MutexLock lock(mutex_);
  Kept* kept = Find(site, id);
  if (kept == nullptr) {
    return tl::unexpected(Unknown(site, id));
  }
  std::vector<Sha256Digest> found = MissingOf(kept->release->manifest());
  kept->missing = {found.begin(), found.end()};
  if (found.empty() && !kept->complete) {
    if (Status status = Update(*kept, true); !status) return Fail(std::move(status.error()));
    Publish();
  }
  if (found.empty()) return kept->release;
  const bool one = found.size() == 1;
  std::string context = std::to_string(found.size()) + (one ? " blob" : " blobs") + " of release " +
                        std::string(id) + (one ? " has" : " have") +
                        " not been uploaded, the first is " + found.front().Hex();
  if (missing != nullptr) *missing = std::move(found);
  return Fail(Code::kRefused, Side::kClient, std::move(context));
}

Result<Switched> Releases::Activate(std::string_view site_name, std::string_view id, Seq seq) {
  if (Status named = CheckSiteName(site_name); !named) return Fail(std::move(named.error()));
  MutexLock lock(mutex_);
  Site& site = sites_[std::string(site_name)];
  Switched switched{.before = site.active};
  Kept* kept = Find(site_name, id);
  switched.uploaded = kept != nullptr && kept->complete;
  const WallTime now = options_.clock->Wall();
  std::vector<Change> changes;
  Json entry;
  entry["release"] = std::string(id);
  entry["seq"] = seq;
  entry["at"] = ToMs(now);
  Site changed = {{}, std::string(id), seq, site.history};
  if (site.active != id) changed.history.push_back(std::move(entry));
  while (changed.history.size() > kHistory) changed.history.erase(changed.history.begin());
  changes.push_back({Table::kSite, std::string(site_name), changed.Encode()});
  if (kept != nullptr) {
    kept->activated = now;
    changes.push_back({Table::kRelease, SiteKey(site_name, id), kept->Encode()});
  }
  Kept* before = site.active != id ? Find(site_name, site.active) : nullptr;
  if (before != nullptr) {
    before->retired = now;
    changes.push_back({Table::kRelease, SiteKey(site_name, site.active), before->Encode()});
  }
  if (Status status = records_->Write(changes); !status) return Fail(std::move(status.error()));
  site.active = std::move(changed.active);
  site.seq = seq;
  site.history = std::move(changed.history);
  Publish();
  return switched;
}

Result<std::vector<ReleaseInfo>> Releases::List(std::string_view site_name) const {
  MutexLock lock(mutex_);
  const auto it = sites_.find(site_name);
  if (it == sites_.end()) {
    return Fail(Code::kNotFound, Side::kClient,
                "nothing was pushed for a site \"" + std::string(site_name) + "\" here");
  }
  std::vector<ReleaseInfo> list;
  for (const auto& [id, kept] : it->second.releases) {
    list.push_back({.release = id,
                    .active = id == it->second.active,
                    .complete = kept.missing.empty(),
                    .files = kept.release->manifest().entries.size(),
                    .missing = kept.missing.size(),
                    .created = kept.release->created(),
                    .activated = kept.activated});
  }
  std::sort(list.begin(), list.end(),
            [](const ReleaseInfo& a, const ReleaseInfo& b) { return a.created > b.created; });
  return list;
}

Seq Releases::last_seq() const {
  MutexLock lock(mutex_);
  Seq last = 0;
  for (const auto& [name, site] : sites_) last = std::max(last, site.seq);
  return last;
}

// --- collecting

std::vector<std::string> Releases::Expired(const Site& site) const {
  std::vector<std::string> expired;
  const WallTime now = options_.clock->Wall();
  const Retention& keep = options_.retention;
  for (const auto& [id, kept] : site.releases) {
    if (!kept.complete && id != site.active && now - kept.pushed > keep.incomplete_for) {
      expired.push_back(id);
    }
  }
  size_t rank = 0;
  for (const Kept* kept : site.Complete()) {
    const bool old = now - kept->last_use() > keep.keep_for;
    const bool goes = rank >= keep.most || (rank >= keep.least && old);
    ++rank;
    if (goes && kept->release->id() != site.active) expired.push_back(kept->release->id());
  }
  return expired;
}

Status Releases::CollectReleases(Collected& collected) {
  for (auto& [name, site] : sites_) {
    for (const std::string& id : Expired(site)) {
      const std::string key = SiteKey(name, id);
      if (Status status = records_->Write({{Table::kRelease, key, std::nullopt},
                                           {Table::kManifest, key, std::nullopt},
                                           {Table::kTimes, key, std::nullopt}});
          !status) {
        return status;
      }
      site.releases.erase(id);
      ++collected.releases;
    }
  }
  return {};
}

// Deletes what no kept release names. Records are gone durably before their blobs.
Status Releases::CollectBlobs(Collected& collected) {
  std::set<Sha256Digest> named;
  for (const auto& [name, site] : sites_) {
    for (const auto& [id, kept] : site.releases) {
      for (const asset::Blob& blob : asset::BlobsOf(kept.release->manifest())) {
        named.insert(blob.sha256);
      }
    }
  }
  const WallTime now = options_.clock->Wall();
  std::vector<std::pair<Sha256Digest, ByteCount>> unnamed;
  Status walked =
      options_.blobs->ForEach([&](const Sha256Digest& blob, ByteCount size, WallTime stored) {
        const bool old = now - stored > options_.retention.unnamed_blobs_for;
        if (old && !named.contains(blob)) unnamed.emplace_back(blob, size);
        return true;
      });
  if (!walked) return walked;
  for (const auto& [blob, size] : unnamed) {
    if (Status status = options_.blobs->Remove(blob); !status) return status;
    ++collected.blobs;
    collected.bytes += size;
  }
  return {};
}

Status Releases::CollectBindings() {
  std::set<std::string> named;
  for (const auto& [name, site] : sites_) {
    for (const auto& [id, kept] : site.releases) {
      for (const auto& [path, sha256] : HashedPaths(*kept.release)) {
        named.insert(SiteKey(name, path));
      }
    }
  }
  const WallTime now = options_.clock->Wall();
  std::vector<Change> changes;
  Status walked =
      records_->ForEach(Table::kPath, "", [&](std::string_view key, std::string_view record) {
        const std::optional<Binding> binding = Binding::Decode(record);
        const bool holds =
            binding && binding->served && now - binding->named <= options_.retention.bound_for;
        if (!holds && !named.contains(std::string(key))) {
          changes.push_back({Table::kPath, std::string(key), std::nullopt});
        }
        return true;
      });
  if (!walked || changes.empty()) return walked;
  return records_->Write(changes);
}

Result<Collected> Releases::Collect() {
  MutexLock lock(mutex_);
  Collected collected;
  if (Status status = CollectReleases(collected); !status) return Fail(std::move(status.error()));
  if (collected.releases > 0) Publish();
  if (Status status = CollectBlobs(collected); !status) return Fail(std::move(status.error()));
  if (Status status = CollectBindings(); !status) return Fail(std::move(status.error()));
  return collected;
}

// --- what requests see

void Releases::Publish() {
  auto snapshot = std::make_shared<Snapshot>();
  WallTime newest{};
  for (const auto& [name, site] : sites_) {
    auto view = std::make_shared<SiteView>();
    view->site = name;
    view->active = site.active;
    for (const Kept* kept : site.Complete()) view->kept.push_back(kept->release);
    const auto active = site.releases.find(site.active);
    if (active != site.releases.end() && active->second.complete) {
      view->release = active->second.release;
    }
    WallTime pushed{};
    for (const auto& [id, kept] : site.releases) pushed = std::max(pushed, kept.pushed);
    const bool beats = snapshot->anywhere == nullptr || !site.active.empty() ||
                       (snapshot->anywhere->active.empty() && pushed > newest);
    if (beats) {
      snapshot->anywhere = view;
      newest = pushed;
    }
    snapshot->sites.emplace(name, std::move(view));
  }
  MutexLock lock(view_mutex_);
  snapshot_ = std::move(snapshot);
}

std::shared_ptr<const SiteView> Releases::View(std::string_view site) const {
  MutexLock lock(view_mutex_);
  const auto it = snapshot_->sites.find(site);
  return it == snapshot_->sites.end() ? nullptr : it->second;
}

std::shared_ptr<const SiteView> Releases::ForHost(std::string_view host) const {
  std::shared_ptr<const Snapshot> snapshot;
  {
    MutexLock lock(view_mutex_);
    snapshot = snapshot_;
  }
  const std::string_view name = HostOnly(host);
  const std::string_view label = name.substr(0, name.find('.'));
  if (!IsReleaseId(label)) return snapshot->anywhere;
  for (const auto& [site, view] : snapshot->sites) {
    for (const ReleasePtr& kept : view->kept) {
      if (kept->id() != label) continue;
      auto preview = std::make_shared<SiteView>(*view);
      preview->active = kept->id();
      preview->release = kept;
      preview->preview = true;
      return preview;
    }
  }
  return snapshot->anywhere;
}

}  // namespace skerry::shield
