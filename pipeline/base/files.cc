#include "pipeline/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/base/descriptor.h"

namespace skerry::pipeline {
namespace {

tl::unexpected<Error> Failed(const std::filesystem::path& path, const char* what) {
  const Code code = errno == ENOENT ? Code::kNotFound : errno == ENOSPC ? Code::kFull : Code::kIo;
  return Fail(code, Side::kStorage,
              std::string(what) + " " + path.string() + ": " + std::strerror(errno));
}

}  // namespace

Result<std::string> ReadFile(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return Failed(path, "cannot open");
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return Failed(path, "cannot look at");
  if (S_ISDIR(info.st_mode)) {
    return Fail(Code::kIo, Side::kStorage, path.string() + " is a folder, not a file");
  }
  std::string bytes;
  bytes.resize(static_cast<size_t>(info.st_size) + 1);  // one more, to see the end at once
  size_t have = 0;
  for (;;) {
    const ssize_t got = ::read(file.get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed(path, "cannot read");
    if (got == 0) break;
    have += static_cast<size_t>(got);
    if (have == bytes.size()) bytes.resize(bytes.size() * 2);
  }
  bytes.resize(have);
  return bytes;
}

Status WriteFile(const std::filesystem::path& path, std::string_view bytes) {
  std::error_code ignored;
  std::filesystem::create_directories(path.parent_path(), ignored);
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) return Failed(path, "cannot write");
  while (!bytes.empty()) {
    const ssize_t put = ::write(file.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Failed(path, "cannot write");
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  if (file.Close() != 0) return Failed(path, "cannot write");
  return {};
}

Status CopyFile(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code ignored;
  std::filesystem::create_directories(to.parent_path(), ignored);
  const Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (source.get() < 0) return Failed(from, "cannot open");
  Descriptor copy(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (copy.get() < 0) return Failed(to, "cannot write");
  for (bool any = false;; any = true) {
    const ssize_t moved =
        ::copy_file_range(source.get(), nullptr, copy.get(), nullptr, size_t{1} << 30, 0);
    if (moved > 0) continue;
    if (moved == 0 && any) break;
    if (moved < 0 && errno == EINTR) continue;
    // Not between these file systems, or the file is empty or of a kind that tells no size.
    const Result<std::string> bytes = ReadFile(from);
    if (!bytes) return Fail(bytes.error());
    return WriteFile(to, *bytes);
  }
  if (copy.Close() != 0) return Failed(to, "cannot write");
  return {};
}

Status WriteFileAtOnce(const std::filesystem::path& path, std::string_view bytes) {
  static std::atomic<uint64_t> counter{0};
  std::filesystem::path partial = path;
  partial += ".part-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  if (Status written = WriteFile(partial, bytes); !written) return written;
  std::error_code failed;
  std::filesystem::rename(partial, path, failed);
  if (failed) {
    return Fail(Code::kIo, Side::kStorage,
                "cannot rename to " + path.string() + ": " + failed.message());
  }
  return {};
}

}  // namespace skerry::pipeline
