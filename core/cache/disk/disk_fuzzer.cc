// The decoders of what is read from the disk. First byte: which; the rest: its input.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/result.h"
#include "core/cache/disk/format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace skerry::cache::disk;  // NOLINT
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: {
      // What is understood is what would be written.
      const auto head = DecodeHead(bytes);
      if (head) SKERRY_CHECK(DecodeHead(EncodeHead(*head)).has_value());
      break;
    }
    case 1: {
      // Behind the checksum, which no fuzzer guesses.
      const std::string key = RowKey({1, 2}, 3);
      std::string row(bytes);
      skerry::PutLe64(row, skerry::Xxh3(row, skerry::Xxh3(key)));
      const auto decoded = DecodeRow(key, row);
      if (decoded) SKERRY_CHECK(DecodeRow(key, EncodeRow(key, *decoded)) == decoded);
      break;
    }
    case 2: DecodeChunk(bytes, {.fill_id = 1, .position = 2, .number = 0}); break;
    case 3: DecodeFormatFile(bytes); break;
  }
  return 0;
}
