// The log of body chunks: written in the order of positions, dropped from its old end
// in whole files (segment.h). Plain files, not RocksDB, because what was appended can be
// read back at once, by one read and one checksum, and without a wait where its pages
// are in memory; docs/why/disk-log.md has the figures.
//
// Appended is in the kernel's hands: it survives a kill. Flush makes it survive a power
// cut. A position that was dropped is kNotFound for everybody at once: what somebody
// still reads must be in `keep`.
//
// Thread: any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/thread.h"
#include "core/cache/disk/pins.h"
#include "core/cache/disk/segment.h"

namespace skerry::cache::disk {

class BodyLog {
 public:
  struct Options {
    std::string directory;
    ByteCount segment_bytes = 32_MiB;  // a file holds about as much
    // What was written last stays in memory, so much of it.
    ByteCount in_memory = 64_MiB;
    BodyFaults* faults = nullptr;
    // Something could not be written; from the thread that wanted it.
    std::function<void(const Error&)> failed = [](const Error&) {};
    // A segment was filled: FlushFull has something to do. Thread: the writer's.
    std::function<void()> filled = [] {};
  };
  struct Record {
    uint64_t position = 0;
    std::array<std::string_view, 3> parts;  // written one behind the other
  };
  struct File {
    std::string name;
    PositionRange range;
    ByteCount bytes = 0;
    bool settled = false;  // can be dropped
  };

  explicit BodyLog(Options options) : options_(std::move(options)) {}

  // Finds what is in the directory. kUnavailable: too many files are open.
  Status Open();
  bool is_open() const;
  // Seals and syncs; nothing is found from then on.
  void Close();

  // Readable once it returns. Waits while the disk is several files behind the writer.
  // REQUIRES: positions rise; one writer.
  Status Append(const std::vector<Record>& records);
  // kNotFound: dropped, lost or never written. Thread: any that may block.
  Result<Chunk> Read(uint64_t position) const;
  // The same if it can be told without waiting for the disk. Thread: any.
  std::optional<Chunk> TryRead(uint64_t position) const;
  // Is it there, as far as the tables of the files say?
  bool Has(uint64_t position) const;

  // The files, oldest first.
  std::vector<File> Files() const;
  // Drops the settled files that lie wholly below `position`, but those for which
  // `keep` is true. Answers the bytes that went.
  ByteCount DropBefore(uint64_t position, const std::function<bool(const PositionRange&)>& keep);

  // Everything appended before survives a kill and a power cut.
  Status Flush();
  // The same for the files that are full.
  Status FlushFull();
  // After a failed write: goes on in a new file.
  void Restart();

  // Takes out of the page cache what lies `in_memory` behind the writer and nobody has read
  // since, and has what lies nearer written before. An error is one of writing. Thread: one,
  // which may wait for the disk.
  Status LetGo();

  // Bytes appended and not flushed yet.
  ByteCount unflushed() const { return unflushed_.load(std::memory_order_relaxed); }
  // Bytes of all files, and those ever written.
  ByteCount bytes() const { return bytes_.load(std::memory_order_relaxed); }
  ByteCount written() const { return written_.load(std::memory_order_relaxed); }

 private:
  using SegmentPtr = std::shared_ptr<Segment>;
  struct Found {
    SegmentPtr segment;
    Segment::Place place;
  };

  struct Unsynced {
    SegmentPtr segment;
    ByteCount bytes = 0;
  };

  Result<std::vector<SegmentPtr>> OpenSegments() const;
  void GoOnIn(const SegmentPtr& segment) SKERRY_REQUIRES(writing_);
  Status MakeRoomFor(const Record& record) SKERRY_REQUIRES(writing_);
  // Behind so many bytes, in the active segment?
  bool Fits(const Record& record, ByteCount behind) const SKERRY_REQUIRES(writing_);
  Status Write(const Record* begin, const Record* end, ByteCount bytes) SKERRY_REQUIRES(writing_);
  Status Begin(uint64_t position) SKERRY_REQUIRES(writing_);
  void Seal(const SegmentPtr& segment) SKERRY_REQUIRES(writing_);
  Status Sync(const std::vector<Unsynced>& segments);
  std::vector<Unsynced> UnsyncedAndFull() const;
  void AddUnsynced(const SegmentPtr& segment, ByteCount bytes) SKERRY_REQUIRES(mutex_);
  void Count() SKERRY_REQUIRES(mutex_);
  Status Failed(Status status) const;
  // `reads`: it is going to be read.
  std::optional<Found> Find(uint64_t position, bool reads) const;
  struct Behind {
    SegmentPtr segment;
    std::vector<Segment::Part> parts;
  };
  std::vector<Behind> TakeBehind(ByteCount window, Segment::Step step);

  const Options options_;
  Mutex writing_;                                  // before mutex_; held while chunks are written
  SegmentPtr active_ SKERRY_GUARDED_BY(writing_);  // the last segment, if it takes more
  mutable Mutex mutex_;  // lock order: last; held for no call of the system
  std::vector<SegmentPtr> segments_ SKERRY_GUARDED_BY(mutex_);  // oldest first
  std::vector<Unsynced> unsynced_ SKERRY_GUARDED_BY(mutex_);    // oldest first
  bool open_ SKERRY_GUARDED_BY(mutex_) = false;
  std::atomic<bool> directory_changed_{false};
  std::atomic<ByteCount> unflushed_{0};
  std::atomic<ByteCount> bytes_{0};
  std::atomic<ByteCount> written_{0};
};

}  // namespace skerry::cache::disk
