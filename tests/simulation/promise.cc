#include "tests/simulation/promise.h"

#include <algorithm>

#include "core/cache/purge/scopes.h"

namespace skerry::simulation {
namespace {

template <class List>
bool Has(const List& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

const std::vector<Resource>& Resources() {
  static const std::vector<Resource> resources = {
      {"https://a.example/x", "a.example", {"t1"}, false, false},
      {"https://a.example/dir/y", "a.example", {"t1", "t2"}, false, false},
      {"https://b.example/z", "b.example", {"t2"}, false, false},
      {"https://a.example/app.1a2b3c4d.js", "a.example", {"t1"}, true, false},
      {"https://shop.example/", "shop.example", {cache::SitePathTag("shop", "/")}, false, true},
  };
  return resources;
}

void Promise::OnAppended(const std::string& log_id, const cache::Record& record, Micros now) {
  promised_.push_back({log_id, record, now, Micros(0)});
}

void Promise::OnComplete(const std::string& log_id, cache::Seq seq, Micros now) {
  for (Promised& promised : promised_) {
    if (promised.log_id != log_id || promised.record.seq != seq) continue;
    if (promised.complete == Micros(0)) ++completed_;
    if (promised.complete == Micros(0)) promised.complete = now;
  }
}

bool Promise::Names(const Promised& promised, const Resource& resource) {
  const cache::Selectors& named = promised.record.selectors;
  if (named.all || Has(named.urls, resource.url) || Has(named.hosts, resource.host)) return true;
  if (std::any_of(named.tags.begin(), named.tags.end(),
                  [&](const std::string& tag) { return Has(resource.tags, tag); })) {
    return true;
  }
  return std::any_of(named.prefixes.begin(), named.prefixes.end(),
                     [&](const std::string& prefix) { return resource.url.starts_with(prefix); });
}

bool Promise::IsBroken(const Promised& promised, const Resource& resource, const Bytes& bytes,
                       bool fresh) {
  const cache::Record& record = promised.record;
  if (record.kind == cache::RecordKind::kActivation) {
    return resource.released && bytes.release < record.seq;
  }
  // A release has no origin behind it: only activations change it.
  if (resource.released || (resource.content_hashed && !record.immutable)) return false;
  if (record.mode == cache::PurgeMode::kSoft && !fresh) return false;
  return bytes.begun < promised.appended;
}

void Promise::OnServed(const std::string& by, const Resource& resource, Micros begun,
                       const Bytes& bytes, bool fresh) {
  ++served_;
  for (const Promised& promised : promised_) {
    if (promised.complete == Micros(0) || promised.complete >= begun) continue;
    if (!Names(promised, resource) || !IsBroken(promised, resource, bytes, fresh)) continue;
    if (!broken_.empty()) return;
    broken_ = by + " served " + resource.url + " to a request of " + std::to_string(begun.count()) +
              " us, fetched at " + std::to_string(bytes.begun.count()) + " us, release " +
              std::to_string(bytes.release) + (fresh ? ", as fresh" : ", as stale") +
              "; but record " + promised.log_id + '/' + std::to_string(promised.record.seq) +
              " was written at " + std::to_string(promised.appended.count()) +
              " us and complete at " + std::to_string(promised.complete.count()) +
              " us: " + cache::ToJson(promised.record);
    return;
  }
}

}  // namespace skerry::simulation
