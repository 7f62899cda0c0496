#include "core/cache/disk/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "core/base/log.h"
#include "core/cache/disk/format.h"

namespace skerry::cache::disk {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> IoError(const std::string& what, int error) {
  return Fail(error == ENOSPC ? Code::kFull : Code::kIo, Side::kStorage,
              what + ": " + std::strerror(error));
}

// Durably, or not at all.
Status WriteFile(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return IoError(fresh, errno);
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = written && fsync(file) == 0;
  const int error = errno;
  close(file);
  if (!synced) return IoError(fresh, error);
  if (rename(fresh.c_str(), path.c_str()) != 0) return IoError(path, errno);
  return {};
}

// Removes PATH.broken-* and answers the largest number there was.
uint64_t RemoveBroken(const fs::path& path) {
  const std::string prefix = path.filename().string() + ".broken-";
  uint64_t largest = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path.parent_path(), error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    uint64_t number = 0;
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
    largest = std::max(largest, number);
    fs::remove_all(entry.path(), error);
  }
  return largest;
}

// Without a slash at its end, so that names can be put behind it; never empty.
std::string Absolute(const std::string& path) {
  fs::path absolute = fs::absolute(path).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();
  return absolute.string();
}

}  // namespace

Result<std::unique_ptr<Folder>> Folder::Open(const std::string& path) {
  std::unique_ptr<Folder> folder(new Folder(Absolute(path)));
  if (Status locked = folder->Lock(); !locked) return Fail(std::move(locked.error()));
  Result<bool> sound = folder->CheckFormat();
  if (!sound) return Fail(std::move(sound.error()));
  if (*sound) return folder;
  if (Status moved = folder->MoveAside("FORMAT is missing or damaged"); !moved) {
    return Fail(std::move(moved.error()));
  }
  return folder;
}

Folder::~Folder() {
  if (lock_ >= 0) close(lock_);
}

Status Folder::Lock() {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) return IoError(path_, error.value());
  const std::string name = path_ + "/OWNER";
  lock_ = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) return IoError(name, errno);
  if (flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return IoError(name, errno);
  return Fail(Code::kRefused, Side::kConfig,
              "cache directory " + path_ + " is in use by another process");
}

Result<bool> Folder::CheckFormat() {
  std::ifstream file(path_ + "/FORMAT", std::ios::binary);
  if (!file.is_open()) {
    if (fs::exists(path_ + "/CURRENT")) return false;
    if (Status written = WriteFormat(); !written) return Fail(std::move(written.error()));
    return true;
  }
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::optional<uint32_t> version = DecodeFormatFile(text);
  if (!version) return false;
  if (*version > kFormatVersion) {
    return Fail(Code::kInvalid, Side::kConfig,
                "cache directory " + path_ + " has format " + std::to_string(*version) +
                    ", this program knows " + std::to_string(kFormatVersion) +
                    ": use another directory or the newer program");
  }
  older_ = *version < kFormatVersion;
  return true;
}

Status Folder::StateFormat() {
  if (!older_) return {};
  older_ = false;
  return WriteFormat();
}

Status Folder::WriteFormat() {
  return WriteFile(path_ + "/FORMAT", EncodeFormatFile(kFormatVersion));
}

Status Folder::MoveAside(std::string_view why) {
  const std::string aside = path_ + ".broken-" + std::to_string(RemoveBroken(path_) + 1);
  std::error_code error;
  fs::rename(path_, aside, error);
  if (error) return IoError(path_ + " cannot be moved aside", error.value());
  LogError("disk: the store is damaged; it was moved aside and a new one begun",
           {{"why", why}, {"moved_to", aside}});
  close(lock_);
  lock_ = -1;
  if (Status locked = Lock(); !locked) return locked;
  return WriteFormat();
}

}  // namespace skerry::cache::disk
