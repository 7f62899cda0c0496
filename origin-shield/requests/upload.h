// The upload API: CI pushes manifests and blobs, activates and lists releases.
//
//   POST /v1/sites/{site}/releases                     manifest → 201 {"release", "missing"}
//   GET  /v1/sites/{site}/releases                     → 200 {"site", "active", "releases"}
//   GET  /v1/sites/{site}/releases/{id}                → 200 its manifest
//   POST /v1/sites/{site}/releases/{id}/activate       {"wait":"10s"} → 200 or 202, a receipt
//   PUT  /v1/blobs/{sha256}                            bytes → 201, or 200 if it was here
//   GET  /v1/blobs/{sha256}                            → 200 bytes
//
// The two last GETs are for the next build, which makes deltas against what is deployed.
// Every request carries a bearer token. What is wrong is a problem+json that names
// cause and remedy, and nothing has changed then.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/thread.h"
#include "core/daemon/tokens.h"
#include "core/http/problem.h"
#include "core/http/server/server.h"
#include "core/net/loop.h"
#include "origin-shield/activation/activator.h"
#include "origin-shield/respond/pieces.h"
#include "origin-shield/store/blobs.h"
#include "origin-shield/store/releases.h"

namespace skerry::shield {

// What a path of the API asks for.
struct UploadRoute {
  enum class Kind : uint8_t { kNone, kReleases, kRelease, kActivate, kBlob };
  Kind kind = Kind::kNone;
  std::string site;
  std::string release;
  std::string blob;
};
// Nothing unless the path (a query is ignored) belongs to the API; kNone for one that
// does and names nothing.
std::optional<UploadRoute> ParseUploadRoute(std::string_view path_and_query);

// `{"wait":"10s"}` → 10 s; an empty body or no member → 0. At most 5 minutes; anything
// else is kInvalid and says what was expected.
Result<Millis> ParseActivateBody(std::string_view body);

// The status and words for an error of a store or of the activator.
http::Problem ProblemOf(const Error& error);

// Shared by all workers. Immutable. Thread: any.
struct Uploads {
  std::shared_ptr<const daemon::Tokens> tokens;
  BlobStore* blobs = nullptr;
  Pieces* pieces = nullptr;
  Releases* releases = nullptr;
  Activator* activator = nullptr;
  Pool* pool = nullptr;  // outlived by what is above
  ByteCount largest_manifest = 64_MiB;
};

// Answers one request. `stream` must belong to the API. Thread: the stream's loop.
std::shared_ptr<http::StreamEvents> AnswerUpload(const Uploads& uploads, net::Loop& loop,
                                                 UploadRoute route,
                                                 std::shared_ptr<http::ServerStream> stream);

}  // namespace skerry::shield
