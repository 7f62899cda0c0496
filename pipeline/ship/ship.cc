#include "pipeline/ship/ship.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/asset/manifest.h"
#include "core/base/thread.h"
#include "pipeline/base/files.h"
#include "pipeline/base/work.h"
#include "pipeline/ship/shield_client.h"

namespace skerry::pipeline {
namespace {

namespace fs = std::filesystem;
using asset::Blob;
using Json = nlohmann::json;

// What the shield says, as JSON; a discarded value when it is none.
Json Parsed(const std::string& body) { return Json::parse(body, nullptr, false); }

std::string TextIn(const Json& json, const char* name) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>()
                                                                       : std::string();
}

// "https://ID.example.com" for "https://example.com".
std::string PreviewUrl(const std::string& url, const std::string& release) {
  const size_t host = url.find("://");
  if (host == std::string::npos) return "";
  return url.substr(0, host + 3) + release + "." + url.substr(host + 3);
}

class Shipper {
 public:
  Shipper(const ShipOptions& options, Progress& progress)
      : options_(options), progress_(progress), shield_(options) {}

  tl::expected<Shipped, Failure> Run() {
    Status done = ReadRelease();
    if (done) done = Verify();
    if (done) done = Announce();
    if (done) done = SendMissing();
    if (done) shipped_.preview = PreviewUrl(options_.preview, shipped_.release);
    if (done && options_.activate) done = Activate();
    progress_.Clear();
    if (!done) return tl::unexpected(Failure{Exit::kFailed, done.error().context});
    return std::move(shipped_);
  }

 private:
  fs::path FileOf(const Blob& blob) const {
    return options_.folder / "files" / blob.file.substr(1);
  }

  Status ReadRelease() {
    const fs::path file = options_.folder / "manifest.json";
    Result<std::string> json = ReadFile(file);
    if (!json) {
      return Fail(std::move(json.error()).In("no release here; `build` one first"));
    }
    Result<asset::Manifest> manifest = asset::Manifest::FromJson(*json);
    if (!manifest) {
      return Fail(std::move(manifest.error()).In(file.string() + " is corrupt; build again"));
    }
    manifest_ = *std::move(json);
    blobs_ = asset::BlobsOf(*manifest);
    shipped_.blobs = blobs_.size();
    for (const Blob& blob : blobs_) shipped_.bytes += blob.size;
    return {};
  }

  // Bytes, and about as many for each request.
  static uint64_t CostOf(const Blob& blob) { return blob.size + 2000; }

  // Runs `task` for each blob on several threads; the first fault of the order of blobs.
  template <class Task>
  Status ForEach(const std::vector<Blob>& blobs, const char* step, Task task) {
    uint64_t cost = 0;
    for (const Blob& blob : blobs) cost += CostOf(blob);
    progress_.Begin(step, cost);
    std::vector<Status> results(blobs.size());
    {
      Crew crew(std::min(options_.connections, std::max<size_t>(blobs.size(), 1)));
      for (size_t i = 0; i < blobs.size(); ++i) {
        crew.Add(blobs[i].size, [&, i] {
          results[i] = task(blobs[i]);
          progress_.Done(CostOf(blobs[i]));
        });
      }
    }
    for (Status& result : results) {
      if (!result) return Fail(std::move(result.error()));
    }
    return {};
  }

  Status Verify() {
    return ForEach(blobs_, "verify", [this](const Blob& blob) -> Status {
      const Result<std::string> bytes = ReadFile(FileOf(blob));
      if (!bytes) {
        return Fail(Code::kNotFound, Side::kStorage,
                    bytes.error().context +
                        "; the manifest names it. Nothing was sent; build the release again.");
      }
      const Sha256Digest found = Sha256(*bytes);
      if (found == blob.sha256) return {};
      return Fail(Code::kCorrupt, Side::kStorage,
                  FileOf(blob).string() +
                      " does not match its name in the manifest: it has sha256 " + found.Hex() +
                      ", the manifest says " + blob.sha256.Hex() +
                      ". Nothing was sent; build the release again.");
    });
  }

  Status Announce() {
    const HttpRequest request{"POST", shield_.SiteUrl("/releases"), manifest_};
    const Result<std::string> body = shield_.Ask(request, {200, 201});
    if (!body) return Fail(body.error());
    const Json answer = Parsed(*body);
    shipped_.release = TextIn(answer, "release");
    const auto missing = answer.is_object() ? answer.find("missing") : answer.end();
    if (shipped_.release.empty() || !answer.is_object() || missing == answer.end() ||
        !missing->is_array()) {
      return Fail(Code::kInvalid, Side::kUpstream,
                  options_.to + " does not answer like a shield; correct --to");
    }
    std::set<std::string> wanted;
    for (const Json& digest : *missing) {
      if (digest.is_string()) wanted.insert(digest.get<std::string>());
    }
    for (const Blob& blob : blobs_) {
      if (wanted.erase(blob.sha256.Hex()) > 0) missing_.push_back(blob);
    }
    if (wanted.empty()) return {};
    return Fail(
        Code::kInvalid, Side::kUpstream,
        "the shield asks for blob " + *wanted.begin() + ", which this release does not have");
  }

  Status SendMissing() {
    Status sent = ForEach(missing_, "send", [this](const Blob& blob) -> Status {
      HttpRequest request{"PUT", shield_.Url("/v1/blobs/" + blob.sha256.Hex())};
      request.file = FileOf(blob);
      request.file_size = blob.size;
      request.content_type = "application/octet-stream";
      const Result<std::string> answer = shield_.Ask(request, {200, 201, 204});
      if (!answer) return Fail(Error(answer.error()).In(blob.file));
      return {};
    });
    for (const Blob& blob : missing_) shipped_.sent_bytes += blob.size;
    shipped_.sent_blobs = missing_.size();
    return sent;
  }

  Status Activate() {
    progress_.Begin("activate", 1);
    Result<Receipt> receipt = shield_.Activate(shipped_.release, options_.wait);
    if (!receipt) return Fail(std::move(receipt.error()));
    static_cast<Receipt&>(shipped_) = *std::move(receipt);
    shipped_.activated = true;
    return {};
  }

  const ShipOptions& options_;
  Progress& progress_;
  ShieldClient shield_;
  std::string manifest_;  // its bytes, sent as they are
  std::vector<Blob> blobs_;
  std::vector<Blob> missing_;
  Shipped shipped_;
};

}  // namespace

tl::expected<Shipped, Failure> Ship(const ShipOptions& options, Progress& progress) {
  return Shipper(options, progress).Run();
}

}  // namespace skerry::pipeline
