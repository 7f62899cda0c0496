#include "core/gateway/upgrade.h"

#include <time.h>

#include <deque>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "core/asset/decoder.h"
#include "core/asset/encoder.h"
#include "core/base/thread.h"
#include "core/base/urgency.h"
#include "core/gateway/variant.h"

namespace skerry::gateway {
namespace {

Micros ThreadTime() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return Seconds(now.tv_sec) + Micros(now.tv_nsec / 1000);
}

// A list like `fields` with the tag of the new encoding.
std::shared_ptr<const http::Fields> Retagged(const http::Fields& fields,
                                             const asset::Recipe& recipe) {
  auto changed = std::make_shared<http::Fields>(fields);
  const auto etag = changed->Find("etag");
  const std::string origin = etag ? OriginTag(*etag) : "";
  changed->Remove("etag");
  if (!origin.empty()) changed->Add("etag", origin);
  MarkEncoded(*changed, recipe, "");
  return changed;
}

std::vector<Chunk> Cut(std::string_view body) {
  std::vector<Chunk> chunks;
  for (size_t at = 0; at < body.size(); at += cache::kChunkBytes) {
    chunks.push_back(Chunk::Copy(body.substr(at, cache::kChunkBytes)));
  }
  return chunks;
}

}  // namespace

std::string_view Name(Upgraded result) {
  switch (result) {
    case Upgraded::kDone: return "done";
    case Upgraded::kNoGain: return "no-gain";
    case Upgraded::kTooLarge: return "too-large";
    case Upgraded::kGone: return "gone";
    case Upgraded::kFull: return "full";
    case Upgraded::kUnreadable: return "unreadable";
  }
  return "unknown";
}

Micros RestAfter(Micros used, double share) {
  return Micros(static_cast<int64_t>(static_cast<double>(used.count()) * (1 / share - 1)));
}

cache::EntryPtr Upgrade(const cache::Entry& coded, const asset::Recipe& recipe, ByteCount largest,
                        Upgraded* result) {
  std::string body;
  for (const Chunk& chunk : coded.chunks) body += chunk.view();
  const Result<std::string> plain = asset::Decode(asset::Coding::kBrotli, body, largest);
  if (!plain) {
    *result = plain.error().code == Code::kLimit ? Upgraded::kTooLarge : Upgraded::kUnreadable;
    return nullptr;
  }
  const Result<std::string> smaller = asset::Compress(recipe, *plain);
  if (!smaller || smaller->size() >= body.size()) {
    *result = Upgraded::kNoGain;
    return nullptr;
  }
  auto entry = std::make_shared<cache::Entry>();
  entry->head = coded.head;
  entry->head.stamp = coded.stamp();
  entry->head.fields = Retagged(*coded.head.fields, recipe);
  entry->head.client_fields = Retagged(*coded.head.client_fields, recipe);
  entry->body_size = smaller->size();
  entry->chunks = Cut(*smaller);
  entry->trailers = coded.trailers;
  *result = Upgraded::kDone;
  return entry;
}

struct Upgrades::State {
  explicit State(Options o) : options(o) {
    for (const Upgraded result : {Upgraded::kDone, Upgraded::kNoGain, Upgraded::kTooLarge,
                                  Upgraded::kGone, Upgraded::kFull, Upgraded::kUnreadable}) {
      counters[result] = &options.metrics->GetCounter(
          "skerry_upgrades_total", "Hot objects compressed once more, by result.",
          {{"result", std::string(Name(result))}});
    }
    cpu = &options.metrics->GetCounter("skerry_upgrade_cpu_microseconds_total",
                                       "Processor time spent on them.");
  }

  void Work();
  Upgraded Do(const cache::EntryPtr& entry) const;
  // False when it is time to end.
  bool Rest(Micros rest);

  const Options options;
  std::map<Upgraded, Counter*> counters;
  Counter* cpu;
  Mutex mutex;
  ConditionVariable changed;
  std::deque<std::weak_ptr<const cache::Entry>> queue SKERRY_GUARDED_BY(mutex);
  bool busy SKERRY_GUARDED_BY(mutex) = false;
  bool hurry SKERRY_GUARDED_BY(mutex) = false;
  bool ending SKERRY_GUARDED_BY(mutex) = false;
  std::thread thread;
};

Upgrades::Upgrades(Options options) : state_(std::make_unique<State>(options)) {
  state_->thread = std::thread([state = state_.get()] { state->Work(); });
}

Upgrades::~Upgrades() {
  {
    MutexLock lock(state_->mutex);
    state_->ending = true;
    state_->changed.NotifyAll();
  }
  state_->thread.join();
}

void Upgrades::State::Work() {
  NameThisThread("upgrade");
  SetUrgency(Urgency::kBackground);
  for (;;) {
    cache::EntryPtr entry;
    {
      MutexLock lock(mutex);
      while (queue.empty() && !ending) changed.Wait(mutex);
      if (ending) return;
      entry = queue.front().lock();
      queue.pop_front();
      busy = true;
    }
    const Micros before = ThreadTime();
    counters[entry == nullptr ? Upgraded::kGone : Do(entry)]->Add();
    entry.reset();
    const Micros used = ThreadTime() - before;
    cpu->Add(static_cast<uint64_t>(used.count()));
    if (!Rest(RestAfter(used, options.processor_share))) return;
  }
}

Upgraded Upgrades::State::Do(const cache::EntryPtr& entry) const {
  Upgraded result = Upgraded::kGone;
  const cache::EntryPtr fresh = Upgrade(*entry, asset::kBestBrotli, options.largest, &result);
  if (fresh == nullptr) return result;
  if (!options.ram->Replace(entry, fresh)) return Upgraded::kGone;
  if (options.disk != nullptr) options.disk->Store(fresh);
  return Upgraded::kDone;
}

bool Upgrades::State::Rest(Micros rest) {
  const auto until = std::chrono::steady_clock::now() + rest;
  MutexLock lock(mutex);
  busy = false;
  changed.NotifyAll();
  while (!ending && !hurry) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) break;
    changed.WaitFor(mutex, left);
  }
  return !ending;
}

void Upgrades::Watch(const cache::Entry& entry, const asset::Recipe& recipe) const {
  if (recipe == asset::kFastBrotli && entry.in_memory()) {
    entry.hits_to_upgrade.store(state_->options.hits, std::memory_order_relaxed);
  }
}

void Upgrades::Watch(const cache::Entry& entry) const {
  const auto etag = entry.head.etag();
  if (const auto tag = etag ? ParseCodedTag(*etag) : std::nullopt) Watch(entry, tag->recipe);
}

void Upgrades::Count(const cache::EntryPtr& entry) {
  if (entry->hits_to_upgrade.fetch_sub(1, std::memory_order_relaxed) != 1) return;
  MutexLock lock(state_->mutex);
  if (state_->queue.size() >= state_->options.queue) {
    state_->counters[Upgraded::kFull]->Add();
    entry->hits_to_upgrade.store(state_->options.hits, std::memory_order_relaxed);
    return;
  }
  state_->queue.push_back(entry);
  state_->changed.NotifyAll();
}

void Upgrades::Finish() {
  MutexLock lock(state_->mutex);
  state_->hurry = true;
  state_->changed.NotifyAll();
  while (!state_->queue.empty() || state_->busy) state_->changed.Wait(state_->mutex);
  state_->hurry = false;
}

}  // namespace skerry::gateway
