#include <webp/encode.h>

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
  return file;
}

}  // namespace

std::string WebpVersion() {
  const int version = WebPGetEncoderVersion();
  return "libwebp-" + std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 255) +
         "." + std::to_string(version & 255);
}

Result<std::string> EncodeWebp(const Pixels& pixels, int quality, bool or_lossless) {
  if (pixels.width > WEBP_MAX_DIMENSION || pixels.height > WEBP_MAX_DIMENSION) {
    return Fail(Code::kLimit, Side::kSelf, "WebP holds at most 16383 pixels a side");
  }
  WebPConfig config;
  if (!WebPConfigPreset(&config, or_lossless ? WEBP_PRESET_DRAWING : WEBP_PRESET_PHOTO,
                        static_cast<float>(quality))) {
    return Fail(Code::kInternal, Side::kSelf, "WebP encoder: wrong library version");
  }
  config.method = 6;
  Result<std::string> lossy = EncodeOnce(pixels, config);
  if (!or_lossless || !lossy) return lossy;
  WebPConfigLosslessPreset(&config, 9);
  Result<std::string> lossless = EncodeOnce(pixels, config);
  if (!lossless || lossless->size() * 2 <= lossy->size() * 3) return lossless;
  return lossy;
}

}  // namespace skerry::pipeline
