#include "core/gateway/body.h"

#include <algorithm>
#include <utility>

#include "core/gateway/fetched_part.h"

namespace skerry::gateway {
namespace {

using cache::kChunkBytes;

// Reads chunks from the disk tier for one reader: the wanted one and no other at a
// time. Callbacks that come after the reader is gone find nothing.
class DiskReader {
 public:
  DiskReader(cache::Disk* disk, net::Loop& loop) : disk_(disk), loop_(loop) {}

  enum class Has : uint8_t { kChunk, kAsked, kLost };

  // The chunk, if it is here; otherwise asks for it and calls `wake` when it has come.
  Has Get(const cache::Extents& extents, size_t index, Chunk* out) {
    if (state_ != nullptr && state_->index == index) {
      if (state_->asked) return Has::kAsked;
      *out = state_->chunk;
      return state_->lost ? Has::kLost : Has::kChunk;
    }
    if (disk_ == nullptr || index >= extents.positions.size()) return Has::kLost;
    if (state_ == nullptr) {
      state_ = std::make_shared<State>();
      state_->wake = std::move(wake_);
    }
    if (pin_ == nullptr) pin_ = disk_->Pin(extents);
    state_->index = index;
    state_->asked = true;
    disk_->ReadChunk(extents, index, loop_,
                     [weak = std::weak_ptr<State>(state_), index](Result<Chunk> read) {
                       const std::shared_ptr<State> state = weak.lock();
                       if (state == nullptr || state->index != index) return;
                       state->asked = false;
                       state->lost = !read;
                       if (read) state->chunk = std::move(*read);
                       if (state->wake) state->wake();
                     });
    return Has::kAsked;
  }

  void SetWake(std::function<void()> wake) {
    (state_ != nullptr ? state_->wake : wake_) = std::move(wake);
  }

 private:
  // Of what was asked for last: made with the first question, as most bodies ask none.
  struct State {
    size_t index = SIZE_MAX;
    bool asked = false;
    bool lost = false;
    Chunk chunk;
    std::function<void()> wake;
  };

  cache::Disk* disk_;
  net::Loop& loop_;
  std::function<void()> wake_;  // until there is a state
  std::shared_ptr<State> state_;
  std::shared_ptr<void> pin_;
};

class StoredBody : public http::BodySource {
 public:
  StoredBody(cache::EntryPtr entry, BodyPart part, cache::Disk* disk, cache::Ram* ram,
             net::Loop& loop)
      : entry_(std::move(entry)), ram_(ram), reader_(disk, loop), position_(part.from) {
    end_ = part.count ? std::min(part.from + *part.count, entry_->body_size) : entry_->body_size;
    whole_ = part.from == 0 && end_ == entry_->body_size;
    if (whole_ && !entry_->in_memory()) collected_ = entry_->chunks;
  }

  Piece Peek(size_t max) override {
    if (position_ >= end_) {
      if (whole_ && !entry_->trailers.empty()) return {State::kEnd, {}, false};
      return {State::kEnd, {}, true};
    }
    const size_t index = position_ / kChunkBytes;
    if (held_index_ != index) {
      const State got = Hold(index);
      if (got != State::kData) return {got, {}, false};
    }
    const size_t offset = position_ % kChunkBytes;
    const uint64_t left = std::min<uint64_t>(end_ - position_, bytes_.size() - offset);
    const size_t count = std::min<uint64_t>(left, max);
    const bool last = position_ + count == end_ && (!whole_ || entry_->trailers.empty());
    return {State::kData, bytes_.substr(offset, count), last};
  }

  void Consume(size_t count) override { position_ += count; }
  void WakeWith(std::function<void()> wake) override { reader_.SetWake(std::move(wake)); }
  std::optional<uint64_t> length() const override {
    // Behind a Content-Length HTTP/1.1 has no place for trailers.
    if (trailers() != nullptr) return std::nullopt;
    return whole_ ? entry_->body_size : end_ - std::min(position_, end_);
  }
  const http::Fields* trailers() const override {
    return whole_ && !entry_->trailers.empty() ? &entry_->trailers : nullptr;
  }

 private:
  State Hold(size_t index) {
    if (index < entry_->chunks.size()) {
      bytes_ = entry_->chunks[index].view();
    } else {
      Chunk read;
      switch (reader_.Get(entry_->extents, index, &read)) {
        case DiskReader::Has::kAsked: return State::kWait;
        case DiskReader::Has::kLost: return State::kFailed;
        case DiskReader::Has::kChunk: break;
      }
      held_ = std::move(read);
      bytes_ = held_.view();
      Collect(index);
    }
    // A chunk that is shorter than its place would send other bytes than announced.
    const uint64_t expected =
        std::min<uint64_t>(kChunkBytes, entry_->body_size - index * kChunkBytes);
    if (bytes_.size() != expected) return State::kFailed;
    held_index_ = index;
    return State::kData;
  }

  // What was read in full is worth keeping in memory.
  void Collect(size_t index) {
    if (collected_.size() != index) return;
    if (ram_ == nullptr || entry_->body_size > ram_->capacity() / 64) return;
    collected_.push_back(held_);
    if (collected_.size() * kChunkBytes < entry_->body_size) return;
    auto whole = std::make_shared<cache::Entry>();
    whole->head = entry_->head;
    whole->body_size = entry_->body_size;
    whole->chunks = std::move(collected_);
    whole->extents = entry_->extents;
    whole->trailers = entry_->trailers;
    whole->hits_to_upgrade = entry_->hits_to_upgrade.load(std::memory_order_relaxed);
    ram_->Offer(std::move(whole), /*on_disk=*/true);
  }

  cache::EntryPtr entry_;
  cache::Ram* ram_;
  DiskReader reader_;
  uint64_t position_ = 0;
  uint64_t end_ = 0;
  bool whole_ = false;
  size_t held_index_ = SIZE_MAX;
  std::string_view bytes_;  // of the chunk at hand
  Chunk held_;              // the same, unless the entry has it
  std::vector<Chunk> collected_;
};

// The whole of what RAM holds in one chunk.
class KeptBody : public http::BodySource {
 public:
  explicit KeptBody(cache::EntryPtr entry)
      : entry_(std::move(entry)), rest_(entry_->chunks.front().view()) {}

  Piece Peek(size_t max) override {
    if (rest_.empty()) return {State::kEnd, {}, true};
    return {State::kData, rest_.substr(0, max), rest_.size() <= max};
  }
  void Consume(size_t count) override { rest_.remove_prefix(count); }
  void WakeWith(std::function<void()>) override {}
  std::optional<uint64_t> length() const override { return entry_->body_size; }

 private:
  const cache::EntryPtr entry_;
  std::string_view rest_;
};

bool IsKept(const cache::Entry& entry, const BodyPart& part) {
  return part.from == 0 && !part.count && entry.chunks.size() == 1 &&
         entry.chunks.front().size() == entry.body_size && entry.trailers.empty();
}

class FillBody : public http::BodySource {
 public:
  FillBody(std::shared_ptr<cache::Fill> fill, std::shared_ptr<cache::Fill::Seat> seat,
           BodyPart part, cache::Disk* disk, net::Loop& loop, FetchPart fetch)
      : fill_(std::move(fill)),
        seat_(std::move(seat)),
        reader_(disk, loop),
        loop_(loop),
        fetch_(std::move(fetch)),
        part_(part),
        position_(part.from) {
    if (part.from > 0) fill_->Advance(*seat_, part.from);
  }

  Piece Peek(size_t max) override {
    if (part_.count && position_ >= part_.from + *part_.count) return {State::kEnd, {}, true};
    if (held_.empty()) {
      const std::optional<State> stop = Hold();
      if (stop) return {*stop, {}, *stop == State::kEnd};
    }
    size_t count = std::min(max, held_.size());
    bool last = last_ && count == held_.size();
    if (part_.count) {
      const uint64_t left = part_.from + *part_.count - position_;
      count = std::min<uint64_t>(count, left);
      last = count == left;
    }
    return {State::kData, held_.view().substr(0, count), last};
  }

  void Consume(size_t count) override {
    position_ += count;
    held_ = held_.Slice(count, held_.size() - count);
    // Telling the fill takes its lock: once a chunk's worth is enough, or when the
    // reader has caught up.
    if (held_.empty() || position_ - told_ >= kChunkBytes / 2) {
      told_ = position_;
      if (rest_ != nullptr) return rest_->Advance(position_);
      fill_->Advance(*seat_, position_);
    }
  }

  void WakeWith(std::function<void()> wake) override {
    wake_ = wake;
    if (seat_ != nullptr) seat_->SetWake(wake);
    if (rest_ != nullptr) rest_->SetWake(wake);
    reader_.SetWake(std::move(wake));
  }

  std::optional<uint64_t> length() const override {
    if (part_.count) return part_.count;
    const std::optional<uint64_t> whole = fill_->answer()->length;
    if (!whole) return std::nullopt;
    return *whole - std::min(part_.from, *whole);
  }

  const http::Fields* trailers() const override {
    if (part_.from > 0 || part_.count) return nullptr;
    trailers_ = fill_->trailers();
    return trailers_.empty() ? nullptr : &trailers_;
  }

 private:
  // Nothing when held_ has bytes; otherwise why not.
  std::optional<State> Hold() {
    const cache::Fill::Got got =
        rest_ != nullptr ? rest_->ReadAt(position_) : fill_->ReadAt(position_);
    switch (got.read) {
      case cache::Fill::Read::kBytes:
        held_ = got.bytes;
        last_ = got.last;
        return std::nullopt;
      case cache::Fill::Read::kWait: return State::kWait;
      case cache::Fill::Read::kEnd: return State::kEnd;
      case cache::Fill::Read::kFailed: return State::kFailed;
      case cache::Fill::Read::kDropped: return rest_ != nullptr ? State::kFailed : FromDisk();
    }
    return State::kFailed;
  }

  // We were too slow: the bytes have left memory.
  std::optional<State> FromDisk() {
    const size_t index = position_ / kChunkBytes;
    const std::optional<cache::Extents> extents = fill_->OnDisk(index);
    if (!extents) return FromUpstream();
    Chunk chunk;
    switch (reader_.Get(*extents, index, &chunk)) {
      case DiskReader::Has::kAsked: return State::kWait;
      case DiskReader::Has::kLost: return FromUpstream();
      case DiskReader::Has::kChunk: break;
    }
    const size_t offset = position_ % kChunkBytes;
    if (chunk.size() <= offset) return State::kFailed;
    held_ = chunk.Slice(offset, chunk.size() - offset);
    last_ = false;
    return std::nullopt;
  }

  // Nor are they on the disk.
  std::optional<State> FromUpstream() {
    BodyPart rest{position_, std::nullopt};
    if (part_.count) rest.count = part_.from + *part_.count - position_;
    const std::shared_ptr<cache::Fill> fetched = fetch_ ? fetch_(rest) : nullptr;
    if (fetched == nullptr) return State::kFailed;
    rest_ = std::make_unique<FetchedPart>(fill_->answer(), fetched, rest, loop_, wake_);
    fetch_ = nullptr;
    seat_.reset();
    return State::kWait;
  }

  std::shared_ptr<cache::Fill> fill_;
  std::shared_ptr<cache::Fill::Seat> seat_;
  DiskReader reader_;
  net::Loop& loop_;
  FetchPart fetch_;
  std::unique_ptr<FetchedPart> rest_;  // from where bytes were lost
  std::function<void()> wake_;
  BodyPart part_;
  uint64_t position_ = 0;
  uint64_t told_ = 0;
  Chunk held_;
  bool last_ = false;
  mutable http::Fields trailers_;
};

}  // namespace

std::unique_ptr<http::BodySource> MakeStoredBody(cache::EntryPtr entry, BodyPart part,
                                                 cache::Disk* disk, cache::Ram* ram,
                                                 net::Loop& loop) {
  if (IsKept(*entry, part)) return std::make_unique<KeptBody>(std::move(entry));
  return std::make_unique<StoredBody>(std::move(entry), part, disk, ram, loop);
}

std::unique_ptr<http::BodySource> MakeFillBody(std::shared_ptr<cache::Fill> fill,
                                               std::shared_ptr<cache::Fill::Seat> seat,
                                               BodyPart part, cache::Disk* disk, net::Loop& loop,
                                               FetchPart fetch) {
  return std::make_unique<FillBody>(std::move(fill), std::move(seat), part, disk, loop,
                                    std::move(fetch));
}

}  // namespace skerry::gateway
