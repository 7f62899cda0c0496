// What the files of a site held when a build last read them, so that unchanged ones need not be
// read again.
//
// A file is known by what the system says of it: device, inode, size, and the times of its last
// change. Two changes in one tick of the system's clock look the same; so what changed just before
// it was read is not kept (git's rule for "racily clean" entries), and read again by the next
// build.
//
// Kept in the build cache, one for each folder. A line := device inode size modified changed
// digest path. Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/digest.h"
#include "core/base/result.h"
#include "pipeline/steps/build_cache.h"

namespace skerry::pipeline {

struct FileStamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t modified = 0;  // nanoseconds since 1970
  int64_t changed = 0;   // set by the system alone: no program can turn it back
  auto operator<=>(const FileStamp&) const = default;
};

// Of a regular file; kNotFound or kIo with the path.
Result<FileStamp> StampOf(const std::filesystem::path& file);

// Coarsest clock of a file system in use (FAT), as git assumes it, too.
inline constexpr std::chrono::nanoseconds kSettledAfter = std::chrono::seconds(2);

class FileIndex {
 public:
  // Reads what is kept for `folder`; a cache without folder keeps nothing.
  FileIndex(BuildCache& cache, const std::filesystem::path& folder);

  // The digest of the file's bytes, if they are those that were read before.
  std::optional<Sha256Digest> Find(const std::filesystem::path& file, const FileStamp& now) const;
  // What a file held between two looks at it that were the same.
  void Keep(const std::filesystem::path& file, const FileStamp& stamp, const Sha256Digest& digest);
  // Writes what was found or kept since the start, if that is something new.
  void Save();

 private:
  struct Known {
    FileStamp stamp;
    Sha256Digest digest;
  };
  BuildCache& cache_;
  std::string key_;
  std::string before_;                         // as it was read
  std::map<std::string, Known> known_;         // from before
  mutable std::map<std::string, Known> used_;  // by this build: what is gone is forgotten
};

// Whether a file that looked so when it was `now` can be told from one that changes afterwards.
bool IsSettled(const FileStamp& stamp, std::chrono::system_clock::time_point now,
               std::chrono::nanoseconds after);

}  // namespace skerry::pipeline
