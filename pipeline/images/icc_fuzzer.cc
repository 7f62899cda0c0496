// Profiles from pictures: any bytes are answered, none is read beyond the end.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pipeline/images/icc.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)skerry::pipeline::IsWiderThanSrgb({reinterpret_cast<const char*>(data), size});
  return 0;
}
