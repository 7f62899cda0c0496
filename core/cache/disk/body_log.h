// The log of body chunks: written in the order of positions, dropped from its old end
// in whole files. An interface, so that plain segment files can take RocksDB's place
// (docs/disk-format.md, "What stands behind BodyLog").
//
// Nothing is synced when it is appended; Flush makes it survive a crash. A position
// that was dropped is kNotFound for everybody at once: what somebody still reads must
// be in `keep`.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/cache/disk/pins.h"

namespace skerry::cache::disk {

class BodyLog {
 public:
  struct Record {
    uint64_t position = 0;
    std::array<std::string_view, 3> parts;  // written one behind the other
  };
  struct File {
    std::string name;
    PositionRange range;
    ByteCount bytes = 0;
    bool settled = false;  // can be dropped or merged
  };

  virtual ~BodyLog() = default;

  // Readable once it returns. Waits while the disk is slower than the writer.
  // REQUIRES: positions rise; one writer.
  virtual Status Append(const std::vector<Record>& records) = 0;
  // kNotFound: dropped, lost or never written. Thread: any that may block.
  virtual Result<Chunk> Read(uint64_t position) = 0;
  // The same if it can be told without waiting for the disk. Thread: any.
  virtual std::optional<Chunk> TryRead(uint64_t position) = 0;

  // The files, oldest first.
  virtual std::vector<File> Files() = 0;
  // Drops the settled files that lie wholly below `position`, but those for which
  // `keep` is true. Answers the bytes that went.
  virtual Result<ByteCount> DropBefore(uint64_t position,
                                       const std::function<bool(const PositionRange&)>& keep) = 0;
  // Everything appended before survives a kill and a power cut.
  virtual Status Flush() = 0;
  // Bytes appended and not in a file yet.
  virtual ByteCount unflushed() = 0;
  // Rewrites neighbouring small files as one. REQUIRES: all settled.
  virtual Status Merge(const std::vector<File>& files) = 0;
};

}  // namespace skerry::cache::disk
