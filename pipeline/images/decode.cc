#include <vips/vips.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "pipeline/images/image.h"

namespace skerry::pipeline {
namespace {

struct Unref {
  void operator()(VipsImage* image) const { g_object_unref(image); }
};
using ImagePtr = std::unique_ptr<VipsImage, Unref>;

// What libvips wrote about the last failure, on one line.
tl::unexpected<Error> Failed() {
  std::string words = vips_error_buffer();
  vips_error_clear();
  while (!words.empty() && words.back() == '\n') words.pop_back();
  std::replace(words.begin(), words.end(), '\n', ';');
  return Fail(Code::kInvalid, Side::kConfig, words.empty() ? "cannot be decoded" : words);
}

ImagePtr Open(std::string_view file, VipsAccess access) {
  return ImagePtr(vips_image_new_from_buffer(file.data(), file.size(), "", "access", access,
                                             "fail_on", VIPS_FAIL_ON_TRUNCATED, nullptr));
}

// EXIF orientations 5 to 8 exchange width and height.
bool TurnsSideways(VipsImage* image) { return vips_image_get_orientation_swap(image) != 0; }

ImagePtr ToSrgb(const ImagePtr& image) {
  VipsImage* out = nullptr;
  // Only a picture that brings a profile goes through it: the trip through the profile
  // connection space changes untagged ones visibly.
  if (vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0) {
    if (vips_icc_transform(image.get(), &out, "srgb", "embedded", TRUE, "depth", 8, nullptr) == 0) {
      return ImagePtr(out);
    }
    vips_error_clear();  // a broken profile: take the numbers as sRGB
  }
  if (vips_colourspace(image.get(), &out, VIPS_INTERPRETATION_sRGB, nullptr) != 0) return nullptr;
  return ImagePtr(out);
}

// Upright, sRGB, 8 bits, 3 or 4 bands, in memory.
ImagePtr Normalised(const ImagePtr& source) {
  VipsImage* out = nullptr;
  if (vips_autorot(source.get(), &out, nullptr) != 0) return nullptr;
  ImagePtr upright(out);
  ImagePtr srgb = ToSrgb(upright);
  if (srgb == nullptr) return nullptr;
  if (vips_cast_uchar(srgb.get(), &out, nullptr) != 0) return nullptr;
  ImagePtr bytes(out);
  if (bytes->Bands > 4) {
    if (vips_extract_band(bytes.get(), &out, 0, "n", 4, nullptr) != 0) return nullptr;
    bytes.reset(out);
  }
  return ImagePtr(vips_image_copy_memory(bytes.get()));
}

// To exactly `width`, the height rounded; both axes by the same kernel.
ImagePtr Scaled(const ImagePtr& image, uint32_t width) {
  const double scale = static_cast<double>(width) / image->Xsize;
  const double height = std::max(1.0, static_cast<double>(std::lround(image->Ysize * scale)));
  VipsImage* out = nullptr;
  ImagePtr input;
  const bool alpha = vips_image_hasalpha(image.get()) != 0;
  if (alpha) {
    if (vips_premultiply(image.get(), &out, nullptr) != 0) return nullptr;
    input.reset(out);
  }
  if (vips_resize(alpha ? input.get() : image.get(), &out, scale, "vscale", height / image->Ysize,
                  "kernel", VIPS_KERNEL_LANCZOS3, nullptr) != 0) {
    return nullptr;
  }
  ImagePtr resized(out);
  if (alpha) {
    if (vips_unpremultiply(resized.get(), &out, nullptr) != 0) return nullptr;
    resized.reset(out);
    if (vips_cast_uchar(resized.get(), &out, nullptr) != 0) return nullptr;
    resized.reset(out);
  }
  return ImagePtr(vips_image_copy_memory(resized.get()));
}

Pixels ToPixels(const ImagePtr& image) {
  Pixels pixels;
  pixels.width = static_cast<uint32_t>(image->Xsize);
  pixels.height = static_cast<uint32_t>(image->Ysize);
  pixels.alpha = image->Bands == 4;
  size_t size = 0;
  void* data = vips_image_write_to_memory(image.get(), &size);
  if (data != nullptr) pixels.bytes.assign(static_cast<const char*>(data), size);
  g_free(data);
  return pixels;
}

// The chunk that makes a PNG an animation stands before the first IDAT.
bool IsAnimatedPng(std::string_view file) {
  if (!file.starts_with("\x89PNG")) return false;
  const std::string_view head = file.substr(0, file.find("IDAT"));
  return head.find("acTL") != std::string_view::npos;
}

}  // namespace

Status StartImages() {
  if (VIPS_INIT("skerry-pipeline") != 0) return Failed();
  vips_concurrency_set(1);
  vips_cache_set_max(0);  // nothing is computed twice here; the cache would only grow
  return {};
}

void LeaveImages() { vips_thread_shutdown(); }

std::string DecoderVersion() { return std::string("vips-") + vips_version_string(); }

Result<ImageInfo> Probe(std::string_view file, uint64_t max_pixels) {
  const bool png = file.starts_with("\x89PNG");
  if (!png && !file.starts_with("\xff\xd8")) {
    return Fail(Code::kInvalid, Side::kConfig, "is neither JPEG nor PNG, whatever its name says");
  }
  const ImagePtr image = Open(file, VIPS_ACCESS_SEQUENTIAL);
  if (image == nullptr) return Failed();
  ImageInfo info{static_cast<uint32_t>(image->Xsize), static_cast<uint32_t>(image->Ysize), png,
                 IsAnimatedPng(file)};
  if (uint64_t{info.width} * info.height > max_pixels) {
    return Fail(Code::kLimit, Side::kConfig,
                std::to_string(info.width) + "x" + std::to_string(info.height) +
                    " pixels are over images.max_pixels = " + std::to_string(max_pixels));
  }
  if (TurnsSideways(image.get())) std::swap(info.width, info.height);
  return info;
}

Result<std::vector<Pixels>> Pyramid(std::string_view file, const std::vector<uint32_t>& widths) {
  const ImagePtr source = Open(file, VIPS_ACCESS_RANDOM);
  if (source == nullptr) return Failed();
  ImagePtr level = Normalised(source);
  if (level == nullptr) return Failed();
  std::vector<Pixels> levels;
  for (const uint32_t width : widths) {
    if (width != static_cast<uint32_t>(level->Xsize)) {
      level = Scaled(level, width);
      if (level == nullptr) return Failed();
    }
    levels.push_back(ToPixels(level));
    const size_t wanted = size_t{levels.back().stride()} * levels.back().height;
    if (levels.back().bytes.size() != wanted) {
      return Fail(Code::kInvalid, Side::kConfig, "decodes to an unexpected pixel format");
    }
  }
  return levels;
}

}  // namespace skerry::pipeline
