#include "core/asset/zlib_stream.h"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>

namespace skerry::asset {
namespace {

constexpr int kGzipWrapper = 15 + 16;  // a 32 KiB window, gzip header and trailer
constexpr int kMemoryLevel = 8;        // zlib's default
constexpr size_t kStep = 16 << 10;

Error Failed(const char* what) {
  return Error{Code::kInternal, Side::kSelf, false, std::string("gzip: ") + what};
}

class GzipEncoder : public Encoder {
 public:
  explicit GzipEncoder(int level) {
    SKERRY_CHECK(deflateInit2(&stream_, level, Z_DEFLATED, kGzipWrapper, kMemoryLevel,
                              Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~GzipEncoder() override { deflateEnd(&stream_); }

  Status Append(std::string_view bytes, std::string& out) override {
    return Run(bytes, Z_NO_FLUSH, out);
  }
  Status Flush(std::string& out) override { return Run({}, Z_SYNC_FLUSH, out); }
  Status Finish(std::string& out) override { return Run({}, Z_FINISH, out); }

 private:
  Status Run(std::string_view bytes, int flush, std::string& out) {
    do {
      const std::string_view part = bytes.substr(0, 1u << 30);
      bytes.remove_prefix(part.size());
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      stream_.avail_in = static_cast<uInt>(part.size());
      if (!Drain(flush, out)) return Fail(Failed("stream state is broken"));
    } while (!bytes.empty());
    return {};
  }

  bool Drain(int flush, std::string& out) {
    char buffer[kStep];
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer);
      stream_.avail_out = sizeof buffer;
      if (deflate(&stream_, flush) == Z_STREAM_ERROR) return false;
      out.append(buffer, sizeof buffer - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return true;
  }

  z_stream stream_{};
};

struct InflateEnd {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

}  // namespace

std::unique_ptr<Encoder> MakeGzipEncoder(int level) { return std::make_unique<GzipEncoder>(level); }

Result<std::string> CompressGzip(int level, std::string_view bytes) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(level), libdeflate_free_compressor);
  if (compressor == nullptr) return Fail(Failed("no memory"));
  std::string out(libdeflate_gzip_compress_bound(compressor.get(), bytes.size()), '\0');
  const size_t size = libdeflate_gzip_compress(compressor.get(), bytes.data(), bytes.size(),
                                               out.data(), out.size());
  if (size == 0) return Fail(Failed("output larger than its bound"));
  out.resize(size);
  return out;
}

Result<std::string> DecodeGzip(std::string_view coded, ByteCount limit) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWrapper) != Z_OK) return Fail(Failed("no memory"));
  const std::unique_ptr<z_stream, InflateEnd> end(&stream);
  std::string out;
  char buffer[kStep];
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      const std::string_view part = coded.substr(0, 1u << 30);
      coded.remove_prefix(part.size());
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      stream.avail_in = static_cast<uInt>(part.size());
    }
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    state = inflate(&stream, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END) {
      return Fail(Code::kCorrupt, Side::kStorage, "gzip: damaged or cut short");
    }
    const size_t made = sizeof buffer - stream.avail_out;
    if (made > limit - out.size())
      return Fail(Code::kLimit, Side::kStorage, "gzip: over the limit");
    out.append(buffer, made);
  }
  if (stream.avail_in != 0 || !coded.empty()) {
    return Fail(Code::kCorrupt, Side::kStorage, "gzip: bytes behind the end");
  }
  return out;
}

std::string GzipVersion() { return "libdeflate-" LIBDEFLATE_VERSION_STRING; }

}  // namespace skerry::asset
