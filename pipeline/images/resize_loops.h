// The inner loops of resize.cc, once portable and once for AVX2; private to this folder.
//
// A pixel is four int16, red green blue alpha, with kFraction bits behind the point; without alpha
// the fourth is 0. A pair holds two neighbours value by value: a0 b0 a1 b1 …, so that one
// multiply-add of two int16 (pmaddwd) takes two taps.
#pragma once

#include <cstddef>
#include <cstdint>

namespace skerry::pipeline {

constexpr int kFraction = 6;
constexpr int kWeightBits = 14;

struct ResizeLoops {
  // Two rows of `width` pixels of 3 bytes as one row of pairs.
  void (*pair_rows)(const uint8_t* a, const uint8_t* b, size_t width, int16_t* pairs);
  // One row from `count` rows of pairs, with two weights for each; what comes out are pairs of
  // pixels that lie beside each other. `pixels`: a multiple of 8, as long as the rows of pairs.
  void (*down)(const int16_t* const* rows, const int16_t* weights, size_t count, size_t pixels,
               int16_t* out);
  // For each of `width` pixels `quads` times two pairs from `starts[x]` on, four weights a quad.
  // As bytes, 3 a pixel; writes one byte more.
  void (*across)(const int16_t* pairs, const uint32_t* starts, const int16_t* weights, size_t quads,
                 size_t width, uint8_t* out);
  // The same with kFraction + kWeightBits bits behind the point, 4 values a pixel.
  void (*across_wide)(const int16_t* pairs, const uint32_t* starts, const int16_t* weights,
                      size_t quads, size_t width, int32_t* out);
};

extern const ResizeLoops kPortableLoops;
// The portable ones where the compiler cannot.
extern const ResizeLoops kAvx2Loops;
bool HasAvx2();

}  // namespace skerry::pipeline
