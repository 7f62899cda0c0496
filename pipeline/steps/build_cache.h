// Results of earlier builds, by what they were computed from.
//
// A key names everything that decides the result: the digest of the input bytes, the
// recipe, and the versions of the libraries that do the work. So a change of any of
// them misses, and nothing is ever invalidated.
//
// A file := result | SHA-256 of key and result, 32 bytes, under CACHE/xx/rest-of-key.
// A file whose digest differs is a miss. Thread: any; several processes may share a
// folder, since files appear whole.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/digest.h"

namespace skerry::pipeline {

class BuildCache {
 public:
  // Keeps nothing: every Get misses.
  BuildCache() = default;
  // `folder` is made when the first result is kept. A folder that cannot be written
  // costs time, not correctness: Put then does nothing.
  explicit BuildCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // `recipe` is canonical text, for example "br11 brotli-1.0.9".
  static std::string Key(const Sha256Digest& input, std::string_view recipe);

  std::optional<std::string> Get(const std::string& key);
  // The same, but no hit and no miss: of what is no result, only a short cut to one.
  std::optional<std::string> Peek(const std::string& key) const;
  void Put(const std::string& key, std::string_view result);

  // Removes the results unused for longest until at most `most` bytes are left.
  void Trim(ByteCount most);

  uint64_t hits() const { return hits_; }
  uint64_t misses() const { return misses_; }

 private:
  std::filesystem::path PathOf(const std::string& key) const;

  std::filesystem::path folder_;
  std::atomic<uint64_t> hits_{0};
  std::atomic<uint64_t> misses_{0};
};

}  // namespace skerry::pipeline
