#include <malloc.h>
#include <vips/vips.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "pipeline/images/formats.h"
#include "pipeline/images/icc.h"
#include "pipeline/images/image.h"
#include "pipeline/images/resize.h"

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

// Whole in memory, where something needs to read it out of order.
ImagePtr Held(ImagePtr image) {
  return image == nullptr ? nullptr : ImagePtr(vips_image_copy_memory(image.get()));
}

bool IsWide(VipsImage* image) {
  const void* data = nullptr;
  size_t size = 0;
  return vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0 &&
         vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, &size) == 0 &&
         IsWiderThanSrgb({static_cast<const char*>(data), size});
}

// To sRGB, or with `p3` to Display P3; it tells afterwards which it was.
ImagePtr ToSrgb(const ImagePtr& image, bool& p3) {
  VipsImage* out = nullptr;
  // Only a picture that brings a profile goes through it: the trip through the profile
  // connection space changes untagged ones visibly.
  if (vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0) {
    if (vips_icc_transform(image.get(), &out, p3 ? "p3" : "srgb", "embedded", TRUE, "depth", 8,
                           nullptr) == 0) {
      return ImagePtr(out);
    }
    vips_error_clear();  // a broken profile: take the numbers as sRGB
  }
  p3 = false;
  if (vips_colourspace(image.get(), &out, VIPS_INTERPRETATION_sRGB, nullptr) != 0) return nullptr;
  return ImagePtr(out);
}

// 8 bits, 3 or 4 bands; nothing is computed yet.
ImagePtr Normalised(const ImagePtr& source, bool& p3) {
  ImagePtr srgb = ToSrgb(source, p3);
  VipsImage* out = nullptr;
  if (srgb == nullptr || vips_cast_uchar(srgb.get(), &out, nullptr) != 0) return nullptr;
  ImagePtr bytes(out);
  if (bytes->Bands > 4) {
    if (vips_extract_band(bytes.get(), &out, 0, "n", 4, nullptr) != 0) return nullptr;
    bytes.reset(out);
  }
  return bytes;
}

// Upright, and held: turning reads out of order.
ImagePtr Upright(ImagePtr image) {
  if (vips_image_get_orientation(image.get()) <= 1) return image;
  image = Held(std::move(image));
  VipsImage* out = nullptr;
  if (image == nullptr || vips_autorot(image.get(), &out, nullptr) != 0) return nullptr;
  return ImagePtr(out);
}

// The part that ScaleOptions asks for.
ImagePtr Cropped(ImagePtr image, const ScaleOptions& options) {
  if (image == nullptr || options.aspect <= 0) return image;
  const ImageInfo part =
      Part({static_cast<uint32_t>(image->Xsize), static_cast<uint32_t>(image->Ysize)}, options);
  // Around the focal point, as far as the edges allow.
  const auto start = [](int whole, uint32_t keep, double focus) {
    const double from = whole * focus - keep / 2.0;
    return static_cast<int>(std::clamp(from, 0.0, static_cast<double>(whole) - keep));
  };
  VipsImage* out = nullptr;
  if (vips_extract_area(image.get(), &out, start(image->Xsize, part.width, options.focus_x),
                        start(image->Ysize, part.height, options.focus_y),
                        static_cast<int>(part.width), static_cast<int>(part.height),
                        nullptr) != 0) {
    return nullptr;
  }
  return ImagePtr(out);
}

// How many rows are asked of libvips at once: what its JPEG reader decodes in one go.
constexpr int kBand = 16;

struct UnrefRegion {
  void operator()(VipsRegion* region) const { g_object_unref(region); }
};

// Every row of the picture in order, with its 3 or 4 bytes a pixel.
bool EachRow(const ImagePtr& image, const RowScaler::Sink& take) {
  const std::unique_ptr<VipsRegion, UnrefRegion> region(vips_region_new(image.get()));
  for (int top = 0; top < image->Ysize; top += kBand) {
    VipsRect band{0, top, image->Xsize, std::min(kBand, image->Ysize - top)};
    if (region == nullptr || vips_region_prepare(region.get(), &band) != 0) return false;
    for (int y = 0; y < band.height; ++y) take(VIPS_REGION_ADDR(region.get(), 0, top + y));
  }
  return true;
}

// The picture at `width`, as it comes.
std::optional<Pixels> First(const ImagePtr& image, uint32_t width) {
  const Size from{static_cast<uint32_t>(image->Xsize), static_cast<uint32_t>(image->Ysize)};
  const Size to = SizeAt(from, width);
  Pixels pixels{to.width, to.height, image->Bands == 4, {}};
  pixels.bytes.reserve(size_t{pixels.stride()} * pixels.height);
  const auto keep = [&pixels](const uint8_t* row) {
    pixels.bytes.append(reinterpret_cast<const char*>(row), pixels.stride());
  };
  if (to == from) {
    if (!EachRow(image, keep)) return std::nullopt;
    return pixels;
  }
  ShrinkChain chain(from, to, pixels.alpha, keep);
  if (!EachRow(image, [&chain](const uint8_t* row) { chain.Take(row); })) return std::nullopt;
  return pixels;
}

bool IsPng(std::string_view file) { return file.starts_with("\x89PNG"); }
bool IsGif(std::string_view file) { return file.starts_with("GIF8"); }
bool IsWebp(std::string_view file) {
  return file.starts_with("RIFF") && file.substr(0, 12).ends_with("WEBP");
}

// The chunk that makes a PNG an animation stands before the first IDAT.
bool IsAnimatedPng(std::string_view file) {
  if (!IsPng(file)) return false;
  const std::string_view head = file.substr(0, file.find("IDAT"));
  return head.find("acTL") != std::string_view::npos;
}

uint32_t FramesOf(VipsImage* image, std::string_view file) {
  if (IsAnimatedPng(file)) return 2;  // how many does not matter: no frame but the first is read
  int pages = 1;
  if (vips_image_get_typeof(image, VIPS_META_N_PAGES) != 0 &&
      vips_image_get_int(image, VIPS_META_N_PAGES, &pages) != 0) {
    vips_error_clear();
  }
  return static_cast<uint32_t>(std::max(pages, 1));
}

tl::unexpected<Error> TooMuch(const std::string& what, const char* option, uint64_t limit) {
  return Fail(Code::kLimit, Side::kConfig,
              what + " are over images." + option + " = " + std::to_string(limit));
}

}  // namespace

Status StartImages() {
  // What pictures and encoders free goes back to the system: kept in arenas it would add half
  // again to the peak (182 MB instead of 116 MB for two photographs at four widths).
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  mallopt(M_ARENA_MAX, 1);
  if (VIPS_INIT("skerry-pipeline") != 0) return Failed();
  vips_concurrency_set(1);
  vips_cache_set_max(0);  // nothing is computed twice here; the cache would only grow
  return {};
}

void LeaveImages() { vips_thread_shutdown(); }

std::string DecoderVersion() { return std::string("vips-") + vips_version_string(); }

Result<ImageInfo> Probe(std::string_view file, const ImageLimits& limits) {
  if (file.size() > limits.bytes) {
    return TooMuch(std::to_string(file.size()) + " bytes", "max_bytes", limits.bytes);
  }
  if (file.empty()) return Fail(Code::kInvalid, Side::kConfig, "is empty");
  if (!IsPng(file) && !file.starts_with("\xff\xd8") && !IsGif(file) && !IsWebp(file)) {
    return Fail(Code::kInvalid, Side::kConfig,
                "is none of JPEG, PNG, GIF and WebP, whatever its name says");
  }
  const ImagePtr image = Open(file, VIPS_ACCESS_SEQUENTIAL);
  if (image == nullptr) return Failed();
  ImageInfo info{static_cast<uint32_t>(image->Xsize), static_cast<uint32_t>(image->Ysize),
                 FramesOf(image.get(), file), IsPng(file) || IsGif(file), IsWide(image.get())};
  const std::string size = std::to_string(info.width) + "x" + std::to_string(info.height);
  if (uint64_t{info.width} * info.height > limits.pixels) {
    return TooMuch(size + " pixels", "max_pixels", limits.pixels);
  }
  if (info.frames > limits.frames) {
    return TooMuch(std::to_string(info.frames) + " frames", "max_frames", limits.frames);
  }
  if (TurnsSideways(image.get())) std::swap(info.width, info.height);
  return info;
}

const std::string& DisplayP3Profile() {
  static const std::string profile = [] {
    VipsBlob* blob = nullptr;
    if (vips_profile_load("p3", &blob, nullptr) != 0) return std::string();
    size_t size = 0;
    const void* const data = vips_blob_get(blob, &size);
    std::string copy(static_cast<const char*>(data), size);
    vips_area_unref(VIPS_AREA(blob));
    return copy;
  }();
  return profile;
}

ImageInfo Part(ImageInfo info, const ScaleOptions& options) {
  if (options.aspect <= 0) return info;
  const double width = info.width;
  const double height = info.height;
  const auto side = [](double wanted, double whole) {
    return static_cast<uint32_t>(std::clamp(std::round(wanted), 1.0, whole));
  };
  info.width = side(height * options.aspect, width);
  info.height = side(width / options.aspect, height);
  return info;
}

Result<std::vector<Pixels>> Pyramid(std::string_view file, const std::vector<uint32_t>& widths,
                                    const ScaleOptions& options) {
  ImagePtr level = Open(file, VIPS_ACCESS_SEQUENTIAL);
  if (level == nullptr) return Failed();
  level = Upright(std::move(level));
  if (level == nullptr) return Failed();
  level = Cropped(std::move(level), options);
  if (level == nullptr) return Failed();
  bool p3 = options.p3 && IsWide(level.get());
  level = Normalised(level, p3);
  if (level == nullptr) return Failed();
  if (level->Bands != 3 && level->Bands != 4) {
    return Fail(Code::kInvalid, Side::kConfig, "decodes to an unexpected pixel format");
  }
  std::vector<Pixels> levels;
  for (const uint32_t width : widths) {
    if (!levels.empty()) {
      levels.push_back(Shrunk(levels.back(), width));
    } else if (std::optional<Pixels> first = First(level, width)) {
      levels.push_back(*std::move(first));
      levels.back().p3 = p3;
    } else {
      return Failed();
    }
  }
  return levels;
}

Result<std::string> AnimatedWebp(std::string_view file, double quality) {
  const ImagePtr frames(vips_image_new_from_buffer(file.data(), file.size(), "", "n", -1, "fail_on",
                                                   VIPS_FAIL_ON_TRUNCATED, nullptr));
  if (frames == nullptr) return Failed();
  void* data = nullptr;
  size_t size = 0;
  if (vips_webpsave_buffer(frames.get(), &data, &size, "Q", static_cast<int>(quality), "effort", 4,
                           "mixed", TRUE, "strip", TRUE, nullptr) != 0) {
    return Failed();
  }
  std::string webp(static_cast<const char*>(data), size);
  g_free(data);
  return webp;
}

}  // namespace skerry::pipeline
