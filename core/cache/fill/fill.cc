#include "core/cache/fill/fill.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace skerry::cache {
namespace {

// How often a writer that waits for the disk looks at it.
constexpr Micros kDiskLook = Millis(2);

}  // namespace

Fill::Fill(Options options)
    : options_(std::move(options)),
      state_(options_.gathers ? FillState(options_.key) : FillState(options_.key, options_.stamp)) {
}

// --- seats

Fill::Seat::~Seat() { fill_->Leave(*this); }

std::shared_ptr<Fill::Seat> Fill::Sit(net::Loop& loop, std::function<void()> wake) {
  auto seat = std::make_shared<Seat>(shared_from_this(), loop, std::move(wake));
  MutexLock lock(mutex_);
  seats_.push_back(seat.get());
  return seat;
}

void Fill::Leave(Seat& seat) {
  net::Loop* writer = nullptr;
  std::function<void()> tell;
  {
    MutexLock lock(mutex_);
    std::erase(seats_, &seat);
    DropPassed();
    if (finished_ || phase_ == Phase::kFailed) return;
    if (seats_.empty()) {
      writer = writer_;
      tell = on_deserted_;
    } else if (waits_for_room_ && !Full()) {
      waits_for_room_ = false;
      writer = writer_;
      tell = on_room_;
    }
  }
  if (writer != nullptr && tell) writer->Post(std::move(tell));
}

void Fill::WakeAll() {
  for (Seat* seat : seats_) {
    if (seat->wake_posted_) continue;
    seat->wake_posted_ = true;
    seat->loop_.Post([weak = seat->weak_from_this()] {
      const std::shared_ptr<Seat> seat = weak.lock();
      if (seat == nullptr) return;
      {
        MutexLock lock(seat->fill_->mutex_);
        seat->wake_posted_ = false;
      }
      if (seat->wake_) seat->wake_();
    });
  }
}

// --- readers

Fill::Phase Fill::phase() const {
  MutexLock lock(mutex_);
  return phase_;
}

std::shared_ptr<const Answer> Fill::answer() const {
  MutexLock lock(mutex_);
  return answer_;
}

EntryPtr Fill::entry() const {
  MutexLock lock(mutex_);
  return entry_;
}

int Fill::validated_by() const {
  MutexLock lock(mutex_);
  return validated_by_;
}

Stamp Fill::stamp() const {
  MutexLock lock(mutex_);
  return state_.stamp();
}

Error Fill::error() const {
  MutexLock lock(mutex_);
  return error_;
}

Joined Fill::MayJoin(const Generations& generations, bool fenced) const {
  MutexLock lock(mutex_);
  // The first bytes must still be there, or on disk.
  if (first_held_ > 0 && (disk_ == nullptr || disk_->abandoned())) return Joined::kEnded;
  if (phase_ == Phase::kFailed) return Joined::kEnded;
  return state_.MayJoin(generations, fenced);
}

Joined Fill::MayStay(const Generations& generations, const http::Fields& request) const {
  MutexLock lock(mutex_);
  return state_.MayStay(generations, request);
}

Fill::Got Fill::ReadAt(uint64_t position) const {
  MutexLock lock(mutex_);
  const size_t index = position / kChunkBytes;
  if (position < size_) {
    if (index < first_held_) return {Read::kDropped, {}, false};
    const Piece& piece = pieces_[index];
    const size_t offset = position % kChunkBytes;
    Got got{Read::kBytes, piece.whole.Slice(offset, piece.filled - offset), false};
    got.last = finished_ && trailers_.empty() && position + got.bytes.size() == size_;
    return got;
  }
  if (finished_) return {Read::kEnd, {}, true};
  if (phase_ == Phase::kFailed) return {Read::kFailed, {}, false};
  return {Read::kWait, {}, false};
}

void Fill::Advance(Seat& seat, uint64_t position) {
  net::Loop* writer = nullptr;
  std::function<void()> room;
  {
    MutexLock lock(mutex_);
    seat.position_ = position;
    DropPassed();
    if (waits_for_room_ && !Full()) {
      waits_for_room_ = false;
      writer = writer_;
      room = on_room_;
    }
  }
  if (writer != nullptr && room) writer->Post(std::move(room));
}

http::Fields Fill::trailers() const {
  MutexLock lock(mutex_);
  return trailers_;
}

std::optional<Extents> Fill::OnDisk(size_t index) const {
  MutexLock lock(mutex_);
  if (index < extents_.positions.size()) return extents_;
  if (disk_ == nullptr) return std::nullopt;
  Extents extents{disk_->fill_id(), {}};
  for (size_t i = 0; i <= index; ++i) {
    const std::optional<uint64_t> position = disk_->PositionOf(i);
    if (!position) return std::nullopt;
    extents.positions.push_back(*position);
  }
  return extents;
}

// --- writer

void Fill::SetWriter(net::Loop& loop, std::function<void()> on_room,
                     std::function<void()> on_deserted) {
  MutexLock lock(mutex_);
  writer_ = &loop;
  on_room_ = std::move(on_room);
  on_deserted_ = std::move(on_deserted);
}

void Fill::Begin(Stamp stamp) {
  MutexLock lock(mutex_);
  state_.Begin(stamp);
}

void Fill::OnAnswer(Answer answer, bool shared, std::unique_ptr<DiskFill> disk) {
  MutexLock lock(mutex_);
  state_.OnHead(shared, answer.head);
  answer_ = std::make_shared<const Answer>(std::move(answer));
  disk_ = std::move(disk);
  phase_ = Phase::kAnswer;
  WakeAll();
}

void Fill::Renew(uint64_t local) {
  MutexLock lock(mutex_);
  state_.Renew(local);
}

void Fill::OnValidated(EntryPtr entry, int status, bool shared) {
  MutexLock lock(mutex_);
  validated_by_ = status;
  state_.OnHead(shared, entry->head);
  state_.OnComplete();
  entry_ = std::move(entry);
  phase_ = Phase::kValidated;
  finished_ = true;
  WakeAll();
}

void Fill::OpenPiece() {
  size_t capacity = kChunkBytes;
  if (answer_ != nullptr && answer_->length && *answer_->length > size_) {
    capacity = std::min<uint64_t>(capacity, *answer_->length - size_);
  }
  // Of unknown length: pages that are never filled are never touched.
  Piece piece;
  piece.capacity = capacity;
  piece.whole = Chunk::Uninitialized(capacity, &piece.out);
  pieces_.push_back(std::move(piece));
}

void Fill::ClosePiece() {
  if (pieces_.empty() || disk_ == nullptr) return;
  const Piece& piece = pieces_.back();
  if (piece.filled == 0 || piece.whole.empty()) return;
  if (disk_->abandoned()) {
    disk_ = nullptr;
    return;
  }
  disk_->Append(piece.whole.Slice(0, piece.filled));
}

void Fill::Append(std::string_view bytes) {
  MutexLock lock(mutex_);
  while (!bytes.empty()) {
    if (pieces_.empty() || pieces_.back().filled == pieces_.back().capacity) {
      OpenPiece();
    }
    Piece& piece = pieces_.back();
    const size_t count = std::min(bytes.size(), piece.capacity - piece.filled);
    std::memcpy(piece.out + piece.filled, bytes.data(), count);
    piece.filled += count;
    size_ += count;
    bytes.remove_prefix(count);
    if (piece.filled == kChunkBytes) ClosePiece();
  }
  DropPassed();
  WakeAll();
}

void Fill::Finish(http::Fields trailers) {
  MutexLock lock(mutex_);
  if (!pieces_.empty() && pieces_.back().filled < kChunkBytes) {
    Piece& last = pieces_.back();
    // Give back what an unknown length made us reserve; readers keep their slices.
    if (last.filled + 4096 < last.capacity) {
      last.whole = Chunk::Copy(last.whole.view().substr(0, last.filled));
      last.capacity = last.filled;
    }
    ClosePiece();
  }
  trailers_ = std::move(trailers);
  finished_ = true;
  state_.OnComplete();
  WakeAll();
}

void Fill::Fail(Error error) {
  MutexLock lock(mutex_);
  if (finished_) return;
  error_ = std::move(error);
  phase_ = Phase::kFailed;
  state_.OnFailed();
  disk_ = nullptr;
  WakeAll();
}

uint64_t Fill::Fastest() const {
  uint64_t fastest = 0;
  for (const Seat* seat : seats_) fastest = std::max(fastest, seat->position_);
  return fastest;
}

uint64_t Fill::Slowest() const {
  uint64_t slowest = size_;
  for (const Seat* seat : seats_) slowest = std::min(slowest, seat->position_);
  return slowest;
}

bool Fill::Full() const {
  if (seats_.empty()) return false;
  const bool kept = first_held_ == 0 && answer_ != nullptr && answer_->length &&
                    *answer_->length <= options_.keep_bytes;
  if (kept && answer_->storable == Storable::kYes) return false;
  return size_ > Fastest() + options_.window_bytes || DiskIsBehind();
}

// Is somebody so slow that the next bytes would push out what the disk has not written?
bool Fill::DiskIsBehind() const {
  if (disk_ == nullptr || size_ <= options_.keep_bytes || disk_->abandoned()) return false;
  if (Slowest() + options_.lag_bytes / 2 >= size_) return false;
  while (on_disk_ < pieces_.size() && disk_->PositionOf(on_disk_)) ++on_disk_;
  return size_ + kChunkBytes > on_disk_ * kChunkBytes + options_.lag_bytes;
}

bool Fill::WaitsForRoom() {
  MutexLock lock(mutex_);
  waits_for_room_ = Full();
  if (waits_for_room_) LookAgainSoon();
  return waits_for_room_;
}

// Readers tell that they go on, the disk does not.
void Fill::LookAgainSoon() {
  if (looks_again_ || writer_ == nullptr || !DiskIsBehind()) return;
  looks_again_ = true;
  writer_->After(kDiskLook, [weak = weak_from_this()] {
    if (const std::shared_ptr<Fill> self = weak.lock()) self->LookAtDisk();
  });
}

void Fill::LookAtDisk() {
  std::function<void()> room;
  {
    MutexLock lock(mutex_);
    looks_again_ = false;
    if (!waits_for_room_ || finished_ || phase_ == Phase::kFailed) return;
    if (Full()) return LookAgainSoon();
    waits_for_room_ = false;
    room = on_room_;
  }
  if (room) room();
}

void Fill::DropPassed() {
  const bool large =
      size_ > options_.keep_bytes || (answer_ != nullptr && answer_->storable != Storable::kYes);
  if (!large || pieces_.empty()) return;
  const uint64_t held_from =
      std::max(Slowest(), size_ > options_.lag_bytes ? size_ - options_.lag_bytes : 0);
  while (first_held_ + 1 < pieces_.size() && (first_held_ + 1) * kChunkBytes <= held_from) {
    pieces_[first_held_].whole = Chunk();
    pieces_[first_held_].out = nullptr;
    ++first_held_;
  }
}

bool Fill::gathers() const {
  MutexLock lock(mutex_);
  return state_.gathers();
}

bool Fill::ended() const {
  MutexLock lock(mutex_);
  return finished_ || phase_ == Phase::kFailed;
}

bool Fill::has_readers() const {
  MutexLock lock(mutex_);
  return !seats_.empty();
}

uint64_t Fill::size() const {
  MutexLock lock(mutex_);
  return size_;
}

std::optional<std::vector<Chunk>> Fill::WholeBody() const {
  MutexLock lock(mutex_);
  SKERRY_CHECK(finished_);
  if (first_held_ > 0) return std::nullopt;
  std::vector<Chunk> chunks;
  for (const Piece& piece : pieces_) {
    const Chunk filled = piece.whole.Slice(0, piece.filled);
    // Of unknown length: what stays has no room that nobody fills.
    chunks.push_back(piece.filled < piece.capacity / 2 ? Chunk::Copy(filled.view()) : filled);
  }
  return chunks;
}

std::unique_ptr<DiskFill> Fill::TakeDisk() {
  MutexLock lock(mutex_);
  if (disk_ == nullptr) return nullptr;
  extents_.fill_id = disk_->fill_id();
  for (size_t i = 0; i < pieces_.size(); ++i) {
    const std::optional<uint64_t> position = disk_->PositionOf(i);
    if (!position) break;
    extents_.positions.push_back(*position);
  }
  return std::move(disk_);
}

bool Fill::MayStore(const Generations& generations) const {
  MutexLock lock(mutex_);
  return state_.MayStore(generations);
}

}  // namespace skerry::cache
