// A service worker that is pinned to one release, and the list of what it keeps.
//
// Its cache is named by the release, every file in it was checked against its digest, and a
// release's files are handed out only to pages that may have them:
//
//   file          asked for                               answer
//   hashed name   by any page                             cache, then network
//   page          by a navigation                         network, then cache
//   other         by a page that came from the cache      cache, then network
//   other         by any other page                       network
//
// So no page gets files of two releases, also while an update is under way. A new worker takes
// over when the last page of the old one is closed, and then deletes the caches of all others.
// The retired worker deletes them too, and unregisters itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/asset/manifest.h"
#include "core/base/result.h"
#include "pipeline/ship/former.h"
#include "pipeline/steps/config.h"
#include "pipeline/steps/derive.h"
#include "pipeline/steps/fingerprint.h"
#include "pipeline/steps/site.h"

namespace skerry::pipeline {

// The note of the worker's entry in a manifest; its value is "active" or "retired".
inline constexpr char kWorkerNote[] = "service worker";
// The note of entries that are precached: the URLs, separated by blanks.
inline constexpr char kPrecacheNote[] = "precache";

// Adds what [service_worker] asks for to the site and the release: the worker, the list for
// Workbox, and notes at what is precached; nothing without it. Same input, same bytes.
//
// kInvalid when the site has a file of the worker's or the list's name, and when the offline
// page is none of the site. Warnings tell of a second worker, of patterns that match nothing, and
// of a former release's worker that this release would leave behind in browsers.
Status AddServiceWorker(const Pictures& pictures, const Config& config,
                        const std::vector<FormerRelease>& former, Site& site,
                        Fingerprinted& release);

// The script element that registers the worker, "" where none is to be inserted.
std::string RegistrationOf(const Config& config);

}  // namespace skerry::pipeline
