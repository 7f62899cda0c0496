// PNG without loss at its smallest (PNG specification, third edition).
#include <libdeflate.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

#include "pipeline/images/formats.h"

namespace skerry::pipeline {
namespace {

constexpr size_t kMostColours = 256;
constexpr int kLevel = 12;

using Bytes = std::vector<uint8_t>;

// Samples as they stand in the file, before filters.
struct Samples {
  uint8_t colour_type = 2;  // 0 grey, 2 RGB, 3 palette, 6 RGB and alpha
  uint32_t depth = 8;       // bits a sample
  size_t pixel = 3;         // bytes a pixel, at least 1
  size_t stride = 0;
  Bytes rows;
  Bytes palette;       // 3 bytes a colour
  Bytes transparency;  // of the first colours
};

void Put32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void PutChunk(std::string& out, const char* type, const uint8_t* data, size_t size) {
  Put32(out, static_cast<uint32_t>(size));
  const size_t begin = out.size();
  out.append(type, 4);
  out.append(reinterpret_cast<const char*>(data), size);
  Put32(out, libdeflate_crc32(0, out.data() + begin, out.size() - begin));
}

// The colour of pixel `at` as one number; fully transparent ones are all the same.
uint32_t ColourAt(const Pixels& pixels, size_t at) {
  const auto* in =
      reinterpret_cast<const uint8_t*>(pixels.bytes.data()) + at * (pixels.alpha ? 4 : 3);
  const uint32_t alpha = pixels.alpha ? in[3] : 255;
  if (alpha == 0) return 0;
  return alpha << 24 | uint32_t{in[0]} << 16 | uint32_t{in[1]} << 8 | in[2];
}

struct Colours {
  // The index of each, those that are not opaque first; empty when there are too many.
  std::map<uint32_t, uint8_t> index = {};
  bool grey = true;
  bool opaque = true;
};

Colours Look(const Pixels& pixels) {
  Colours colours;
  const size_t count = size_t{pixels.width} * pixels.height;
  uint32_t last = 0;
  bool few = true;
  for (size_t at = 0; at < count; ++at) {
    const uint32_t colour = ColourAt(pixels, at);
    if (at > 0 && colour == last) continue;
    last = colour;
    colours.opaque = colours.opaque && colour >> 24 == 255;
    const uint32_t red = colour >> 16 & 255;
    colours.grey = colours.grey && red == (colour >> 8 & 255) && red == (colour & 255);
    if (few) colours.index.emplace(colour, 0);
    few = few && colours.index.size() <= kMostColours;
    if (!few && !colours.grey && !colours.opaque) break;
  }
  if (!few) colours.index.clear();
  uint8_t next = 0;
  for (auto& [colour, index] : colours.index) index = next++;  // by alpha: opaque ones are last
  return colours;
}

Samples Indexed(const Pixels& pixels, const Colours& colours) {
  Samples samples;
  samples.colour_type = 3;
  const size_t count = colours.index.size();
  samples.depth = count <= 2 ? 1 : count <= 4 ? 2 : count <= 16 ? 4 : 8;
  samples.pixel = 1;
  samples.stride = (size_t{pixels.width} * samples.depth + 7) / 8;
  samples.rows.assign(samples.stride * pixels.height, 0);
  for (const auto& [colour, index] : colours.index) {
    for (const int shift : {16, 8, 0}) {
      samples.palette.push_back(static_cast<uint8_t>(colour >> shift));
    }
    if (colour >> 24 != 255) samples.transparency.push_back(static_cast<uint8_t>(colour >> 24));
  }
  for (uint32_t y = 0; y < pixels.height; ++y) {
    uint8_t* const row = samples.rows.data() + y * samples.stride;
    for (uint32_t x = 0; x < pixels.width; ++x) {
      const uint8_t index = colours.index.at(ColourAt(pixels, size_t{y} * pixels.width + x));
      const size_t bit = size_t{x} * samples.depth;
      row[bit / 8] |= static_cast<uint8_t>(index << (8 - samples.depth - bit % 8));
    }
  }
  return samples;
}

Samples Direct(const Pixels& pixels, const Colours& colours) {
  Samples samples;
  const bool grey = colours.grey && colours.opaque;
  samples.colour_type = grey ? 0 : colours.opaque ? 2 : 6;
  samples.pixel = grey ? 1 : colours.opaque ? 3 : 4;
  samples.stride = size_t{pixels.width} * samples.pixel;
  samples.rows.reserve(samples.stride * pixels.height);
  const size_t count = size_t{pixels.width} * pixels.height;
  for (size_t at = 0; at < count; ++at) {
    const uint32_t colour = ColourAt(pixels, at);
    samples.rows.push_back(static_cast<uint8_t>(colour >> 16));
    if (grey) continue;
    samples.rows.push_back(static_cast<uint8_t>(colour >> 8));
    samples.rows.push_back(static_cast<uint8_t>(colour));
    if (!colours.opaque) samples.rows.push_back(static_cast<uint8_t>(colour >> 24));
  }
  return samples;
}

uint8_t Paeth(int left, int up, int corner) {
  const int estimate = left + up - corner;
  const int to_left = std::abs(estimate - left);
  const int to_up = std::abs(estimate - up);
  const int to_corner = std::abs(estimate - corner);
  if (to_left <= to_up && to_left <= to_corner) return static_cast<uint8_t>(left);
  return static_cast<uint8_t>(to_up <= to_corner ? up : corner);
}

uint8_t Predicted(int filter, int left, int up, int corner) {
  switch (filter) {
    case 1: return static_cast<uint8_t>(left);
    case 2: return static_cast<uint8_t>(up);
    case 3: return static_cast<uint8_t>((left + up) / 2);
    case 4: return Paeth(left, up, corner);
    default: return 0;
  }
}

// `row` behind its filter's number; `above` is the row before, null for the first.
void Filter(int filter, const uint8_t* row, const uint8_t* above, size_t stride, size_t pixel,
            Bytes& out) {
  out.push_back(static_cast<uint8_t>(filter));
  for (size_t i = 0; i < stride; ++i) {
    const int left = i >= pixel ? row[i - pixel] : 0;
    const int up = above != nullptr ? above[i] : 0;
    const int corner = i >= pixel && above != nullptr ? above[i - pixel] : 0;
    out.push_back(static_cast<uint8_t>(row[i] - Predicted(filter, left, up, corner)));
  }
}

// How far from zero the filtered bytes are: what deflates well is near.
uint64_t Size(const Bytes& filtered) {
  uint64_t sum = 0;
  for (const uint8_t byte : filtered) sum += byte < 128 ? byte : 256 - byte;
  return sum;
}

// One filter for all rows, or with `filter` < 0 the nearest to zero for each.
Bytes Filtered(const Samples& samples, uint32_t height, int filter) {
  Bytes out;
  out.reserve((samples.stride + 1) * height);
  for (uint32_t y = 0; y < height; ++y) {
    const uint8_t* const row = samples.rows.data() + y * samples.stride;
    const uint8_t* const above = y == 0 ? nullptr : row - samples.stride;
    if (filter >= 0) {
      Filter(filter, row, above, samples.stride, samples.pixel, out);
      continue;
    }
    Bytes best;
    for (int candidate = 0; candidate <= 4; ++candidate) {
      Bytes tried;
      Filter(candidate, row, above, samples.stride, samples.pixel, tried);
      if (best.empty() || Size(tried) < Size(best)) best = std::move(tried);
    }
    out.insert(out.end(), best.begin(), best.end());
  }
  return out;
}

Bytes Deflated(const Bytes& raw) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(kLevel), libdeflate_free_compressor);
  if (compressor == nullptr) return {};
  Bytes out(libdeflate_zlib_compress_bound(compressor.get(), raw.size()));
  out.resize(
      libdeflate_zlib_compress(compressor.get(), raw.data(), raw.size(), out.data(), out.size()));
  return out;
}

std::string File(const Pixels& pixels, const Samples& samples, const Bytes& data) {
  std::string out("\x89PNG\r\n\x1a\n", 8);
  std::string header;
  Put32(header, pixels.width);
  Put32(header, pixels.height);
  header.push_back(static_cast<char>(samples.depth));
  header.push_back(static_cast<char>(samples.colour_type));
  header.append(3, '\0');  // deflate, five filters, not interlaced
  PutChunk(out, "IHDR", reinterpret_cast<const uint8_t*>(header.data()), header.size());
  if (pixels.p3) {
    // iCCP := name | 0 | compression method 0 | the profile, deflated
    const std::string& profile = DisplayP3Profile();
    const Bytes deflated = Deflated(Bytes(profile.begin(), profile.end()));
    std::string chunk("Display P3\0\0", 12);
    chunk.append(deflated.begin(), deflated.end());
    PutChunk(out, "iCCP", reinterpret_cast<const uint8_t*>(chunk.data()), chunk.size());
  }
  if (!samples.palette.empty()) {
    PutChunk(out, "PLTE", samples.palette.data(), samples.palette.size());
  }
  if (!samples.transparency.empty()) {
    PutChunk(out, "tRNS", samples.transparency.data(), samples.transparency.size());
  }
  PutChunk(out, "IDAT", data.data(), data.size());
  PutChunk(out, "IEND", nullptr, 0);
  return out;
}

}  // namespace

std::string PngVersion() { return "libdeflate-" LIBDEFLATE_VERSION_STRING " filters1"; }

Result<std::string> EncodePng(const Pixels& pixels) {
  const Colours colours = Look(pixels);
  const Samples samples =
      colours.index.empty() ? Direct(pixels, colours) : Indexed(pixels, colours);
  Bytes best;
  for (const int filter : {-1, 0, 4}) {
    Bytes data = Deflated(Filtered(samples, pixels.height, filter));
    if (data.empty()) return Fail(Code::kInternal, Side::kSelf, "PNG encoder: no memory");
    if (best.empty() || data.size() < best.size()) best = std::move(data);
  }
  return File(pixels, samples, best);
}

}  // namespace skerry::pipeline
