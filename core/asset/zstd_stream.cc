#include "core/asset/zstd_stream.h"

#include <zstd.h>

#include <algorithm>

namespace skerry::asset {
namespace {

// RFC 9659: a client of the zstd coding need not keep more than 8 MiB.
constexpr int kMaxWindowLog = 23;
// RFC 9842 section 5: with a dictionary it keeps max(8 MiB, 1.25 x dictionary), at most 128 MiB.
constexpr int kMaxDczWindowLog = 27;

using CompressorPtr = std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)>;

Error Failed(size_t code) {
  return Error{Code::kInternal, Side::kSelf, false,
               std::string("zstd: ") + ZSTD_getErrorName(code)};
}

CompressorPtr NewCompressor(int level, int window_log) {
  CompressorPtr compressor(ZSTD_createCCtx(), ZSTD_freeCCtx);
  SKERRY_CHECK(compressor != nullptr);
  ZSTD_CCtx_setParameter(compressor.get(), ZSTD_c_compressionLevel, level);
  if (window_log != 0) {
    ZSTD_CCtx_setParameter(compressor.get(), ZSTD_c_windowLog, window_log);
  }
  return compressor;
}

class ZstdEncoder : public Encoder {
 public:
  // Levels up to 16 use less than 8 MiB of window by themselves.
  explicit ZstdEncoder(int level)
      : context_(NewCompressor(level, level > 16 ? kMaxWindowLog : 0)) {}

  Status Append(std::string_view bytes, std::string& out) override {
    return Run(bytes, ZSTD_e_continue, out);
  }
  Status Flush(std::string& out) override { return Run({}, ZSTD_e_flush, out); }
  Status Finish(std::string& out) override { return Run({}, ZSTD_e_end, out); }

 private:
  Status Run(std::string_view bytes, ZSTD_EndDirective directive, std::string& out) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    char buffer[16 << 10];
    for (;;) {
      ZSTD_outBuffer made{buffer, sizeof buffer, 0};
      const size_t left = ZSTD_compressStream2(context_.get(), &made, &in, directive);
      if (ZSTD_isError(left)) return Fail(Failed(left));
      out.append(buffer, made.pos);
      const bool done =
          directive == ZSTD_e_continue ? in.pos == in.size && made.pos < made.size : left == 0;
      if (done) return {};
    }
  }

  CompressorPtr context_;
};

Result<std::string> CompressAll(ZSTD_CCtx* context, std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compress2(context, out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size)) return Fail(Failed(size));
  out.resize(size);
  return out;
}

}  // namespace

std::unique_ptr<Encoder> MakeZstdEncoder(int level) { return std::make_unique<ZstdEncoder>(level); }

Result<std::string> CompressZstd(int level, std::string_view bytes) {
  const CompressorPtr context = NewCompressor(level, level > 16 ? kMaxWindowLog : 0);
  return CompressAll(context.get(), bytes);
}

Result<std::string> CompressZstdWith(int level, std::string_view dictionary,
                                     std::string_view bytes) {
  // The window must reach from the last byte back to the dictionary's first.
  int window_log = kMaxWindowLog;
  const size_t reach = dictionary.size() + bytes.size();
  while (window_log < kMaxDczWindowLog && (size_t{1} << window_log) < reach) ++window_log;
  const size_t window = size_t{1} << window_log;
  if (window_log > kMaxWindowLog && window > dictionary.size() + dictionary.size() / 4) {
    return Fail(Code::kLimit, Side::kSelf,
                "dcz: dictionary and file together need a larger window than clients keep");
  }
  const CompressorPtr context = NewCompressor(level, window_log);
  if (reach > (size_t{1} << 22)) {
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_enableLongDistanceMatching, 1);
  }
  const size_t state = ZSTD_CCtx_refPrefix(context.get(), dictionary.data(), dictionary.size());
  if (ZSTD_isError(state)) return Fail(Failed(state));
  return CompressAll(context.get(), bytes);
}

Result<std::string> DecodeZstd(std::string_view dictionary, std::string_view coded,
                               ByteCount limit) {
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                   ZSTD_freeDCtx);
  if (context == nullptr) return Fail(Code::kInternal, Side::kSelf, "zstd: no memory");
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax,
                         dictionary.empty() ? kMaxWindowLog : kMaxDczWindowLog);
  if (!dictionary.empty()) {
    ZSTD_DCtx_refPrefix(context.get(), dictionary.data(), dictionary.size());
  }
  ZSTD_inBuffer in{coded.data(), coded.size(), 0};
  std::string out;
  char buffer[16 << 10];
  for (;;) {
    ZSTD_outBuffer made{buffer, sizeof buffer, 0};
    const size_t left = ZSTD_decompressStream(context.get(), &made, &in);
    const bool stuck = left != 0 && in.pos == in.size && made.pos < made.size;
    if (ZSTD_isError(left) || stuck) {
      return Fail(Code::kCorrupt, Side::kStorage, "zstd: damaged or cut short");
    }
    if (made.pos > limit - out.size())
      return Fail(Code::kLimit, Side::kStorage, "zstd: over the limit");
    out.append(buffer, made.pos);
    if (left == 0) break;
  }
  if (in.pos != in.size) return Fail(Code::kCorrupt, Side::kStorage, "zstd: bytes behind the end");
  return out;
}

std::string ZstdVersion() { return std::string("zstd-") + ZSTD_versionString(); }

}  // namespace skerry::asset
