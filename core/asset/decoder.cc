#include "core/asset/decoder.h"

#include "core/asset/brotli_stream.h"
#include "core/asset/dcz.h"
#include "core/asset/zlib_stream.h"
#include "core/asset/zstd_stream.h"

namespace skerry::asset {

Result<std::string> Decode(Coding coding, std::string_view coded, ByteCount limit) {
  switch (coding) {
    case Coding::kIdentity:
      if (coded.size() > limit) return Fail(Code::kLimit, Side::kStorage, "over the limit");
      return std::string(coded);
    case Coding::kGzip: return DecodeGzip(coded, limit);
    case Coding::kBrotli: return DecodeBrotli(coded, limit);
    case Coding::kZstd: return DecodeZstd({}, coded, limit);
    case Coding::kDcz: break;
  }
  return Fail(Code::kInvalid, Side::kSelf, "dcz needs its dictionary");
}

Result<std::string> DecodeDcz(std::string_view dictionary, std::string_view coded,
                              ByteCount limit) {
  const std::string header = DczHeader(Sha256(dictionary));
  if (!coded.starts_with(kDczMagic)) {
    return Fail(Code::kCorrupt, Side::kStorage, "dcz: no header");
  }
  if (!coded.starts_with(header)) {
    return Fail(Code::kCorrupt, Side::kStorage, "dcz: made with another dictionary");
  }
  return DecodeZstd(dictionary, coded.substr(header.size()), limit);
}

}  // namespace skerry::asset
