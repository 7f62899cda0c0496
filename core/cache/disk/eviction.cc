#include "core/cache/disk/eviction.h"

#include <algorithm>
#include <utility>

#include "core/base/log.h"

namespace skerry::cache::disk {

bool Eviction::Needed() const {
  return static_cast<double>(parts_.store.used()) >
         kDropAt * static_cast<double>(parts_.store.limit());
}

void Eviction::DropLeftBehind() {
  if (!left_behind_) return;
  left_behind_ = false;
  const auto keep = [&](const PositionRange& range) {
    const bool pinned = parts_.pins.Overlaps(range);
    left_behind_ |= pinned;
    return pinned;
  };
  parts_.store.bodies().DropBefore(parts_.index.horizon(), keep);
}

bool Eviction::DropOldest(bool spare_none) {
  const std::vector<BodyLog::File> files = parts_.store.bodies().Files();
  const auto oldest = std::find_if(files.begin(), files.end(), [&](const BodyLog::File& file) {
    return file.settled && !parts_.pins.Overlaps(file.range);
  });
  if (oldest == files.end()) return false;
  const uint64_t horizon = oldest->range.last + 1;
  parts_.fills.AbandonBelow(horizon);
  const std::vector<IndexRow> rows = parts_.index.RaiseHorizon(horizon);
  const ByteCount share = StoredAnew(oldest->bytes);
  allowance_ = std::min(allowance_ + share, std::max(share, parts_.budget / 16));
  parts_.store.Measure();
  const ByteCount taken = parts_.store.used() + parts_.appender.queued_bytes();
  // What comes back is written before the old file goes, and may lie beside it for that
  // long.
  const ByteCount limit =
      parts_.store.limit() + std::min(parts_.store.segment_bytes(), parts_.budget / 32);
  room_ = limit - std::min(taken, limit);
  if (!spare_none) {
    for (const IndexRow& row : rows) {
      if (row.hit) StoreAnew(row);
    }
    // Whatever comes back has taken its new place before the old one goes.
    parts_.appender.Drain();
  }
  std::vector<DiskRow> gone;
  for (const IndexRow& row : rows) {
    if (parts_.index.Remove(row.row)) gone.push_back(row.row);
  }
  parts_.appender.Delete(std::move(gone));
  left_behind_ = true;
  DropLeftBehind();
  return true;
}

bool Eviction::StoreAnew(const IndexRow& row) {
  if (row.row.size > std::min(allowance_, room_)) return false;
  // The log's position before the question, so that a purge between the two is newer
  // than the new stamp.
  const Seq head_seq = parts_.purge_head();
  Read<EntryPtr> entry = parts_.reader.ReadEntry(row);
  if (!entry || !parts_.still_valid((*entry)->head)) return false;
  const std::optional<uint64_t> id = parts_.positions.Take();
  if (!id) return false;
  StoredHead head = (*entry)->head;
  head.stamp.seq = std::max(head.stamp.seq, head_seq);
  std::shared_ptr<Fill> fill = parts_.fills.Begin(*id, head, row.row);
  const Extents& extents = (*entry)->extents;
  if (!(*entry)->chunks.empty()) parts_.appender.AppendWaiting(fill, (*entry)->chunks.front());
  for (uint32_t i = 1; i < extents.positions.size(); ++i) {
    Read<Chunk> chunk = parts_.reader.ReadChunk({extents.fill_id, extents.positions[i], i});
    if (!chunk || fill->abandoned()) return false;
    parts_.appender.AppendWaiting(fill, *std::move(chunk));
  }
  allowance_ -= row.row.size;
  room_ -= row.row.size;
  parts_.appender.Commit(std::move(fill), row.row.size, (*entry)->trailers, nullptr);
  return true;
}

}  // namespace skerry::cache::disk
