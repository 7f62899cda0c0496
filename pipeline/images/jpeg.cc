#include <vips/vips.h>

#include <memory>

#include "pipeline/images/formats.h"

namespace skerry::pipeline {

// libvips says nothing of the JPEG library behind it; Debian ships one per release.
std::string JpegVersion() { return "jpegsave"; }

Result<std::string> EncodeJpeg(const Pixels& pixels, int quality) {
  const std::unique_ptr<VipsImage, void (*)(VipsImage*)> image(
      vips_image_new_from_memory(pixels.bytes.data(), pixels.bytes.size(),
                                 static_cast<int>(pixels.width), static_cast<int>(pixels.height),
                                 pixels.alpha ? 4 : 3, VIPS_FORMAT_UCHAR),
      [](VipsImage* held) { g_object_unref(held); });
  VipsImage* srgb = nullptr;
  void* data = nullptr;
  size_t size = 0;
  int failed = image == nullptr ? 1
                                : vips_copy(image.get(), &srgb, "interpretation",
                                            VIPS_INTERPRETATION_sRGB, nullptr);
  if (failed == 0) {
    VipsArrayDouble* white = vips_array_double_newv(3, 255.0, 255.0, 255.0);
    failed =
        vips_jpegsave_buffer(srgb, &data, &size, "Q", quality, "interlace", TRUE, "optimize_coding",
                             TRUE, "strip", TRUE, "background", white, nullptr);
    vips_area_unref(VIPS_AREA(white));
    g_object_unref(srgb);
  }
  if (failed != 0) {
    std::string words = vips_error_buffer();
    vips_error_clear();
    return Fail(Code::kInternal, Side::kSelf, "JPEG encoder: " + words);
  }
  std::string file(static_cast<const char*>(data), size);
  g_free(data);
  return file;
}

}  // namespace skerry::pipeline
