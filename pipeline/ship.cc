#include "pipeline/ship.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <thread>

#include "core/asset/manifest.h"
#include "core/base/thread.h"
#include "pipeline/files.h"
#include "pipeline/http_client.h"
#include "pipeline/work.h"

namespace skerry::pipeline {
namespace {

namespace fs = std::filesystem;
using asset::Blob;
using Json = nlohmann::json;

constexpr std::chrono::seconds kLongestPause{30};

// What the shield says, as JSON; a discarded value when it is none.
Json Parsed(const std::string& body) { return Json::parse(body, nullptr, false); }

std::string TextIn(const Json& json, const char* name) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>()
                                                                       : std::string();
}

uint64_t NumberIn(const Json& json, const char* name) {
  if (!json.is_object()) return 0;
  const auto found = json.find(name);
  return found != json.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

// "409 Conflict: a hashed path is bound to other bytes".
std::string Words(const HttpResponse& response) {
  const Json problem = Parsed(response.body);
  const std::string title = TextIn(problem, "title");
  const std::string detail = TextIn(problem, "detail");
  std::string words = std::to_string(response.status);
  if (!title.empty()) words += " " + title;
  if (!detail.empty()) words += ": " + detail;
  return words;
}

class Shipper {
 public:
  Shipper(const ShipOptions& options, Progress& progress)
      : options_(options), progress_(progress), http_(options.token, options.ca_file) {}

  tl::expected<Shipped, Failure> Run() {
    Status done = ReadRelease();
    if (done) done = Verify();
    if (done) done = Announce();
    if (done) done = SendMissing();
    if (done && options_.activate) done = Activate();
    progress_.Clear();
    if (!done) return tl::unexpected(Failure{Exit::kFailed, done.error().context});
    return std::move(shipped_);
  }

 private:
  std::string Url(const std::string& path) const {
    std::string base = options_.to;
    while (base.ends_with('/')) base.pop_back();
    return base + path;
  }
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

  // Runs `task` for each blob on several threads; the first fault of the order of blobs.
  template <class Task>
  Status ForEach(const std::vector<Blob>& blobs, const char* step, Task task) {
    progress_.Begin(step, blobs.size());
    std::vector<Status> results(blobs.size());
    {
      Crew crew(std::min(options_.connections, std::max<size_t>(blobs.size(), 1)));
      for (size_t i = 0; i < blobs.size(); ++i) {
        crew.Add(blobs[i].size, [&, i] {
          results[i] = task(blobs[i]);
          progress_.Done();
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

  // Sends until an answer is worth keeping; the error says what happened last.
  Result<HttpResponse> Send(const HttpRequest& request) {
    std::chrono::milliseconds pause = options_.first_pause;
    for (int attempt = 1;; ++attempt) {
      Result<HttpResponse> response = http_.Send(request);
      const bool again = response ? response->status >= 500 || response->status == 429
                                  : response.error().retryable;
      if (!again || attempt >= options_.attempts) return response;
      std::chrono::milliseconds rest = pause;
      if (response && response->retry_after > 0) {
        rest = std::chrono::seconds(response->retry_after);
      }
      std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(rest, kLongestPause));
      pause *= 2;
    }
  }

  // The answer's JSON when its status is one of `wanted`.
  Result<Json> Ask(const HttpRequest& request, const std::set<int>& wanted) {
    Result<HttpResponse> response = Send(request);
    if (!response) {
      return Fail(std::move(response.error())
                      .In("no answer from " + options_.to + "; is the shield running there?"));
    }
    if (response->status == 401 || response->status == 403) {
      return Fail(Code::kDenied, Side::kUpstream,
                  "the shield refused the token for site " + options_.site + " (" +
                      Words(*response) + "); --token_file must hold one that it knows");
    }
    if (!wanted.contains(response->status)) {
      return Fail(Code::kRefused, Side::kUpstream,
                  request.method + " " + request.url + " was answered by " + Words(*response));
    }
    return Parsed(response->body);
  }

  Status Announce() {
    HttpRequest request{"POST", Url("/v1/sites/" + options_.site + "/releases"), manifest_};
    const Result<Json> answer = Ask(request, {200, 201});
    if (!answer) return Fail(answer.error());
    shipped_.release = TextIn(*answer, "release");
    const auto missing = answer->is_object() ? answer->find("missing") : answer->end();
    if (shipped_.release.empty() || !answer->is_object() || missing == answer->end() ||
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
      HttpRequest request{"PUT", Url("/v1/blobs/" + blob.sha256.Hex())};
      request.file = FileOf(blob);
      request.file_size = blob.size;
      request.content_type = "application/octet-stream";
      const Result<Json> answer = Ask(request, {200, 201, 204});
      if (!answer) return Fail(Error(answer.error()).In(blob.file));
      return {};
    });
    for (const Blob& blob : missing_) shipped_.sent_bytes += blob.size;
    shipped_.sent_blobs = missing_.size();
    return sent;
  }

  Status Activate() {
    const std::string wait = std::to_string(options_.wait.count()) + "ms";
    HttpRequest request{
        "POST", Url("/v1/sites/" + options_.site + "/releases/" + shipped_.release + "/activate"),
        Json({{"wait", wait}}).dump()};
    request.patience += options_.wait;
    progress_.Begin("activate", 1);
    const Result<Json> answer = Ask(request, {200, 202});
    if (!answer) return Fail(answer.error());
    shipped_.activated = true;
    shipped_.receipt = TextIn(*answer, "id");
    shipped_.seq = NumberIn(*answer, "seq");
    shipped_.state = TextIn(*answer, "state");
    if (!answer->is_object() || !answer->contains("nodes")) return {};
    for (const auto& [name, node] : (*answer)["nodes"].items()) {
      shipped_.nodes[name] = {TextIn(node, "state"), NumberIn(node, "seq"), TextIn(node, "at")};
    }
    return {};
  }

  const ShipOptions& options_;
  Progress& progress_;
  HttpClient http_;
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
