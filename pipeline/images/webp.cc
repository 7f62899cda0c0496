#include <webp/decode.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include <algorithm>
#include <memory>

#include "pipeline/images/formats.h"

namespace skerry::pipeline {
namespace {

struct Picture {
  Picture() { ok = WebPPictureInit(&picture) != 0; }
  ~Picture() { WebPPictureFree(&picture); }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
  WebPPicture picture;
  bool ok = false;
};

int AppendTo(const uint8_t* data, size_t size, const WebPPicture* picture) {
  static_cast<std::string*>(picture->custom_ptr)->append(reinterpret_cast<const char*>(data), size);
  return 1;
}

// The file with a profile.
Result<std::string> Tagged(const std::string& file, const std::string& profile) {
  const auto data = [](const std::string& bytes) {
    return WebPData{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  };
  const WebPData whole = data(file);
  const WebPData chunk = data(profile);
  const std::unique_ptr<WebPMux, void (*)(WebPMux*)> mux(WebPMuxCreate(&whole, 0), WebPMuxDelete);
  WebPData out;
  WebPDataInit(&out);
  const bool done = mux != nullptr &&
                    WebPMuxSetChunk(mux.get(), "ICCP", &chunk, 0) == WEBP_MUX_OK &&
                    WebPMuxAssemble(mux.get(), &out) == WEBP_MUX_OK;
  std::string tagged;
  if (done) tagged.assign(reinterpret_cast<const char*>(out.bytes), out.size);
  WebPDataClear(&out);
  if (!done) return Fail(Code::kInternal, Side::kSelf, "WebP encoder: cannot add a profile");
  return tagged;
}

Result<std::string> EncodeOnce(const Pixels& pixels, const WebPConfig& config) {
  Picture holder;
  WebPPicture& picture = holder.picture;
  picture.width = static_cast<int>(pixels.width);
  picture.height = static_cast<int>(pixels.height);
  picture.use_argb = config.lossless;
  const auto* bytes = reinterpret_cast<const uint8_t*>(pixels.bytes.data());
  const int stride = static_cast<int>(pixels.stride());
  const bool imported = holder.ok && (pixels.alpha ? WebPPictureImportRGBA(&picture, bytes, stride)
                                                   : WebPPictureImportRGB(&picture, bytes, stride));
  std::string file;
  picture.writer = &AppendTo;
  picture.custom_ptr = &file;
  if (!imported || WebPEncode(&config, &picture) == 0) {
    return Fail(Code::kInternal, Side::kSelf,
                "WebP encoder: error " + std::to_string(picture.error_code));
  }
  return pixels.p3 ? Tagged(file, DisplayP3Profile()) : Result<std::string>(std::move(file));
}

Status CheckSize(const Pixels& pixels) {
  if (std::max(pixels.width, pixels.height) <= WEBP_MAX_DIMENSION) return {};
  return Fail(Code::kLimit, Side::kSelf, "WebP holds at most 16383 pixels a side");
}

}  // namespace

std::string WebpVersion() {
  const int version = WebPGetEncoderVersion();
  return "libwebp-" + std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 255) +
         "." + std::to_string(version & 255);
}

Result<std::string> EncodeWebp(const Pixels& pixels, double quality, bool graphics) {
  if (Status fits = CheckSize(pixels); !fits) return Fail(fits.error());
  WebPConfig config;
  if (!WebPConfigPreset(&config, graphics ? WEBP_PRESET_DRAWING : WEBP_PRESET_DEFAULT,
                        static_cast<float>(quality))) {
    return Fail(Code::kInternal, Side::kSelf, "WebP encoder: wrong library version");
  }
  config.method = 6;
  return EncodeOnce(pixels, config);
}

Result<std::string> EncodeWebpLossless(const Pixels& pixels) {
  if (Status fits = CheckSize(pixels); !fits) return Fail(fits.error());
  WebPConfig config;
  if (!WebPConfigInit(&config) || !WebPConfigLosslessPreset(&config, 9)) {
    return Fail(Code::kInternal, Side::kSelf, "WebP encoder: wrong library version");
  }
  return EncodeOnce(pixels, config);
}

Result<Pixels> DecodeWebp(std::string_view file, bool alpha) {
  const auto* data = reinterpret_cast<const uint8_t*>(file.data());
  Pixels pixels;
  int width = 0;
  int height = 0;
  if (WebPGetInfo(data, file.size(), &width, &height) != 0) {
    pixels.width = static_cast<uint32_t>(width);
    pixels.height = static_cast<uint32_t>(height);
    pixels.alpha = alpha;
    pixels.bytes.resize(size_t{pixels.stride()} * pixels.height);
    auto* const out = reinterpret_cast<uint8_t*>(pixels.bytes.data());
    const int stride = static_cast<int>(pixels.stride());
    const auto decode = alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
    if (decode(data, file.size(), out, pixels.bytes.size(), stride) != nullptr) return pixels;
  }
  return Fail(Code::kInternal, Side::kSelf, "WebP decoder: cannot read what was encoded");
}

}  // namespace skerry::pipeline
