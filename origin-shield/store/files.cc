#include "origin-shield/store/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "core/base/descriptor.h"

namespace skerry::shield {
namespace {

Code CodeOf(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT: return Code::kFull;
    case ENOENT: return Code::kNotFound;
    default: return Code::kIo;
  }
}

}  // namespace

Error OsError(std::string_view doing, std::string_view file, int error_number) {
  std::string context(doing);
  context.append(" ").append(file).append(": ").append(std::strerror(error_number));
  return {CodeOf(error_number), Side::kStorage, false, std::move(context)};
}

Status MakeDirectories(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return Fail(OsError("make directory", directory, error.value()));
  return {};
}

Status SyncDirectory(const std::string& directory) {
  const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return Fail(OsError("open", directory, errno));
  if (::fsync(fd.get()) != 0) return Fail(OsError("sync", directory, errno));
  return {};
}

Status WriteAll(int fd, std::string_view bytes, const std::string& file) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return Fail(OsError("write", file, errno));
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Status WriteSynced(const std::string& file, std::string_view bytes) {
  const Descriptor fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (fd.get() < 0) return Fail(OsError("open", file, errno));
  if (Status status = WriteAll(fd.get(), bytes, file); !status) return status;
  if (::fsync(fd.get()) != 0) return Fail(OsError("sync", file, errno));
  return {};
}

Status Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return Fail(OsError("rename to", to, errno));
  return {};
}

Result<Chunk> ReadAt(const std::string& file, uint64_t offset, size_t count) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return Fail(OsError("open", file, errno));
  char* to = nullptr;
  Chunk chunk = Chunk::Uninitialized(count, &to);
  size_t have = 0;
  while (have < count) {
    const ssize_t got =
        ::pread(fd.get(), to + have, count - have, static_cast<off_t>(offset + have));
    if (got < 0) {
      if (errno == EINTR) continue;
      return Fail(OsError("read", file, errno));
    }
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  return have == count ? chunk : chunk.Slice(0, have);
}

}  // namespace skerry::shield
