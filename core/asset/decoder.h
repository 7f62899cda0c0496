// Decompression of whole files, for verification and tests.
#pragma once

#include <string>
#include <string_view>

#include "core/asset/coding.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

namespace skerry::asset {

// The bytes that `coded` stands for. kCorrupt when it is not a complete stream of
// `coding` with nothing behind it; kLimit, without allocating more, as soon as the
// output would pass `limit` bytes. kInvalid for dcz: see DecodeDcz.
Result<std::string> Decode(Coding coding, std::string_view coded, ByteCount limit);

// The same for dcz. kCorrupt also when the header names another dictionary.
Result<std::string> DecodeDcz(std::string_view dictionary, std::string_view coded, ByteCount limit);

}  // namespace skerry::asset
