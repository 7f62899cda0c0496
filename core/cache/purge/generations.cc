#include "core/cache/purge/generations.h"

#include <algorithm>
#include <atomic>
#include <bitset>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/cache/purge/prefix_tree.h"
#include "core/cache/purge/scope_table.h"
#include "core/cache/purge/scopes.h"

namespace skerry::cache {
namespace {

constexpr std::string_view kMagic = "SKGENS02";
// How far a process can be ahead of what it has stored: records are applied in
// memory first. More than one pull ever holds.
constexpr uint64_t kRestartGap = 1 << 20;

// Slots are asked for so many at a time, and prefixes raised, between which readers get the lock.
constexpr size_t kSlice = 64;
// Of more scopes than this a sample tells well enough which half is the older.
constexpr size_t kSample = 4096;

// "host:443" may be the key of an http URL, or a spelling of "host" of https.
void AddHost(std::string_view text, Change& to) {
  const std::string host = http::AsciiLower(text);
  to.scopes.push_back({HostHash(host), 0});
  for (const std::string_view port : {":443", ":80"}) {
    if (host.ends_with(port)) {
      to.scopes.push_back({HostHash(host.substr(0, host.size() - port.size())), 0});
    }
  }
}

// The query never narrows a prefix: rules may have sorted it.
void AddPrefix(std::string_view text, Change& to) {
  std::string prefix = PurgeUrlOf(text.substr(0, text.find('?')));
  const uint64_t host = HostHash(PurgeHost(prefix));
  to.prefixes.push_back({std::move(prefix), host});
}

// Names URLs, most of which are neighbours: of one host, and with few search parts.
class UrlNames {
 public:
  UrlNames(const Generations::Options& options, Change& to) : options_(options), to_(to) {}

  void Add(std::string_view text) {
    if (IsPlainUrl(text)) return AddNormal(PurgeUrl(text));
    AddNormal(PurgeUrlOf(text));
  }

 private:
  void AddNormal(std::string_view url) {
    EnterHost(url);
    to_.scopes.push_back({UrlHash(url), host_hash_});
    const size_t question = url.find('?', host_.size());
    if (question == url.npos) return;
    const size_t part = SearchPart(url.substr(host_.size(), question - host_.size()));
    if (!parts_.test(part)) {
      parts_.set(part);
      to_.scopes.push_back({SearchHash(host_, part), host_hash_});
    }
    if (options_.other_names == nullptr) return;
    names_.clear();
    options_.other_names(url, names_);
    for (const std::string& name : names_) to_.scopes.push_back({UrlHash(name), host_hash_});
  }

  void EnterHost(std::string_view url) {
    const bool same = url.starts_with(host_) && url.size() > host_.size() &&
                      (url[host_.size()] == '/' || url[host_.size()] == '?');
    if (same) return;
    const std::string_view host = PurgeHost(url);
    if (host_ == host) return;
    host_ = host;
    host_hash_ = HostHash(host);
    parts_.reset();
  }

  const Generations::Options& options_;
  Change& to_;
  std::string host_;
  uint64_t host_hash_ = HostHash("");
  std::bitset<kSearchParts> parts_;  // of the host, added already
  std::vector<std::string> names_;
};

// Without seq and mode.
Change Named(const Selectors& selectors, const Generations::Options& options) {
  Change named;
  named.all = selectors.all;
  named.scopes.reserve(selectors.urls.size() + selectors.tags.size());
  if (!selectors.urls.empty()) {
    UrlNames names(options, named);
    for (const std::string& text : selectors.urls) names.Add(text);
  }
  for (const std::string& tag : selectors.tags) named.scopes.push_back({TagHash(tag), 0});
  for (const std::string& host : selectors.hosts) AddHost(host, named);
  for (const std::string& prefix : selectors.prefixes) AddPrefix(prefix, named);
  return named;
}

// The generations of one clock: of the log, or of local invalidations.
struct Scopes {
  Gens all;
  ScopeTable table;
  PrefixTree prefixes;

  size_t size() const { return table.size() + prefixes.size(); }

  // REQUIRES: room for them. Beside readers.
  void Raise(const std::vector<Change::Scope>& scopes, const Gens& gens) {
    for (size_t at = 0; at < scopes.size(); at += kSlice) {
      const size_t end = std::min(at + kSlice, scopes.size());
      for (size_t i = at; i < end; ++i) table.Prefetch(scopes[i].hash);
      for (size_t i = at; i < end; ++i) table.Raise(scopes[i].hash, scopes[i].wider, gens);
    }
  }
  void RaiseWider(uint64_t wider, const Gens& gens) {
    if (wider == 0) return all.Raise(gens);
    table.Raise(wider, 0, gens);
  }

  Gens Find(std::string_view url, const Packed<uint64_t>& tags) const {
    const std::string_view text = PurgeUrl(url);
    Gens found = all;
    // Memory is asked for all slots at once; the walk of the prefixes comes meanwhile.
    const uint64_t host = HostHash(PurgeHost(url));
    const uint64_t whole = UrlHash(text);
    table.Prefetch(host);
    table.Prefetch(whole);
    for (const uint64_t tag : tags) table.Prefetch(tag);
    if (prefixes.size() != 0) found.Raise(prefixes.Match(text));
    if (table.size() != 0) {
      found.Raise(table.Find(host));
      found.Raise(table.Find(whole));
      for (const uint64_t tag : tags) found.Raise(table.Find(tag));
    }
    return found;
  }

  // What is left when scopes not newer than `below` are widened, or dropped. With some room,
  // for as much may come as went.
  Scopes Without(uint64_t below, bool widen) const {
    size_t newer = 0;
    table.ForEach([&](const ScopeTable::Slot& slot) { newer += slot.gens.newest() > below; });
    Scopes left;
    left.all = all;
    left.table = ScopeTable(newer + (table.size() - newer) / 2);
    table.ForEach([&](const ScopeTable::Slot& slot) {
      if (slot.gens.newest() > below) {
        left.table.Raise(slot.hash, slot.wider, slot.gens);
      } else if (widen) {
        left.RaiseWider(slot.wider, slot.gens);
      }
    });
    for (const PrefixTree::Prefix& prefix : prefixes.All()) {
      if (prefix.gens.newest() > below) {
        left.prefixes.Raise(prefix.text, prefix.wider, prefix.gens);
      } else if (widen) {
        left.RaiseWider(prefix.wider, prefix.gens);
      }
    }
    return left;
  }

  // The generation that divides the older half of the scopes from the newer, or nearly.
  uint64_t Median() const {
    const size_t every = size() / kSample + 1;
    std::vector<uint64_t> newest;
    newest.reserve(size() / every + 1);
    size_t at = 0;
    table.ForEach([&](const ScopeTable::Slot& slot) {
      if (at++ % every == 0) newest.push_back(slot.gens.newest());
    });
    for (const PrefixTree::Prefix& prefix : prefixes.All()) {
      if (at++ % every == 0) newest.push_back(prefix.gens.newest());
    }
    if (newest.empty()) return 0;
    const auto middle = newest.begin() + static_cast<ptrdiff_t>(newest.size() / 2);
    std::nth_element(newest.begin(), middle, newest.end());
    return *middle;
  }
};

void PutGens(std::string& to, const Gens& gens) {
  PutLe64(to, gens.hard);
  PutLe64(to, gens.soft);
}
Gens TakeGens(ByteReader& from) {
  Gens gens;
  gens.hard = from.Le64();
  gens.soft = from.Le64();
  return gens;
}

void PutScopes(std::string& to, const Scopes& scopes) {
  PutGens(to, scopes.all);
  PutLe64(to, scopes.table.size());
  scopes.table.ForEach([&](const ScopeTable::Slot& slot) {
    PutLe64(to, slot.hash);
    PutLe64(to, slot.wider);
    PutGens(to, slot.gens);
  });
  PutLe64(to, scopes.prefixes.size());
  for (const PrefixTree::Prefix& prefix : scopes.prefixes.All()) {
    PutSized(to, prefix.text);
    PutLe64(to, prefix.wider);
    PutGens(to, prefix.gens);
  }
}

Scopes TakeScopes(ByteReader& from) {
  Scopes scopes;
  scopes.all = TakeGens(from);
  for (uint64_t left = from.Le64(); left > 0 && from.ok(); --left) {
    const uint64_t hash = from.Le64();
    const uint64_t wider = from.Le64();
    const Gens gens = TakeGens(from);
    if (hash != 0) scopes.table.Raise(hash, wider, gens);
  }
  for (uint64_t left = from.Le64(); left > 0 && from.ok(); --left) {
    const std::string_view text = from.Sized();
    const uint64_t wider = from.Le64();
    scopes.prefixes.Raise(text, wider, TakeGens(from));
  }
  return scopes;
}

}  // namespace

std::string_view Name(Purged purged) {
  switch (purged) {
    case Purged::kNo: return "no";
    case Purged::kSoft: return "soft";
    case Purged::kUnknown: return "unknown";
    case Purged::kHard: return "hard";
  }
  return "?";
}

std::string_view Name(ScopeKind kind) {
  switch (kind) {
    case ScopeKind::kAll: return "all";
    case ScopeKind::kHost: return "host";
    case ScopeKind::kPrefix: return "prefix";
    case ScopeKind::kUrl: return "url";
    case ScopeKind::kTag: return "tag";
    case ScopeKind::kUnsafeMethod: return "unsafe-method";
    case ScopeKind::kMissed: return "missed";
  }
  return "?";
}

std::string PurgeUrlOf(std::string_view url) {
  if (IsPlainUrl(url)) return std::string(PurgeUrl(url));
  std::string_view rest = PurgeUrl(url);
  const size_t before = url.size() - rest.size();  // "https://"
  const std::string scheme = before == 0 ? "https" : http::AsciiLower(url.substr(0, before - 3));
  rest = rest.substr(0, rest.find('#'));
  const size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string authority = http::AsciiLower(rest.substr(0, authority_end));
  std::string path(rest.substr(authority_end));
  if (!path.starts_with('/')) path.insert(0, "/");
  if (const Result<Target> target = NormalizeTarget(scheme, authority, path)) {
    return std::string(PurgeUrl(target->Url()));
  }
  return authority + path;  // no key can look like this; nothing is lost
}

// Writers take `writing`, then `lock` for the moment of the change: readers never
// wait for the work that prepares it. Slots of the tables are raised beside readers.
struct Generations::State {
  explicit State(Options o) : options(std::move(o)) {}

  Purged Judge(std::string_view url, const Packed<uint64_t>& tags, Stamp stamp) const {
    const Gens log = scopes.Find(url, tags);
    if (log.hard > stamp.seq) return Purged::kHard;
    if (stamp.local < local.load(std::memory_order_relaxed)) {
      if (local_scopes.Find(url, tags).hard > stamp.local) return Purged::kHard;
    }
    if (stamp.seq < known_from) return Purged::kUnknown;
    return log.soft > stamp.seq ? Purged::kSoft : Purged::kNo;
  }
  // REQUIRES: writing. `finish` is called under the lock, with the last of the change.
  template <class Finish>
  void Raise(Scopes& which, const Change& change, const Gens& gens, Finish finish) {
    MakeRoom(which, change.scopes.size());
    which.Raise(change.scopes, gens);
    for (size_t at = 0; at < change.prefixes.size(); at += kSlice) {
      const size_t end = std::min(at + kSlice, change.prefixes.size());
      std::unique_lock write(lock);
      for (size_t i = at; i < end; ++i) {
        which.prefixes.Raise(change.prefixes[i].text, change.prefixes[i].wider, gens);
      }
    }
    std::unique_lock write(lock);
    if (change.all) which.all.Raise(gens);
    finish();
    Changed();
  }
  // REQUIRES: writing. Readers do not wait for a table to grow.
  void MakeRoom(Scopes& which, size_t more) {
    if (which.table.HasRoom(more)) return;
    ScopeTable larger = which.table.Larger(more);
    std::unique_lock write(lock);
    std::swap(which.table, larger);
  }
  // REQUIRES: writing. Widens until there is room again.
  void Bound(Scopes& which) {
    while (which.size() > options.max_scopes) {
      Scopes left = which.Without(which.Median(), true);
      const size_t fewer = which.size() - std::min(which.size(), left.size());
      if (fewer == 0) return;
      coarsened += fewer;
      std::unique_lock write(lock);
      std::swap(which, left);  // what was is freed without the lock
    }
  }
  // REQUIRES: writing and lock. Stamps go on at `now`, which is log position `head`.
  void StartAt(uint64_t now, Seq head) {
    offset = now - head;
    started_at = now;
    stamp_head.store(now, std::memory_order_release);
    log_head.store(head, std::memory_order_release);
    Changed();
  }
  // The record that a generation came from; 0 where that is no longer known.
  Seq RecordOf(uint64_t generation) const {
    if (generation > started_at) return generation - offset;
    // Of the former process, whose numbers are known as far back as they are unambiguous.
    const bool former = generation > former_offset && generation <= former_offset + former_head &&
                        former_head < kRestartGap;
    return former ? generation - former_offset : 0;
  }
  void Changed() { version.fetch_add(1, std::memory_order_release); }

  const Options options;
  std::mutex writing;
  mutable std::shared_mutex lock;  // of what follows, up to `offset`
  Scopes scopes;
  Scopes local_scopes;
  std::string log_id;
  uint64_t known_from = 0;  // stamps below: something was missed, or forgotten
  // Position of stamps = offset + position in the log, modulo 2^64.
  uint64_t offset = 0;
  uint64_t started_at = 0;  // generations above it are counted with `offset`
  uint64_t former_offset = 0;
  Seq former_head = 0;
  std::atomic<uint64_t> log_head{0};
  std::atomic<uint64_t> stamp_head{0};
  std::atomic<uint64_t> local{0};
  std::atomic<uint64_t> version{1};  // of all that Judge looks at
  std::atomic<uint64_t> coarsened{0};
};

Generations::Generations() : Generations(Options()) {}
Generations::Generations(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Generations::~Generations() = default;

Seq Generations::head() const { return state_->log_head.load(std::memory_order_acquire); }

AppliedAt Generations::applied_at() const {
  std::shared_lock read(state_->lock);
  return {state_->log_head.load(std::memory_order_relaxed), state_->log_id};
}

Stamp Generations::Now() const {
  return {state_->stamp_head.load(std::memory_order_acquire),
          state_->local.load(std::memory_order_acquire)};
}

Purged Generations::Judge(const Entry& entry) const {
  const uint64_t seen = entry.validated_at.load(std::memory_order_relaxed);
  const uint64_t version = state_->version.load(std::memory_order_acquire);
  if (seen == version) return Purged::kNo;
  std::shared_lock read(state_->lock);
  // Under the lock the version stays: of what is raised meanwhile the next one tells.
  const uint64_t judged = state_->version.load(std::memory_order_relaxed);
  const StoredHead& head = entry.head;
  const Purged purged = state_->Judge(head.key.url(), head.tags, entry.stamp());
  if (purged == Purged::kNo) {
    entry.cleared_to.store(state_->stamp_head.load(std::memory_order_relaxed),
                           std::memory_order_relaxed);
    entry.validated_at.store(judged, std::memory_order_relaxed);
  }
  return purged;
}

Purged Generations::Judge(const Key& key, const Packed<uint64_t>& tags, Stamp stamp) const {
  std::shared_lock read(state_->lock);
  return state_->Judge(key.url(), tags, stamp);
}

std::vector<Covering> Generations::FindCovering(const Key& key, const Packed<uint64_t>& tags,
                                                Stamp stamp) const {
  const State& state = *state_;
  std::shared_lock read(state.lock);
  std::vector<Covering> found;
  const auto add = [&](ScopeKind kind, const Gens& gens, std::string prefix = {}, size_t tag = 0) {
    for (const auto& [mode, generation] :
         {std::pair(PurgeMode::kHard, gens.hard), std::pair(PurgeMode::kSoft, gens.soft)}) {
      if (generation <= stamp.seq) continue;
      found.push_back({kind, mode, prefix, tag, state.RecordOf(generation), generation});
    }
  };
  const std::string_view url = PurgeUrl(key.url());
  add(ScopeKind::kAll, state.scopes.all);
  add(ScopeKind::kHost, state.scopes.table.Find(HostHash(PurgeHost(key.url()))));
  add(ScopeKind::kUrl, state.scopes.table.Find(UrlHash(url)));
  for (size_t i = 0; i < tags.size(); ++i) {
    add(ScopeKind::kTag, state.scopes.table.Find(tags[i]), {}, i);
  }
  for (PrefixTree::Prefix& prefix : state.scopes.prefixes.All()) {
    if (url.starts_with(prefix.text)) add(ScopeKind::kPrefix, prefix.gens, prefix.text);
  }
  std::sort(found.begin(), found.end(),
            [](const Covering& a, const Covering& b) { return a.stamp > b.stamp; });
  if (state.local_scopes.Find(key.url(), {}).hard > stamp.local) {
    found.insert(found.begin(), {.kind = ScopeKind::kUnsafeMethod});
  }
  if (stamp.seq < state.known_from) {
    found.push_back({.kind = ScopeKind::kMissed, .stamp = state.known_from});
  }
  return found;
}

Change Generations::ChangeOf(const Record& record) const {
  Change change = Named(record.selectors, state_->options);
  change.seq = record.seq;
  change.mode = record.mode;
  return change;
}

void Generations::Apply(const Change& change) {
  State& state = *state_;
  std::lock_guard writing(state.writing);
  SKERRY_CHECK(change.seq == head() + 1);
  Gens gens;
  gens.Raise(change.mode, state.offset + change.seq);
  // What is judged meanwhile may be found purged a moment early, and is judged again when
  // the version has changed.
  state.Raise(state.scopes, change, gens, [&] {
    state.stamp_head.store(state.offset + change.seq, std::memory_order_release);
    state.log_head.store(change.seq, std::memory_order_release);
  });
  state.Bound(state.scopes);
}

uint64_t Generations::InvalidateLocally(std::string_view url) {
  Selectors selectors;
  selectors.urls.emplace_back(url);
  return InvalidateLocally(selectors);
}

uint64_t Generations::InvalidateLocally(const Selectors& selectors) {
  State& state = *state_;
  std::lock_guard writing(state.writing);
  const Change named = Named(selectors, state.options);
  const uint64_t now = state.local.load(std::memory_order_relaxed) + 1;
  state.Raise(state.local_scopes, named, {now, 0},
              [&] { state.local.store(now, std::memory_order_release); });
  state.Bound(state.local_scopes);
  return now;
}

void Generations::Reset(std::string log_id, Seq new_head) {
  State& state = *state_;
  std::lock_guard writing(state.writing);
  std::unique_lock write(state.lock);
  const uint64_t now = state.stamp_head.load(std::memory_order_relaxed) + 1;
  state.known_from = now;
  state.log_id = std::move(log_id);
  state.former_head = 0;  // positions of another log
  state.StartAt(now, new_head);
}

void Generations::RestoreNothing(Seq newest_stamp) {
  State& state = *state_;
  std::lock_guard writing(state.writing);
  std::unique_lock write(state.lock);
  const uint64_t now = newest_stamp + kRestartGap;
  state.known_from = now;
  state.StartAt(now, 0);
}

void Generations::DoubtAll() {
  State& state = *state_;
  std::lock_guard writing(state.writing);
  std::unique_lock write(state.lock);
  state.known_from = state.stamp_head.load(std::memory_order_relaxed);
}

void Generations::ForgetBelow(Seq oldest) {
  State& state = *state_;
  std::lock_guard writing(state.writing);
  Scopes left = state.scopes.Without(oldest, false);
  if (left.size() == state.scopes.size()) return;
  std::unique_lock write(state.lock);
  std::swap(state.scopes, left);
  state.known_from = std::max(state.known_from, oldest);
}

size_t Generations::size() const {
  std::shared_lock read(state_->lock);
  return state_->scopes.size() + state_->local_scopes.size();
}

uint64_t Generations::coarsened() const { return state_->coarsened.load(); }

std::string Generations::Serialize() const {
  std::string bytes(kMagic);
  {
    std::shared_lock read(state_->lock);
    PutSized(bytes, state_->log_id);
    PutLe64(bytes, state_->offset);
    PutLe64(bytes, state_->log_head.load());
    PutLe64(bytes, state_->known_from);
    PutScopes(bytes, state_->scopes);
  }
  PutLe64(bytes, Xxh3(bytes));
  return bytes;
}

void Generations::RestoredAll() {
  State& state = *state_;
  std::lock_guard writing(state.writing);
  std::unique_lock write(state.lock);
  state.former_offset = state.offset;
  state.former_head = state.log_head.load();
  state.StartAt(state.stamp_head.load() + kRestartGap, state.log_head.load());
}

Status Generations::Restore(std::string_view bytes, bool more_follow) {
  const size_t body = bytes.size() < 8 ? 0 : bytes.size() - 8;
  ByteReader sum(bytes.substr(body));
  ByteReader from(bytes.substr(0, body));
  if (from.Take(kMagic.size()) != kMagic || sum.Le64() != Xxh3(bytes.substr(0, body))) {
    return Fail(Code::kCorrupt, Side::kStorage, "generations: the checksum does not match");
  }
  std::string log_id(from.Sized());
  const uint64_t offset = from.Le64();
  const uint64_t log_head = from.Le64();
  const uint64_t known_from = from.Le64();
  Scopes scopes = TakeScopes(from);
  if (!from.AtEnd()) {
    return Fail(Code::kCorrupt, Side::kStorage, "generations: the length does not match");
  }
  State& state = *state_;
  std::lock_guard writing(state.writing);
  std::unique_lock write(state.lock);
  state.scopes = std::move(scopes);
  state.log_id = std::move(log_id);
  state.known_from = known_from;
  state.former_offset = offset;
  state.former_head = log_head;
  state.StartAt(offset + log_head + (more_follow ? 0 : kRestartGap), log_head);
  return {};
}

}  // namespace skerry::cache
