#include "core/cache/disk/reader.h"

#include <memory>
#include <utility>

namespace skerry::cache::disk {
namespace {

tl::unexpected<ReadFailure> Fail(ReadFailure failure) { return tl::unexpected(failure); }

Chunk PartOf(const Chunk& whole, std::string_view part) {
  return whole.Slice(static_cast<size_t>(part.data() - whole.data()), part.size());
}

}  // namespace

std::string_view Name(ReadFailure failure) {
  switch (failure) {
    case ReadFailure::kGone: return "gone";
    case ReadFailure::kDamaged: return "damaged";
  }
  return "";
}

Read<Chunk> Reader::Fetch(uint64_t position, From from) {
  if (from == From::kMemory) {
    std::optional<Chunk> chunk = store_.bodies().TryRead(position);
    if (!chunk) return Fail(ReadFailure::kGone);
    return *std::move(chunk);
  }
  Result<Chunk> chunk = store_.bodies().Read(position);
  if (chunk) return *std::move(chunk);
  const bool closed = chunk.error().code == Code::kUnavailable;
  return Fail(closed ? ReadFailure::kGone : ReadFailure::kDamaged);
}

Read<MetaRow> Reader::ReadMeta(const DiskRow& row, From from) {
  const std::string row_key = RowKey(row.key, row.variant_hash);
  const Result<std::string> bytes = store_.GetMeta(row_key, /*wait=*/from == From::kDisk);
  if (!bytes) {
    const bool gone = bytes.error().code == Code::kUnavailable;
    return Fail(gone ? ReadFailure::kGone : ReadFailure::kDamaged);
  }
  std::optional<MetaRow> meta = DecodeRow(row_key, *bytes);
  if (!meta) return Fail(ReadFailure::kDamaged);
  const bool same = meta->fill_id == row.fill_id && meta->positions.front() == row.position &&
                    meta->body_size == row.size;
  if (!same) return Fail(ReadFailure::kGone);
  return *std::move(meta);
}

Read<EntryPtr> Reader::ReadEntry(const IndexRow& indexed, From from) {
  const DiskRow& row = indexed.row;
  Read<Chunk> bytes = Fetch(row.position, from);
  if (!bytes) return Fail(bytes.error());
  const auto chunk = DecodeChunk(bytes->view(), {row.fill_id, row.position, 0});
  if (!chunk || chunk->body.size() != ChunkBodySize(row.size, 0)) {
    return Fail(ReadFailure::kDamaged);
  }
  std::optional<StoredHead> head = DecodeHead(chunk->head);
  if (!head || head->variant_hash != row.variant_hash || head->key.hash != row.key) {
    return Fail(ReadFailure::kDamaged);
  }
  if (row.position < first_of_process_) head->stamp.local = 0;
  auto entry = std::make_shared<Entry>();
  entry->head = *std::move(head);
  entry->body_size = row.size;
  if (!chunk->body.empty()) entry->chunks.push_back(PartOf(*bytes, chunk->body));
  entry->extents.fill_id = row.fill_id;
  entry->extents.positions = RunFrom(row.position, row.size);
  if (indexed.has_more) {
    Read<MetaRow> meta = ReadMeta(row, from);
    if (!meta) return Fail(meta.error());
    entry->extents.positions = std::move(meta->positions);
    entry->trailers = std::move(meta->trailers);
  }
  return entry;
}

Read<Chunk> Reader::ReadChunk(const ChunkName& name, From from) {
  Read<Chunk> bytes = Fetch(name.position, from);
  if (!bytes) return Fail(bytes.error());
  const auto chunk = DecodeChunk(bytes->view(), name);
  if (!chunk) return Fail(ReadFailure::kDamaged);
  return PartOf(*bytes, chunk->body);
}

}  // namespace skerry::cache::disk
