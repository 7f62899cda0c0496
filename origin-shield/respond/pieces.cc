#include "origin-shield/respond/pieces.h"

namespace skerry::shield {

std::shared_ptr<const Chunk> Pieces::Find(const Sha256Digest& name, uint64_t index) {
  MutexLock lock(mutex_);
  const auto it = held_.find({name, index});
  if (it == held_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, it->second);
  return it->second->chunk;
}

void Pieces::Load(const Sha256Digest& name, ByteCount size, uint64_t index, net::Loop& loop,
                  Done done) {
  const Place place{name, index};
  bool first = false;
  {
    MutexLock lock(mutex_);
    const auto it = held_.find(place);
    if (it != held_.end()) {
      recent_.splice(recent_.begin(), recent_, it->second);
      loop.Post([chunk = it->second->chunk, done = std::move(done)] { done(*chunk); });
      return;
    }
    std::vector<Waiter>& waiters = loading_[place];
    first = waiters.empty();
    waiters.push_back({&loop, std::move(done)});
  }
  if (first) pool_.Run([this, place, size] { Read(place, size); });
}

void Pieces::Read(const Place& place, ByteCount size) {
  const Result<Chunk> read = blobs_.Read(place.first, size, place.second);
  std::vector<Waiter> waiters;
  {
    MutexLock lock(mutex_);
    waiters = std::move(loading_[place]);
    loading_.erase(place);
    if (read) Keep(place, *read);
  }
  for (Waiter& waiter : waiters) {
    waiter.loop->Post([read, done = std::move(waiter.done)] { done(read); });
  }
}

void Pieces::Keep(const Place& place, const Chunk& chunk) {
  if (chunk.size() > capacity_ || held_.contains(place)) return;
  recent_.push_front({place, std::make_shared<const Chunk>(chunk)});
  held_.emplace(place, recent_.begin());
  bytes_ += chunk.size();
  while (bytes_ > capacity_) {
    bytes_ -= recent_.back().chunk->size();
    held_.erase(recent_.back().place);
    recent_.pop_back();
  }
}

ByteCount Pieces::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace skerry::shield
