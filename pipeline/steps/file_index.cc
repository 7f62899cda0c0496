#include "pipeline/steps/file_index.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace skerry::pipeline {
namespace {

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// The next word of `line`, and `line` without it.
std::string_view Word(std::string_view& line) {
  const size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

template <class Number>
bool Read(std::string_view& line, Number& number) {
  const std::string_view word = Word(line);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size();
}

}  // namespace

Result<FileStamp> StampOf(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) {
    return Fail(errno == ENOENT ? Code::kNotFound : Code::kIo, Side::kStorage,
                "cannot look at " + file.string() + ": " + std::strerror(errno));
  }
  return FileStamp{info.st_dev, info.st_ino, static_cast<uint64_t>(info.st_size),
                   Nanoseconds(info.st_mtim), Nanoseconds(info.st_ctim)};
}

bool IsSettled(const FileStamp& stamp, std::chrono::system_clock::time_point now,
               std::chrono::nanoseconds after) {
  const auto time =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch() - after);
  return stamp.modified <= time.count() && stamp.changed <= time.count();
}

FileIndex::FileIndex(BuildCache& cache, const std::filesystem::path& folder)
    : cache_(cache), key_(BuildCache::Key(Sha256(folder.string()), "index1")) {
  before_ = cache_.Peek(key_).value_or("");
  for (std::string_view rest = before_; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    FileStamp stamp;
    if (!Read(line, stamp.device) || !Read(line, stamp.inode) || !Read(line, stamp.size) ||
        !Read(line, stamp.modified) || !Read(line, stamp.changed)) {
      continue;
    }
    const std::optional<Sha256Digest> digest = Sha256Digest::FromHex(Word(line));
    if (digest) known_.emplace(line, Known{stamp, *digest});
  }
}

std::optional<Sha256Digest> FileIndex::Find(const std::filesystem::path& file,
                                            const FileStamp& now) const {
  const auto found = known_.find(file.string());
  if (found == known_.end() || found->second.stamp != now) return std::nullopt;
  used_[found->first] = found->second;
  return found->second.digest;
}

void FileIndex::Keep(const std::filesystem::path& file, const FileStamp& stamp,
                     const Sha256Digest& digest) {
  std::string name = file.string();
  if (name.find('\n') == std::string::npos) used_[std::move(name)] = {stamp, digest};
}

void FileIndex::Save() {
  std::string text;
  for (const auto& [name, known] : used_) {
    const FileStamp& stamp = known.stamp;
    for (const uint64_t number : {stamp.device, stamp.inode, stamp.size}) {
      text += std::to_string(number) + " ";
    }
    text += std::to_string(stamp.modified) + " " + std::to_string(stamp.changed) + " " +
            known.digest.Hex() + " " + name + "\n";
  }
  if (text != before_) cache_.Put(key_, text);
  before_ = std::move(text);
}

}  // namespace skerry::pipeline
