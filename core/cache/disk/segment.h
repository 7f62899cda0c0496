// One file of the body log: chunks one behind the other, and once it is full a table
// of where they lie. docs/disk-format.md draws it.
//
//   segment := chunk* | table                     (the table once it is sealed)
//   table   := (position u32 | offset u32)* | magic u32 "SkS2" | count u32
//            | first u64 | end u64 | check u64
//   position and offset count from the segment's first position and its start; `end`
//   is where the chunks end; check := XXH3(all of the table before it, seed first)
//
// A segment whose table is missing or does not verify is read from its start, chunk
// header by chunk header, as far as positions rise and chunks are whole. Nothing here
// verifies a body: who reads one does.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/cache/disk/pins.h"

namespace skerry::cache::disk {

// Asked before the disk is changed, by tests that let it fail. Thread: any.
class BodyFaults {
 public:
  virtual ~BodyFaults() = default;
  // Before `bytes` are written to the file, or it is made or synced (0 bytes).
  virtual Status Before(const std::string& path, ByteCount bytes) = 0;
  virtual void Removed(ByteCount bytes) = 0;
};

// Owner: shared by the log and the reads under way, so that a dropped one can still be
// read to its end. Thread: one writer; the log guards what readers need of the table.
class Segment {
 public:
  struct Place {
    uint64_t offset = 0;
    size_t size = 0;
    size_t number = 0;  // of the chunk, among those of the file
  };
  // A part of the file, from byte to byte.
  struct Part {
    ByteCount begin = 0;
    ByteCount end = 0;
    friend bool operator==(const Part&, const Part&) = default;
  };

  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  static std::string NameFor(uint64_t first);
  // The first position, of a name that NameFor has made.
  static std::optional<uint64_t> FirstOf(std::string_view name);

  static Result<std::shared_ptr<Segment>> Create(const std::string& directory, uint64_t first,
                                                 BodyFaults* faults);
  // Null if no whole chunk is in it. kUnavailable: too many files are open.
  static Result<std::shared_ptr<Segment>> Open(const std::string& path, uint64_t first,
                                               BodyFaults* faults);

  // Writes behind the last chunk, without a sync; on an error nothing is left of it.
  Status Write(const std::vector<std::string_view>& parts) const;
  // The chunk of this position is the next `size` of the bytes written.
  void Add(uint64_t position, size_t size);
  bool CanHold(uint64_t position, ByteCount more) const;

  // Writes the table behind the chunks; answers its size.
  Result<ByteCount> WriteTable() const;
  // Nothing is added from here on; `table_bytes` of a table were written.
  void Seal(ByteCount table_bytes);
  // Cuts off what lies behind the last chunk, to go on there.
  Status Unseal();
  Status Sync() const;
  // Takes the file away; who has the segment can still read it.
  void Remove();

  enum class Step : uint8_t { kWriteBack, kLetGo };
  // The parts of the file below `end` for which this step was not taken yet: whole ones
  // between cuts, which lie where the kernel keeps nothing across them, and the last one of
  // a sealed segment. kLetGo: without chunks that were read. What was there when the
  // file was found counts as taken.
  std::vector<Part> Take(Step step, ByteCount end);
  // Is nothing left to take, however far the log goes on?
  bool taken(Step step) const { return sealed_ && taken_[static_cast<size_t>(step)] >= bytes_; }
  // Somebody has read this chunk since it was written.
  void MarkRead(const Place& place);
  // Begins to write it to the disk; does not wait for that, but for room in the queue.
  void WriteBack(const Part& part) const;
  // Gives back the memory of the pages that lie in it, once they are on the disk. An error of
  // writing them is told here and then not by Sync.
  Status LetGo(const Part& part) const;

  std::optional<Place> Find(uint64_t position) const;
  // The bytes of a place. kNotFound: the file is shorter. `wait` false: nothing but what
  // needs no disk, else kUnavailable.
  Result<Chunk> Read(const Place& place, bool wait) const;

  const std::string& path() const { return path_; }
  uint64_t first() const { return first_; }
  uint64_t last() const { return first_ + (table_.empty() ? 0 : table_.back().position); }
  bool empty() const { return table_.empty(); }
  bool sealed() const { return sealed_; }
  // Of chunks, and of the file.
  ByteCount end() const { return end_; }
  ByteCount bytes() const { return bytes_; }

 private:
  struct Entry {
    uint32_t position;
    uint32_t offset;
  };
  Segment(std::string path, uint64_t first, int file, BodyFaults* faults)
      : path_(std::move(path)), first_(first), file_(file), faults_(faults) {}

  bool ReadTable(ByteCount file_bytes);
  void Scan(ByteCount file_bytes);
  Status Put(const std::vector<std::string_view>& parts, ByteCount size) const;
  std::string EncodeTable() const;
  void AddUnread(const Part& part, std::vector<Part>& parts) const;

  const std::string path_;
  const uint64_t first_;
  const int file_;
  BodyFaults* const faults_;
  std::vector<Entry> table_;  // rises in both
  ByteCount end_ = 0;
  ByteCount bytes_ = 0;
  bool sealed_ = false;
  std::array<ByteCount, 2> taken_{};  // by Step
  std::vector<bool> read_;            // by chunk, as far as some were
};

}  // namespace skerry::cache::disk
