// Reads stored responses back and believes nothing: name, checksum, lengths and the
// whole key are compared before a byte leaves this file.
#pragma once

#include <cstdint>

#include "core/base/metrics.h"
#include "core/base/result.h"
#include "core/cache/disk/disk.h"
#include "core/cache/disk/format.h"
#include "core/cache/disk/index.h"
#include "core/cache/disk/store.h"

namespace skerry::cache::disk {

// kGone is normal: evicted, replaced or the store is being reopened. kDamaged must be
// counted and forgotten.
enum class ReadFailure : uint8_t { kGone, kDamaged };
std::string_view Name(ReadFailure failure);

template <class T>
using Read = tl::expected<T, ReadFailure>;

// Thread: any that may block; with kMemory any.
class Reader {
 public:
  enum class From : uint8_t { kDisk, kMemory };

  // Positions below `first_of_process` were written by an earlier process, whose count
  // of local invalidations means nothing now.
  Reader(Store& store, uint64_t first_of_process)
      : store_(store), first_of_process_(first_of_process) {}

  // Head, first chunk, extents and trailers. `from` kMemory answers kGone for all that
  // would have to wait for the disk, or may.
  Read<EntryPtr> ReadEntry(const IndexRow& row, From from = From::kDisk);
  // Body bytes of one chunk.
  Read<Chunk> ReadChunk(const ChunkName& name, From from = From::kDisk);
  Read<MetaRow> ReadMeta(const DiskRow& row, From from = From::kDisk);

 private:
  Read<Chunk> Fetch(uint64_t position, From from);

  Store& store_;
  const uint64_t first_of_process_;
};

}  // namespace skerry::cache::disk
