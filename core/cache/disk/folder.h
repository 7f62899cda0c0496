// The directory of a store: its lock, the file that states its format, and what
// happens to a damaged one. docs/disk-format.md lists its files.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"

namespace skerry::cache::disk {

// Owner: the store's; one process and one owner at a time. Thread: one at a time.
class Folder {
 public:
  // Makes and locks the directory and checks FORMAT. kRefused: another process has
  // it. kInvalid: a newer version wrote it. A FORMAT that cannot be read, or is
  // missing beside a database, is damage: moved aside.
  static Result<std::unique_ptr<Folder>> Open(const std::string& path);
  ~Folder();

  const std::string& path() const { return path_; }
  // Writes FORMAT anew if an older version had.
  Status StateFormat();
  // Renames the directory to PATH.broken-N and begins a new one. Of earlier broken
  // ones none is kept: they count against no budget.
  Status MoveAside(std::string_view why);

 private:
  explicit Folder(std::string path) : path_(std::move(path)) {}
  Status Lock();
  // False: damaged.
  Result<bool> CheckFormat();
  Status WriteFormat();

  std::string path_;
  int lock_ = -1;
  bool older_ = false;  // FORMAT names an older version
};

}  // namespace skerry::cache::disk
