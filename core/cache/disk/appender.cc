#include "core/cache/disk/appender.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/base/log.h"
#include "core/cache/disk/format.h"

namespace skerry::cache::disk {
namespace {

// What an operation counts beside its bytes: so that any of them shows as unflushed.
constexpr ByteCount kOpBytes = 128;
// Written at once: enough to amortise a write, little enough to be read back soon.
constexpr ByteCount kBatchBytes = 1_MiB;
constexpr size_t kBatchOps = 256;
// What comes is gathered for so long, unless so much is there: responses that come one by
// one would cost a wake-up, two writes and a few new pages each.
constexpr Millis kGathered{5};
constexpr ByteCount kEnoughGathered = 256_KiB;

std::optional<SteadyTime> TimeOf(int64_t us) {
  if (us < 0) return std::nullopt;
  return SteadyTime(Micros(us));
}

}  // namespace

// What one round writes.
struct Appender::Batch {
  struct Piece {
    Fill* fill;
    std::string header;
    std::string_view head;
    std::string_view body;
    uint64_t position;
  };
  // A commit whose row is not written yet.
  struct Staged {
    std::shared_ptr<Fill> fill;
    IndexRow row;
  };
  std::optional<uint64_t> next_position;  // as many are taken as there are operations
  std::vector<Piece> pieces;
  std::vector<Store::MetaChange> rows;
  std::vector<Staged> staged;

  bool Changes(const std::string& row_key) const {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const Store::MetaChange& change) { return change.row_key == row_key; });
  }
};

Appender::Appender(Parts parts) : parts_(parts) {
  thread_ = std::thread([this] {
    NameThisThread("disk-append");
    Work();
  });
}

Appender::~Appender() { Stop(); }

void Appender::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

bool Appender::Push(Op op, ByteCount bytes) {
  const bool waited_for = std::holds_alternative<DrainOp>(op);
  bool wake = false;
  {
    MutexLock lock(mutex_);
    if (stopping_) return false;
    queued_.fetch_add(bytes, std::memory_order_relaxed);
    gathered_ += bytes;
    const bool enough = waited_for || gathered_ >= kEnoughGathered;
    wake = queue_.empty() || (enough && !enough_);
    enough_ |= enough;
    queue_.push_back({std::move(op), bytes});
  }
  if (wake) changed_.NotifyAll();
  return true;
}

void Appender::Append(const std::shared_ptr<Fill>& fill, Chunk chunk) {
  if (fill->abandoned()) return;
  const ByteCount bytes = chunk.size() + kOpBytes;
  if (queued_bytes() + bytes > parts_.queue_bytes) return fill->Abandon();
  if (!Push(AppendOp{fill, std::move(chunk)}, bytes)) fill->Abandon();
}

void Appender::AppendWaiting(const std::shared_ptr<Fill>& fill, Chunk chunk) {
  const ByteCount bytes = chunk.size() + kOpBytes;
  {
    MutexLock lock(mutex_);
    while (!stopping_ && !queue_.empty() && queued_bytes() + bytes > parts_.queue_bytes) {
      changed_.Wait(mutex_);
    }
  }
  if (!Push(AppendOp{fill, std::move(chunk)}, bytes)) fill->Abandon();
}

void Appender::Commit(const std::shared_ptr<Fill>& fill, uint64_t body_size, http::Fields trailers,
                      std::function<bool()> valid) {
  const bool pushed =
      Push(CommitOp{fill, body_size, std::move(trailers), std::move(valid)}, kOpBytes);
  if (!pushed) fill->Abandon();
}

void Appender::Delete(std::vector<DiskRow> rows) {
  if (!rows.empty()) Push(DeleteOp{std::move(rows)}, kOpBytes);
}

void Appender::DeleteKey(const Hash128& key) { Push(DeleteKeyOp{key}, kOpBytes); }

void Appender::Drain() {
  Mutex mutex;
  ConditionVariable done_changed;
  bool done = false;
  const bool pushed = Push(DrainOp{[&] {
                             MutexLock lock(mutex);
                             done = true;
                             done_changed.NotifyOne();
                           }},
                           kOpBytes);
  MutexLock lock(mutex);
  while (pushed && !done) done_changed.Wait(mutex);
}

std::optional<SteadyTime> Appender::last_append() const {
  return TimeOf(last_append_us_.load(std::memory_order_acquire));
}

std::optional<SteadyTime> Appender::oldest_unflushed() const {
  return TimeOf(oldest_unflushed_us_.load(std::memory_order_acquire));
}

void Appender::FlushBegins() { oldest_unflushed_us_.store(kNever, std::memory_order_release); }

std::vector<Appender::Queued> Appender::Take() {
  std::vector<Queued> ops;
  ByteCount bytes = 0;
  MutexLock lock(mutex_);
  while (queue_.empty() && !stopping_) changed_.Wait(mutex_);
  const SteadyTime until = Clock::Real().Steady() + kGathered;
  for (SteadyTime now = until - kGathered; !enough_ && !stopping_ && now < until;
       now = Clock::Real().Steady()) {
    changed_.WaitFor(mutex_, until - now);
  }
  while (!queue_.empty() && ops.size() < kBatchOps && bytes < kBatchBytes) {
    bytes += queue_.front().bytes;
    ops.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  gathered_ -= bytes;
  enough_ = !queue_.empty();
  return ops;
}

void Appender::Work() {
  while (true) {
    std::vector<Queued> ops = Take();
    if (ops.empty()) return;
    ByteCount bytes = 0;
    for (const Queued& queued : ops) bytes += queued.bytes;
    if (parts_.store.failed()) {
      Refuse(ops);
    } else {
      // What could not be deleted while writing failed comes first.
      std::vector<Queued> deferred = std::exchange(deferred_, {});
      std::move(ops.begin(), ops.end(), std::back_inserter(deferred));
      Process(deferred);
      ops = std::move(deferred);
    }
    queued_.fetch_sub(bytes, std::memory_order_relaxed);
    for (Queued& queued : ops) {
      if (auto* drain = std::get_if<DrainOp>(&queued.op)) drain->done();
    }
    changed_.NotifyAll();
  }
}

// Writing fails: nothing is stored, deletions wait.
void Appender::Refuse(std::vector<Queued>& ops) {
  for (Queued& queued : ops) {
    if (auto* append = std::get_if<AppendOp>(&queued.op)) append->fill->Abandon();
    if (auto* commit = std::get_if<CommitOp>(&queued.op)) commit->fill->Abandon();
    if (std::holds_alternative<DeleteOp>(queued.op) ||
        std::holds_alternative<DeleteKeyOp>(queued.op)) {
      deferred_.push_back(queued);
    }
  }
}

void Appender::Process(std::vector<Queued>& ops) {
  Status refilled = parts_.positions.Refill();
  if (!refilled) {
    LogWarning("disk: positions cannot be reserved", {{"error", refilled.error().ToString()}});
    return Refuse(ops);
  }
  Batch batch;
  // Together, so that a body that is written at once lies in one run.
  batch.next_position = parts_.positions.Take(ops.size());
  for (Queued& queued : ops) {
    if (auto* append = std::get_if<AppendOp>(&queued.op)) Collect(*append, batch);
    if (auto* commit = std::get_if<CommitOp>(&queued.op)) CollectEmptyBody(*commit, batch);
  }
  if (!WriteBodies(batch)) return Refuse(ops);
  for (Queued& queued : ops) {
    if (auto* commit = std::get_if<CommitOp>(&queued.op)) Settle(*commit, batch);
    if (auto* rows = std::get_if<DeleteOp>(&queued.op)) Settle(*rows, batch);
    if (auto* key = std::get_if<DeleteKeyOp>(&queued.op)) Settle(*key, batch);
  }
  if (!WriteRows(batch)) Refuse(ops);
}

// Rows first, then the index: who finds a row can read its metadata.
bool Appender::WriteRows(Batch& batch) {
  const std::vector<Store::MetaChange> rows = std::exchange(batch.rows, {});
  const std::vector<Batch::Staged> staged = std::exchange(batch.staged, {});
  if (rows.empty()) return true;
  if (const Status written = parts_.store.WriteMeta(rows); !written) {
    for (const Batch::Staged& commit : staged) commit.fill->Abandon();
    LogWarning("disk: metadata cannot be written", {{"error", written.error().ToString()}});
    return false;
  }
  for (const Batch::Staged& commit : staged) {
    const DiskRow* only_if = commit.fill->replaces ? &*commit.fill->replaces : nullptr;
    const Index::Put put = parts_.index.Insert(commit.row, only_if);
    if (put == Index::Put::kDone) continue;
    // Its parts lie too far apart for an index row: then the old row, whose metadata
    // was just replaced, cannot stay either.
    if (put == Index::Put::kUnfit && only_if != nullptr) parts_.index.Remove(*only_if);
    // Forgotten, or reached by the horizon, since it was staged.
    commit.fill->Abandon();
    DeleteOp undo{{commit.row.row}};
    Settle(undo, batch);
  }
  return batch.rows.empty() || WriteRows(batch);
}

void Appender::Collect(AppendOp& op, Batch& batch) {
  Fill& fill = *op.fill;
  if (fill.abandoned()) return;
  if (!batch.next_position || fill.ended) return fill.Abandon();
  const uint64_t position = (*batch.next_position)++;
  Batch::Piece piece{&fill, {}, {}, op.chunk.view(), position};
  if (fill.chunks == 0) piece.head = fill.head;
  const ChunkName name{fill.id, position, fill.chunks};
  piece.header = EncodeChunkHeader(name, piece.head, piece.body);
  batch.pieces.push_back(std::move(piece));
  ++fill.chunks;
  fill.bytes += op.chunk.size();
  fill.ended = op.chunk.size() != kChunkBytes;
}

void Appender::CollectEmptyBody(CommitOp& op, Batch& batch) {
  if (op.fill->chunks > 0 || op.body_size > 0) return;
  AppendOp empty{op.fill, Chunk()};
  Collect(empty, batch);
}

bool Appender::WriteBodies(Batch& batch) {
  if (batch.pieces.empty()) return true;
  std::vector<BodyLog::Record> records;
  records.reserve(batch.pieces.size());
  for (const Batch::Piece& piece : batch.pieces) {
    records.push_back({piece.position, {piece.header, piece.head, piece.body}});
  }
  const Status written = parts_.store.bodies().Append(records);
  if (!written) {
    for (const Batch::Piece& piece : batch.pieces) piece.fill->Abandon();
    LogWarning("disk: bodies cannot be written", {{"error", written.error().ToString()}});
    return false;
  }
  for (const Batch::Piece& piece : batch.pieces) piece.fill->Written({piece.position});
  const int64_t now = parts_.clock.Steady().time_since_epoch().count();
  last_append_us_.store(now, std::memory_order_release);
  int64_t never = kNever;
  oldest_unflushed_us_.compare_exchange_strong(never, now);
  return true;
}

void Appender::Settle(CommitOp& op, Batch& batch) {
  Fill& fill = *op.fill;
  if (fill.abandoned()) return;
  MetaRow row;
  row.fill_id = fill.id;
  row.body_size = op.body_size;
  row.seq = fill.seq;
  row.positions = fill.positions();
  const bool whole =
      fill.tail.empty() ? fill.bytes == op.body_size : fill.bytes == ChunkBodySize(op.body_size, 0);
  row.positions.insert(row.positions.end(), fill.tail.begin(), fill.tail.end());
  if (!whole || row.positions.size() != ChunkCount(op.body_size)) return fill.Abandon();
  if (op.valid != nullptr && !op.valid()) return fill.Abandon();
  row.vary = fill.vary;
  row.trailers = std::move(op.trailers);
  const IndexRow entry = {.row = {.key = fill.key,
                                  .vary = InternVary(fill.vary),
                                  .variant_hash = fill.variant_hash,
                                  .fill_id = fill.id,
                                  .position = row.positions.front(),
                                  .size = op.body_size,
                                  .seq = fill.seq},
                          .oldest = *std::min_element(row.positions.begin(), row.positions.end()),
                          .has_more = !IsPlainRun(row)};
  const std::string row_key = RowKey(fill.key, fill.variant_hash);
  if (batch.Changes(row_key) && !WriteRows(batch)) return fill.Abandon();
  const bool replaced = fill.replaces && !parts_.index.Get(*fill.replaces);
  if (replaced || entry.oldest < parts_.index.horizon()) return fill.Abandon();
  batch.rows.push_back({row_key, EncodeRow(row_key, row)});
  batch.staged.push_back({op.fill, entry});
}

void Appender::Settle(DeleteOp& op, Batch& batch) {
  for (const DiskRow& row : op.rows) {
    const std::string row_key = RowKey(row.key, row.variant_hash);
    // A failure is seen by the next write, and the deletion then waits.
    if (batch.Changes(row_key)) WriteRows(batch);
    if (parts_.index.Contains(row.key, row.variant_hash)) continue;
    batch.rows.push_back({row_key, std::nullopt});
  }
}

void Appender::Settle(DeleteKeyOp& op, Batch& batch) {
  WriteRows(batch);
  const Status scanned =
      parts_.store.ScanMeta(RowPrefix(op.key), [&](std::string_view row_key, std::string_view) {
        const std::optional<ParsedRowKey> parsed = ParseRowKey(row_key);
        if (!parsed || !parts_.index.Contains(parsed->key, parsed->variant_hash)) {
          batch.rows.push_back({std::string(row_key), std::nullopt});
        }
        return true;
      });
  if (!scanned) LogWarning("disk: meta cannot be read", {{"error", scanned.error().ToString()}});
}

}  // namespace skerry::cache::disk
