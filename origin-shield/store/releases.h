// The releases of every site: registered, completed by their blobs, activated, kept
// for a while, collected. What is served now is a snapshot that requests take.
//
// Rules that hold at any moment, across crashes:
//   - a release never changes; its id is a digest of its manifest
//   - only a complete release (every blob stored) becomes active
//   - a hashed path of a release is never bound to other bytes (kBoundFor)
//   - no blob goes while a kept release names it
//
// Owner: the process, one instance. Thread: View and ForHost any, without blocking on
// the disk; everything else blocks, so pool threads only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/thread.h"
#include "origin-shield/store/blobs.h"
#include "origin-shield/store/records.h"
#include "origin-shield/store/release.h"

namespace skerry::shield {

// A position in the purge log, or of this shield's own activations where there is none.
using Seq = uint64_t;

// When releases and blobs may go. Checked at every activation.
struct Retention {
  size_t least = 5;  // complete releases a site keeps whatever their age
  size_t most = 50;  // and never more than these
  Seconds keep_for = std::chrono::hours(24 * 30);     // after it was last active or pushed
  Seconds incomplete_for = std::chrono::hours(24);    // a push that was never finished
  Seconds unnamed_blobs_for = std::chrono::hours(1);  // a blob that came before its release
  Seconds bound_for = std::chrono::hours(24 * 366);   // as long as browsers keep immutable files
};

struct Registered {
  std::string release;
  bool known = false;                      // it had been registered before
  std::vector<Sha256Digest> missing = {};  // what its manifest names and the store has not
};

// A release in a list.
struct ReleaseInfo {
  std::string release;
  bool active = false;
  bool complete = false;
  size_t files = 0;
  size_t missing = 0;
  WallTime created;
  std::optional<WallTime> activated;  // last
};

struct Switched {
  std::string before;    // the id that was active; empty: none
  bool uploaded = true;  // false: the release is not here (complete), and so answers nothing
};

struct Collected {
  size_t releases = 0;
  size_t blobs = 0;
  ByteCount bytes = 0;
};

class Releases {
 public:
  struct Options {
    std::string directory;  // of the records
    BlobStore* blobs = nullptr;
    Retention retention = {};
    const Clock* clock = &Clock::Real();
  };
  static Result<std::unique_ptr<Releases>> Open(Options options);
  ~Releases();

  // Takes a manifest over; the same one again changes nothing. Refused, all kClient:
  //   kInvalid  a site's name or a manifest that is none: says where and why
  //   kRefused  a hashed path is bound to other bytes; or another site answers here
  Result<Registered> Register(std::string_view site, std::string_view manifest_json);
  // A blob has been stored: releases that waited for it may be complete now.
  Status OnBlob(const Sha256Digest& name);

  // The release, all of its blobs checked to be there. kNotFound; kRefused and the
  // missing ones in `missing` (may be null).
  Result<ReleasePtr> Complete(std::string_view site, std::string_view id,
                              std::vector<Sha256Digest>* missing);
  // The release, complete or not; kNotFound.
  Result<ReleasePtr> Get(std::string_view site, std::string_view id) const;
  // `id` answers for the site from now on, durably. The same again is no change. A
  // release that is not here is remembered: the site answers 503 until it is pushed.
  Result<Switched> Activate(std::string_view site, std::string_view id, Seq seq);

  // The newest first; kNotFound for a site that nothing was pushed for.
  Result<std::vector<ReleaseInfo>> List(std::string_view site) const;
  // The largest position that any site was activated at.
  Seq last_seq() const;

  // Forgets releases and blobs that `retention` lets go.
  Result<Collected> Collect();

  // Null for an unknown site.
  std::shared_ptr<const SiteView> View(std::string_view site) const;
  // In simple mode one site answers for every host: the one that has an active
  // release, else the one pushed last. A host whose first label is the id of a kept
  // release previews that release. Null when nothing was pushed.
  std::shared_ptr<const SiteView> ForHost(std::string_view host) const;

  // Of the same store, for facts of the node beside the releases (Table::kControl).
  Records& records() { return *records_; }

 private:
  struct Kept;
  struct Site;
  struct Snapshot;
  explicit Releases(Options options);
  Status Load();
  Status LoadRelease(std::string_view site, std::string_view id, std::string_view record)
      SKERRY_REQUIRES(mutex_);
  void LoadSite(std::string_view name, std::string_view record) SKERRY_REQUIRES(mutex_);
  Status CheckBindings(const Release& release) const;
  Status CheckSite(std::string_view site) const SKERRY_REQUIRES(mutex_);
  std::vector<Sha256Digest> MissingOf(const asset::Manifest& manifest) const;
  void Bind(const Release& release, bool served, std::vector<Change>& changes) const
      SKERRY_REQUIRES(mutex_);
  Status Store(const Kept& kept) SKERRY_REQUIRES(mutex_);
  Status Update(Kept& kept, bool complete) SKERRY_REQUIRES(mutex_);
  Kept* Find(std::string_view site, std::string_view id) SKERRY_REQUIRES(mutex_);
  const Kept* Find(std::string_view site, std::string_view id) const SKERRY_REQUIRES(mutex_);
  std::vector<std::string> Expired(const Site& site) const SKERRY_REQUIRES(mutex_);
  Status CollectReleases(Collected& collected) SKERRY_REQUIRES(mutex_);
  Status CollectBlobs(Collected& collected) SKERRY_REQUIRES(mutex_);
  Status CollectBindings() SKERRY_REQUIRES(mutex_);
  void Publish() SKERRY_REQUIRES(mutex_);

  const Options options_;
  std::unique_ptr<Records> records_;

  // Held across disk work, so that collecting never meets a push half-way.
  // Lock order: mutex_, then view_mutex_.
  mutable Mutex mutex_;
  std::map<std::string, Site, std::less<>> sites_ SKERRY_GUARDED_BY(mutex_);
  mutable Mutex view_mutex_;
  std::shared_ptr<const Snapshot> snapshot_ SKERRY_GUARDED_BY(view_mutex_);
};

}  // namespace skerry::shield
