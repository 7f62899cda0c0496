#include "origin-shield/explain.h"

#include <string>
#include <utility>

#include "core/gateway/words.h"
#include "origin-shield/respond/respond.h"
#include "origin-shield/store/release.h"

namespace skerry::shield {
namespace {

std::string WhatIs(const Located& located) {
  switch (located.place) {
    case Place::kFile: return "a file of the release";
    case Place::kRedirect: return "a folder: redirected to " + located.location;
    case Place::kFallback: return "an unknown page: answered with the site's fallback";
    case Place::kNotFound: return "nothing at this path: 404";
    case Place::kNotHere: return "the active release has not been uploaded to this shield";
  }
  return "";
}

gateway::Part Lookup(const Located& located, const http::RequestHead& request) {
  gateway::Part part{"lookup", "Which file answers it?", {}};
  if (!located.file) return part;
  const Representation chosen = Choose(located.file, request.fields);
  part.facts.push_back({"file", located.file.entry->path});
  part.facts.push_back({"sha256", chosen.sha256.Hex()});
  part.facts.push_back(
      {"bytes", static_cast<int64_t>(chosen.size), gateway::Grouped(chosen.size) + " bytes"});
  part.facts.push_back({"coding", std::string(asset::Name(chosen.coding))});
  const std::string vary = VaryOf(located.file);
  if (!vary.empty()) part.facts.push_back({"chosen_by", vary});
  part.facts.push_back({"immutable", located.file.immutable(),
                        located.file.immutable()
                            ? "yes: its name changes with its bytes, so it is fresh for a year"
                            : "no: the next activation may change it"});
  return part;
}

}  // namespace

std::optional<gateway::Explanation> ExplainRelease(const Releases& releases, bool has_origin,
                                                   const http::RequestHead& request) {
  const auto site = releases.ForHost(request.authority);
  if (site == nullptr && has_origin) return std::nullopt;
  if (site == nullptr) {
    return gateway::Explanation{
        .url = request.scheme + "://" + request.authority + request.path,
        .summary =
            "It would be 404: no release has been pushed to this shield, and it has no "
            "--origin.",
        .cache_status = "",
        .hit = false,
        .parts = {}};
  }
  const bool others_answer = has_origin && !site->preview;
  const Located located = Locate(*site, request.path, others_answer);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (others_answer && (located.place == Place::kNotFound || !reads)) return std::nullopt;
  gateway::Explanation told;
  told.url = request.scheme + "://" + request.authority + request.path;
  told.cache_status = "skerry-shield; detail=release";
  told.summary = "It would be answered from a release on this shield: " + WhatIs(located) + ".";
  gateway::Part part{"classify", "Which release is it for?", {}};
  part.facts.push_back({"site", site->site});
  part.facts.push_back({"active_release", site->active});
  if (located.release != nullptr) part.facts.push_back({"release", located.release->id()});
  part.facts.push_back({"place", std::string(Name(located.place)), WhatIs(located)});
  told.parts.push_back(std::move(part));
  if (located.file) told.parts.push_back(Lookup(located, request));
  return told;
}

}  // namespace skerry::shield
