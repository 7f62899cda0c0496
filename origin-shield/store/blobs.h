// The blob store: bytes named by their SHA-256, as files.
//
//   DIR/ab/abcdef…        the bytes; `sha256sum` of the file is its name
//   DIR/ab/abcdef….sums   of blobs longer than one piece: what each piece must be
//   DIR/incoming/N        on their way in; emptied at open
//   DIR/corrupt/abcdef…   did not verify when they were read
//
// A blob appears whole, synced and verified, or not at all. Whoever reads it gets
// the bytes that were stored or an error, never others: a blob of one piece is
// compared with its name, a longer one piece by piece with its sums. What does not
// match is moved aside, so that the next push uploads it again.
//
// Every call blocks on the disk: pool threads only. Thread: any of them, together.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/digest.h"
#include "core/base/metrics.h"
#include "core/base/result.h"
#include "core/base/thread.h"

namespace skerry::shield {

// The unit in which blobs are read, verified and kept in memory.
inline constexpr size_t kPieceBytes = 256 * 1024;
constexpr uint64_t PieceCount(ByteCount size) { return (size + kPieceBytes - 1) / kPieceBytes; }

// sums := XXH3-64 of each piece as u64 | XXH3-64 of all before it as u64. Integers are
// little-endian; the seed of a piece is its number. Nothing unless `bytes` is that for a
// blob of this size. REQUIRES: index < PieceCount(size).
bool SumMatches(std::string_view sums, ByteCount size, uint64_t index, std::string_view piece);

class BlobStore;

// A blob on its way in. Owner: one upload; calls come one at a time. Destroying it
// before Finish leaves nothing behind.
class BlobWriter {
 public:
  ~BlobWriter();
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;

  // kLimit when the blob grows beyond the store's largest; kFull, kIo.
  Status Append(std::string_view bytes);
  // Whether the store had it before. kInvalid (client) when the bytes do not have the
  // digest they came under: then nothing has changed.
  Result<bool> Finish();

 private:
  friend class BlobStore;
  BlobWriter(BlobStore& store, const Sha256Digest& name, std::string file, int fd);
  void EndPiece();
  Status WriteSums() const;

  BlobStore& store_;
  const Sha256Digest name_;
  const std::string file_;
  int fd_ = -1;
  ByteCount size_ = 0;
  Sha256Stream digest_;
  std::string piece_;  // the bytes of the piece under way
  std::string sums_;   // of those that are complete
};

// Owner: the process, one instance; outlives writers and readers.
class BlobStore {
 public:
  struct Options {
    std::string directory;
    ByteCount largest = 4_GiB;
    Metrics* metrics = nullptr;  // may be null; skerry_store_corrupt_total
  };
  // Makes the directory. Errors name it.
  static Result<std::unique_ptr<BlobStore>> Open(Options options);

  // By its file's size alone: what is inside is verified when it is read.
  bool Has(const Sha256Digest& name, ByteCount size) const;
  // Of a blob that is here, by its file; kNotFound (client).
  Result<ByteCount> SizeOf(const Sha256Digest& name) const;
  Result<std::unique_ptr<BlobWriter>> Begin(const Sha256Digest& name);

  // Piece `index` of a blob of this size, verified. kNotFound; kCorrupt, and then the
  // blob is gone. REQUIRES: index < PieceCount(size).
  Result<Chunk> Read(const Sha256Digest& name, ByteCount size, uint64_t index);

  // Every blob, in no order; false from `visit` ends the walk.
  Status ForEach(
      const std::function<bool(const Sha256Digest&, ByteCount, WallTime stored)>& visit) const;
  Status Remove(const Sha256Digest& name);

  ByteCount largest() const { return options_.largest; }
  // Blobs that were found damaged and have not been put again since.
  size_t damaged() const;

 private:
  friend class BlobWriter;
  explicit BlobStore(Options options) : options_(std::move(options)) {}
  std::string FileOf(const Sha256Digest& name) const;
  void MoveAside(const Sha256Digest& name, std::string_view why);
  void Healed(const Sha256Digest& name);

  Options options_;
  std::atomic<uint64_t> next_incoming_{0};
  mutable Mutex mutex_;  // nothing is called while it is held
  std::set<Sha256Digest> damaged_ SKERRY_GUARDED_BY(mutex_);
  Counter* corrupt_counter_ = nullptr;
};

}  // namespace skerry::shield
