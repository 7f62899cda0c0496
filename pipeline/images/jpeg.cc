#include <cstddef>
#include <cstdio>
// jpeglib.h needs both of the above.
#include <jpeglib.h>

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdlib>

#include "pipeline/images/formats.h"

namespace skerry::pipeline {
namespace {

// One table for luma and chroma. Against the tables of the JPEG standard it saves 7 to 11 % of
// the bytes at a score of 60 to 78 on photographs (docs/pipeline.md).
constexpr unsigned kTable[DCTSIZE2] = {10, 12, 14,  19,  26,  38,  57,  86,   //
                                       12, 18, 21,  28,  35,  41,  54,  76,   //
                                       14, 21, 25,  32,  44,  63,  92,  136,  //
                                       19, 28, 32,  41,  54,  75,  107, 157,  //
                                       26, 35, 44,  54,  70,  95,  132, 190,  //
                                       38, 41, 63,  75,  95,  125, 170, 239,  //
                                       57, 54, 92,  107, 132, 170, 227, 312,  //
                                       86, 76, 136, 157, 190, 239, 312, 419};

// libjpeg reports faults by calling back; it must not return.
struct Fault {
  jpeg_error_mgr manager;
  jmp_buf back;
  char words[JMSG_LENGTH_MAX];
};

void Leave(j_common_ptr info) {
  auto* fault = reinterpret_cast<Fault*>(info->err);
  info->err->format_message(info, fault->words);
  longjmp(fault->back, 1);
}
void Ignore(j_common_ptr) {}

jpeg_error_mgr* Handler(Fault& fault) {
  jpeg_std_error(&fault.manager);
  fault.manager.error_exit = &Leave;
  fault.manager.output_message = &Ignore;
  return &fault.manager;
}

void SetTables(jpeg_compress_struct& jpeg, double quality) {
  const double percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  unsigned table[DCTSIZE2];
  for (int i = 0; i < DCTSIZE2; ++i) {
    table[i] = static_cast<unsigned>(std::clamp(std::lround(kTable[i] * percent / 100), 1l, 255l));
  }
  for (const int slot : {0, 1}) jpeg_add_quant_table(&jpeg, slot, table, 100, TRUE);
}

// What malloc gave libjpeg.
struct Memory {
  ~Memory() { std::free(data); }
  unsigned char* data = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): libjpeg's type
};

// No object with a destructor lives here: longjmp passes by. False leaves words in `fault`.
bool Compress(const unsigned char* rgb, uint32_t width, uint32_t height, double quality,
              bool progressive, std::string_view profile, Memory& out, Fault& fault) {
  jpeg_compress_struct jpeg;
  jpeg.err = Handler(fault);
  if (setjmp(fault.back) != 0) {
    jpeg_destroy_compress(&jpeg);
    return false;
  }
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &out.data, &out.size);
  jpeg.image_width = width;
  jpeg.image_height = height;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  SetTables(jpeg, quality);
  jpeg.optimize_coding = TRUE;
  jpeg.dct_method = JDCT_ISLOW;
  if (progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  if (!profile.empty()) {
    jpeg_write_icc_profile(&jpeg, reinterpret_cast<const JOCTET*>(profile.data()),
                           static_cast<unsigned>(profile.size()));
  }
  while (jpeg.next_scanline < height) {
    JSAMPROW row = const_cast<unsigned char*>(rgb) + size_t{jpeg.next_scanline} * width * 3;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  return true;
}

bool ReadHeader(jpeg_decompress_struct& jpeg, std::string_view file, Fault& fault) {
  jpeg.err = Handler(fault);
  if (setjmp(fault.back) != 0) return false;
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&jpeg, TRUE);
  jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&jpeg);
  return true;
}

bool ReadRows(jpeg_decompress_struct& jpeg, unsigned char* rgb, Fault& fault) {
  if (setjmp(fault.back) != 0) return false;
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = rgb + size_t{jpeg.output_scanline} * jpeg.output_width * 3;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  return true;
}

std::string OnWhite(const Pixels& pixels) {
  std::string rgb;
  rgb.reserve(size_t{pixels.width} * pixels.height * 3);
  for (size_t at = 0; at < pixels.bytes.size(); at += 4) {
    const int alpha = static_cast<uint8_t>(pixels.bytes[at + 3]);
    for (size_t c = 0; c < 3; ++c) {
      const int value = static_cast<uint8_t>(pixels.bytes[at + c]);
      rgb.push_back(static_cast<char>((value * alpha + 255 * (255 - alpha) + 127) / 255));
    }
  }
  return rgb;
}

}  // namespace

std::string JpegVersion() {
  return "libjpeg-turbo-" + std::to_string(LIBJPEG_TURBO_VERSION_NUMBER);
}

Result<std::string> EncodeJpeg(const Pixels& pixels, double quality) {
  const std::string flat = pixels.alpha ? OnWhite(pixels) : std::string();
  const std::string& rgb = pixels.alpha ? flat : pixels.bytes;
  const auto* bytes = reinterpret_cast<const unsigned char*>(rgb.data());
  const std::string_view profile = pixels.p3 ? DisplayP3Profile() : std::string_view();
  std::string best;
  for (const bool progressive : {true, false}) {
    Memory out;
    Fault fault;
    if (!Compress(bytes, pixels.width, pixels.height, quality, progressive, profile, out, fault)) {
      return Fail(Code::kInternal, Side::kSelf, std::string("JPEG encoder: ") + fault.words);
    }
    if (best.empty() || out.size < best.size()) {
      best.assign(reinterpret_cast<const char*>(out.data), out.size);
    }
  }
  return best;
}

Result<Pixels> DecodeJpeg(std::string_view file) {
  jpeg_decompress_struct jpeg;
  Fault fault;
  Pixels pixels;
  bool read = ReadHeader(jpeg, file, fault);
  if (read) {
    pixels = {jpeg.output_width, jpeg.output_height, false, {}};
    pixels.bytes.resize(size_t{pixels.stride()} * pixels.height);
    read = ReadRows(jpeg, reinterpret_cast<unsigned char*>(pixels.bytes.data()), fault);
  }
  jpeg_destroy_decompress(&jpeg);
  if (read) return pixels;
  return Fail(Code::kInternal, Side::kSelf, std::string("JPEG decoder: ") + fault.words);
}

}  // namespace skerry::pipeline
