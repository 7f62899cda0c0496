#include "core/asset/brotli_stream.h"

#include <brotli/decode.h>
#include <brotli/encode.h>

#include <algorithm>

namespace skerry::asset {
namespace {

// Left to itself the encoder takes the size of the first piece as a hint and chooses
// its hasher by it: the output would depend on how the body was cut.
constexpr uint32_t kSizeHint = 256 << 10;
constexpr size_t kLeastWindowBits = 16;

class BrotliEncoder : public Encoder {
 public:
  BrotliEncoder(int level, uint32_t window_bits, uint32_t size_hint)
      : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    SKERRY_CHECK(state_ != nullptr);
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, static_cast<uint32_t>(level));
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, window_bits);
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_SIZE_HINT, size_hint);
  }
  ~BrotliEncoder() override { BrotliEncoderDestroyInstance(state_); }

  Status Append(std::string_view bytes, std::string& out) override {
    return Run(bytes, BROTLI_OPERATION_PROCESS, out);
  }
  Status Flush(std::string& out) override { return Run({}, BROTLI_OPERATION_FLUSH, out); }
  Status Finish(std::string& out) override { return Run({}, BROTLI_OPERATION_FINISH, out); }

 private:
  Status Run(std::string_view bytes, BrotliEncoderOperation operation, std::string& out) {
    size_t in_size = bytes.size();
    const auto* in = reinterpret_cast<const uint8_t*>(bytes.data());
    do {
      size_t no_space = 0;
      if (BrotliEncoderCompressStream(state_, operation, &in_size, &in, &no_space, nullptr,
                                      nullptr) == BROTLI_FALSE) {
        return Fail(Code::kInternal, Side::kSelf, "brotli: stream state is broken");
      }
      size_t ready = 0;
      const uint8_t* made = BrotliEncoderTakeOutput(state_, &ready);
      out.append(reinterpret_cast<const char*>(made), ready);
    } while (in_size > 0 || BrotliEncoderHasMoreOutput(state_) == BROTLI_TRUE);
    return {};
  }

  BrotliEncoderState* state_;
};

}  // namespace

std::unique_ptr<Encoder> MakeBrotliEncoder(int level) {
  // 4 MiB of window, the library's default; level 5 takes 512 KiB to stay small in memory.
  const uint32_t window_bits = level <= 5 ? 19 : 22;
  return std::make_unique<BrotliEncoder>(level, window_bits, kSizeHint);
}

Result<std::string> CompressBrotli(int level, std::string_view bytes) {
  uint32_t window_bits = kLeastWindowBits;
  while (window_bits < BROTLI_MAX_WINDOW_BITS && (size_t{1} << window_bits) < bytes.size()) {
    ++window_bits;
  }
  const auto hint = static_cast<uint32_t>(std::min<size_t>(bytes.size(), 1u << 30));
  BrotliEncoder encoder(level, window_bits, std::max<uint32_t>(hint, 1));
  std::string out;
  Status done = encoder.Append(bytes, out);
  if (done) done = encoder.Finish(out);
  if (!done) return Fail(std::move(done.error()));
  return out;
}

Result<std::string> DecodeBrotli(std::string_view coded, ByteCount limit) {
  const std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (state == nullptr) return Fail(Code::kInternal, Side::kSelf, "brotli: no memory");
  size_t in_size = coded.size();
  const auto* in = reinterpret_cast<const uint8_t*>(coded.data());
  std::string out;
  for (;;) {
    size_t no_space = 0;
    const BrotliDecoderResult result =
        BrotliDecoderDecompressStream(state.get(), &in_size, &in, &no_space, nullptr, nullptr);
    size_t ready = 0;
    const uint8_t* made = BrotliDecoderTakeOutput(state.get(), &ready);
    if (ready > limit - out.size()) {
      return Fail(Code::kLimit, Side::kStorage, "brotli: over the limit");
    }
    out.append(reinterpret_cast<const char*>(made), ready);
    if (result == BROTLI_DECODER_RESULT_SUCCESS) break;
    if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
      return Fail(Code::kCorrupt, Side::kStorage, "brotli: damaged or cut short");
    }
  }
  if (in_size != 0) return Fail(Code::kCorrupt, Side::kStorage, "brotli: bytes behind the end");
  return out;
}

std::string BrotliVersion() {
  const uint32_t version = BrotliEncoderVersion();
  return "brotli-" + std::to_string(version >> 24) + "." + std::to_string(version >> 12 & 0xfff) +
         "." + std::to_string(version & 0xfff);
}

}  // namespace skerry::asset
