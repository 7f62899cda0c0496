// Any bytes: parsed or refused; what was parsed is written and read back the same.
#include <cstdint>

#include "core/asset/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using skerry::asset::Manifest;
  const auto first = Manifest::FromJson({reinterpret_cast<const char*>(data), size});
  if (!first) return 0;
  const std::string written = first->ToJson();
  const auto second = Manifest::FromJson(written);
  SKERRY_CHECK(second.has_value());
  SKERRY_CHECK(second->ToJson() == written);
  return 0;
}
