#include "origin-shield/store/bindings.h"

#include <algorithm>

#include "core/base/bytes.h"

namespace skerry::shield {

std::string Binding::Encode() const {
  std::string bytes(sha256.raw());
  PutLe64(bytes, static_cast<uint64_t>(named.time_since_epoch().count()));
  bytes.push_back(served ? 1 : 0);
  return bytes;
}

std::optional<Binding> Binding::Decode(std::string_view bytes) {
  ByteReader reader(bytes);
  Binding binding;
  const std::string_view digest = reader.Take(binding.sha256.bytes.size());
  const uint64_t named = reader.Le64();
  const uint8_t served = reader.U8();
  if (!reader.AtEnd() || served > 1) return std::nullopt;
  binding.served = served == 1;
  std::copy(digest.begin(), digest.end(), binding.sha256.bytes.begin());
  binding.named = WallTime(Millis(static_cast<int64_t>(named)));
  return binding;
}

std::vector<std::pair<std::string_view, Sha256Digest>> HashedPaths(const Release& release) {
  std::vector<std::pair<std::string_view, Sha256Digest>> paths;
  for (const asset::Entry& entry : release.manifest().entries) {
    if (entry.cache == asset::CacheClass::kImmutable) paths.emplace_back(entry.path, entry.sha256);
    for (const asset::ImageVariant& image : entry.images) {
      paths.emplace_back(image.path, image.sha256);
    }
  }
  return paths;
}

}  // namespace skerry::shield
