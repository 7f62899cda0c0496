#include "pipeline/ship/releases.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "core/asset/site_path.h"
#include "core/base/thread.h"
#include "pipeline/base/files.h"
#include "pipeline/base/text_table.h"
#include "pipeline/base/work.h"

namespace skerry::pipeline {
namespace {

using asset::Entry;
using Json = nlohmann::ordered_json;

tl::unexpected<Failure> Failed(std::string message) {
  return tl::unexpected(Failure{Exit::kFailed, std::move(message)});
}

ByteCount Sent(const Entry& entry) {
  ByteCount least = entry.size;
  for (const asset::CodedVariant& coded : entry.coded) {
    if (!coded.dictionary) least = std::min(least, coded.size);
  }
  return least;
}

// What is loaded by a browser that has `before`.
ByteCount Fetched(const Entry& before, const Entry& after) {
  ByteCount least = Sent(after);
  for (const asset::CodedVariant& coded : after.coded) {
    if (coded.dictionary == before.sha256) least = std::min(least, coded.size);
  }
  return least;
}

std::map<std::string, const Entry*> ByLogicalPath(const asset::Manifest& manifest) {
  std::map<std::string, const Entry*> entries;
  for (const Entry& entry : manifest.entries) {
    const Entry*& known = entries[entry.logical_path()];
    // A renamed file may also be served under its old name.
    if (known == nullptr || known->source.empty()) known = &entry;
  }
  return entries;
}

std::string TextOf(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}
uint64_t NumberOf(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}
bool TruthOf(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

// One answer to be compared.
struct Check {
  std::string path;
  std::string coding;  // "identity", "br"
  Sha256Digest sha256;
};

std::vector<Check> ChecksOf(const asset::Manifest& manifest) {
  std::vector<Check> checks;
  for (const Entry& entry : manifest.entries) {
    checks.push_back({entry.path, "identity", entry.sha256});
    for (const asset::CodedVariant& coded : entry.coded) {
      if (coded.dictionary) continue;
      checks.push_back({entry.path, std::string(asset::Name(coded.coding)), coded.sha256});
    }
    for (const asset::ImageVariant& image : entry.images) {
      checks.push_back({image.path, "identity", image.sha256});
    }
  }
  return checks;
}

}  // namespace

tl::expected<std::vector<ReleaseInfo>, Failure> ListReleases(const ShieldAddress& address) {
  ShieldClient shield(address);
  Result<std::vector<ReleaseInfo>> releases = AskReleases(shield);
  if (!releases) return Failed(releases.error().context);
  return *std::move(releases);
}

Result<std::vector<ReleaseInfo>> AskReleases(ShieldClient& shield) {
  const Result<std::string> body = shield.Ask({"GET", shield.SiteUrl("/releases")}, {200});
  if (!body) return Fail(body.error());
  const Json answer = Json::parse(*body, nullptr, false);
  if (!answer.is_object() || !answer.contains("releases") || !answer["releases"].is_array()) {
    return Fail(Code::kInvalid, Side::kUpstream,
                shield.Url("") + " does not answer like a shield; correct the URL");
  }
  std::vector<ReleaseInfo> releases;
  for (const Json& one : answer["releases"]) {
    if (!one.is_object()) continue;
    releases.push_back({TextOf(one, "release"), TruthOf(one, "active"), TruthOf(one, "complete"),
                        NumberOf(one, "files"), NumberOf(one, "missing"), TextOf(one, "created"),
                        TextOf(one, "activated")});
  }
  return releases;
}

std::string ReleasesText(const std::vector<ReleaseInfo>& releases) {
  if (releases.empty()) return "  no releases yet\n";
  TextTable table;
  table.Row({"release", "", "files", "pushed", "last active"});
  for (const ReleaseInfo& one : releases) {
    const std::string state = one.active ? "active" : one.complete ? "" : "incomplete";
    table.Row({one.release, state, std::to_string(one.files), one.created,
               one.activated.empty() ? "never" : one.activated});
  }
  return table.ToString();
}

std::string ReleasesJson(const std::vector<ReleaseInfo>& releases) {
  Json list = Json::array();
  for (const ReleaseInfo& one : releases) {
    list.push_back({{"release", one.release},
                    {"active", one.active},
                    {"complete", one.complete},
                    {"files", one.files},
                    {"missing", one.missing},
                    {"created", one.created},
                    {"activated", one.activated.empty() ? Json(nullptr) : Json(one.activated)}});
  }
  return Json{{"releases", list}}.dump(2) + "\n";
}

tl::expected<RolledBack, Failure> RollBack(const ShieldAddress& address, const std::string& release,
                                           std::chrono::milliseconds wait) {
  RolledBack done;
  done.release = release;
  if (release.empty()) {
    const auto releases = ListReleases(address);
    if (!releases) return tl::unexpected(releases.error());
    std::string latest;  // RFC 3339 in UTC sorts as text
    for (const ReleaseInfo& one : *releases) {
      if (one.active || !one.complete || one.activated <= latest) continue;
      latest = one.activated;
      done.release = one.release;
    }
    if (done.release.empty()) {
      return Failed("no release of " + address.site + " was active before; name one of `releases`");
    }
  }
  ShieldClient shield(address);
  Result<Receipt> receipt = shield.Activate(done.release, wait);
  if (!receipt) return Failed(receipt.error().context);
  static_cast<Receipt&>(done) = *std::move(receipt);
  return done;
}

Difference Compare(const asset::Manifest& before, const asset::Manifest& after) {
  const std::map<std::string, const Entry*> old = ByLogicalPath(before);
  const std::map<std::string, const Entry*> now = ByLogicalPath(after);
  Difference difference;
  for (const auto& [path, entry] : now) {
    difference.whole += Sent(*entry);
    const auto found = old.find(path);
    if (found == old.end()) {
      difference.changes.push_back({path, 0, Sent(*entry), Sent(*entry)});
    } else if (found->second->sha256 != entry->sha256) {
      difference.changes.push_back(
          {path, Sent(*found->second), Sent(*entry), Fetched(*found->second, *entry)});
    } else {
      ++difference.same;
      continue;
    }
    difference.fetched += difference.changes.back().fetched;
  }
  for (const auto& [path, entry] : old) {
    if (!now.contains(path)) difference.changes.push_back({path, Sent(*entry), 0, 0});
  }
  std::sort(difference.changes.begin(), difference.changes.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return difference;
}

std::string DifferenceText(const Difference& difference) {
  TextTable table;
  table.Row({"", "before", "after", "returning visitor loads"});
  for (const Difference::Change& change : difference.changes) {
    table.Row({change.path, change.before == 0 ? "new" : HumanBytes(change.before),
               change.after == 0 ? "gone" : HumanBytes(change.after), HumanBytes(change.fetched)});
  }
  return table.ToString() + "\n  " + std::to_string(difference.changes.size()) + " changed, " +
         std::to_string(difference.same) + " the same; a new visitor loads at most " +
         HumanBytes(difference.whole) + ", a returning one " + HumanBytes(difference.fetched) +
         "\n";
}

std::string DifferenceJson(const Difference& difference) {
  Json changes = Json::array();
  for (const Difference::Change& change : difference.changes) {
    changes.push_back({{"path", change.path},
                       {"before", change.before},
                       {"after", change.after},
                       {"fetched", change.fetched}});
  }
  return Json{{"changes", changes},
              {"same", difference.same},
              {"whole", difference.whole},
              {"fetched", difference.fetched}}
             .dump(2) +
         "\n";
}

tl::expected<asset::Manifest, Failure> OpenManifest(const std::filesystem::path& path) {
  std::error_code failed;
  const bool folder = std::filesystem::is_directory(path, failed);
  const std::filesystem::path file = folder ? path / "manifest.json" : path;
  const Result<std::string> json = ReadFile(file);
  if (!json) return Failed(json.error().context + "; name a release directory");
  Result<asset::Manifest> manifest = asset::Manifest::FromJson(*json);
  if (!manifest) return Failed(file.string() + " is corrupt: " + manifest.error().context);
  return *std::move(manifest);
}

Verified Verify(const VerifyOptions& options, Progress& progress) {
  const std::vector<Check> checks = ChecksOf(options.manifest);
  HttpClient http("", options.ca_file);
  std::string base = options.url;
  while (base.ends_with('/')) base.pop_back();
  Mutex mutex;
  Verified verified;
  progress.Begin("verify", checks.size());
  {
    Crew crew(options.connections);
    for (const Check& check : checks) {
      crew.Add(1, [&] {
        HttpRequest request{"GET", base + asset::UrlOfSitePath(check.path)};
        request.headers = {"Accept-Encoding: " + check.coding};
        const Result<HttpResponse> answer = http.Send(request);
        std::string fault;
        if (!answer) {
          fault = answer.error().context;
        } else if (answer->status != 200) {
          fault = "answered " + std::to_string(answer->status);
        } else if (Sha256(answer->body) != check.sha256) {
          fault = "has sha256 " + Sha256(answer->body).Hex() + ", the manifest says " +
                  check.sha256.Hex();
        }
        progress.Done();
        MutexLock lock(mutex);
        ++verified.checked;
        if (answer) verified.bytes += answer->body.size();
        if (!fault.empty()) {
          verified.faults.push_back(check.path + " (" + check.coding + "): " + fault);
        }
      });
    }
  }
  progress.Clear();
  std::sort(verified.faults.begin(), verified.faults.end());
  return verified;
}

}  // namespace skerry::pipeline
