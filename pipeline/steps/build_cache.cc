#include "pipeline/steps/build_cache.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "pipeline/base/files.h"

namespace skerry::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDigestSize = 32;

Sha256Digest Seal(const std::string& key, std::string_view result) {
  Sha256Stream stream;
  stream.Update(key);
  stream.Update(result);
  return stream.Finish();
}

}  // namespace

std::string BuildCache::Key(const Sha256Digest& input, std::string_view recipe) {
  Sha256Stream stream;
  stream.Update(input.raw());
  stream.Update(recipe);
  return stream.Finish().Hex();
}

fs::path BuildCache::PathOf(const std::string& key) const {
  return folder_ / key.substr(0, 2) / key.substr(2);
}

std::optional<std::string> BuildCache::Get(const std::string& key) {
  std::optional<std::string> result = Peek(key);
  ++(result ? hits_ : misses_);
  return result;
}

std::optional<std::string> BuildCache::Peek(const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  Result<std::string> bytes = ReadFile(PathOf(key));
  if (!bytes || bytes->size() < kDigestSize) return std::nullopt;
  const size_t size = bytes->size() - kDigestSize;
  if (std::string_view(*bytes).substr(size) !=
      Seal(key, std::string_view(*bytes).substr(0, size)).raw()) {
    return std::nullopt;
  }
  bytes->resize(size);
  std::error_code ignored;  // the time of last use, for Trim
  fs::last_write_time(PathOf(key), fs::file_time_type::clock::now(), ignored);
  return *std::move(bytes);
}

void BuildCache::Put(const std::string& key, std::string_view result) {
  if (folder_.empty()) return;
  std::string bytes(result);
  bytes += Seal(key, result).raw();
  (void)WriteFileAtOnce(PathOf(key), bytes);
}

void BuildCache::Trim(ByteCount most) {
  struct Kept {
    fs::file_time_type used;
    fs::path path;
    ByteCount size;
  };
  if (folder_.empty()) return;
  std::vector<Kept> kept;
  ByteCount total = 0;
  std::error_code failed;
  for (fs::recursive_directory_iterator at(folder_, failed), end; !failed && at != end;
       at.increment(failed)) {
    std::error_code gone;  // another build may be trimming too
    const ByteCount size = at->file_size(gone);
    if (gone || !at->is_regular_file(gone)) continue;
    kept.push_back({at->last_write_time(gone), at->path(), size});
    total += size;
  }
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
  for (const Kept& file : kept) {
    if (total <= most) break;
    std::error_code gone;
    if (fs::remove(file.path, gone)) total -= file.size;
  }
}

}  // namespace skerry::pipeline
