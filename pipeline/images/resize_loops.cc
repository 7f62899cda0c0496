#include "pipeline/images/resize_loops.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace skerry::pipeline {
namespace {

int16_t Narrow(int32_t sum) {
  constexpr int32_t kHalf = 1 << (kWeightBits - 1);
  return static_cast<int16_t>(std::clamp((sum + kHalf) >> kWeightBits, -32768, 32767));
}

uint8_t ToByte(int32_t sum) {
  constexpr int kShift = kFraction + kWeightBits;
  return static_cast<uint8_t>(std::clamp((sum + (1 << (kShift - 1))) >> kShift, 0, 255));
}

void PairPixel(const uint8_t* a, const uint8_t* b, int16_t* pairs) {
  for (size_t c = 0; c < 3; ++c) {
    pairs[2 * c] = static_cast<int16_t>(a[c] << kFraction);
    pairs[2 * c + 1] = static_cast<int16_t>(b[c] << kFraction);
  }
  pairs[6] = pairs[7] = 0;
}

void PairRows(const uint8_t* a, const uint8_t* b, size_t width, int16_t* pairs) {
  for (size_t x = 0; x < width; ++x) PairPixel(a + 3 * x, b + 3 * x, pairs + 8 * x);
}

void Down(const int16_t* const* rows, const int16_t* weights, size_t count, size_t pixels,
          int16_t* out) {
  for (size_t x = 0; x < pixels; ++x) {
    int32_t sums[4] = {};
    for (size_t k = 0; k < count; ++k) {
      const int16_t* pair = rows[k] + 8 * x;
      for (size_t c = 0; c < 4; ++c) {
        sums[c] += pair[2 * c] * weights[2 * k] + pair[2 * c + 1] * weights[2 * k + 1];
      }
    }
    for (size_t c = 0; c < 4; ++c) out[8 * (x / 2) + 2 * c + x % 2] = Narrow(sums[c]);
  }
}

void AcrossPixel(const int16_t* pairs, const int16_t* weights, size_t quads, int32_t* sums) {
  for (size_t c = 0; c < 4; ++c) sums[c] = 0;
  for (size_t k = 0; k < 2 * quads; ++k) {
    for (size_t c = 0; c < 4; ++c) {
      sums[c] +=
          pairs[8 * k + 2 * c] * weights[2 * k] + pairs[8 * k + 2 * c + 1] * weights[2 * k + 1];
    }
  }
}

void Across(const int16_t* pairs, const uint32_t* starts, const int16_t* weights, size_t quads,
            size_t width, uint8_t* out) {
  for (size_t x = 0; x < width; ++x) {
    int32_t sums[4];
    AcrossPixel(pairs + 8 * size_t{starts[x]}, weights + 4 * quads * x, quads, sums);
    for (size_t c = 0; c < 3; ++c) out[3 * x + c] = ToByte(sums[c]);
  }
}

void AcrossWide(const int16_t* pairs, const uint32_t* starts, const int16_t* weights, size_t quads,
                size_t width, int32_t* out) {
  for (size_t x = 0; x < width; ++x) {
    AcrossPixel(pairs + 8 * size_t{starts[x]}, weights + 4 * quads * x, quads, out + 4 * x);
  }
}

#if defined(__x86_64__)
#define SKERRY_AVX2 __attribute__((target("avx2")))

// 4 pixels of 3 bytes with a zero behind each.
SKERRY_AVX2 inline __m128i FourPixels(const uint8_t* at) {
  const __m128i spread = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
  return _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)), spread);
}

SKERRY_AVX2 inline void StoreFractions(__m128i bytes, int16_t* out) {
  const __m256i wide = _mm256_slli_epi16(_mm256_cvtepu8_epi16(bytes), kFraction);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), wide);
}

SKERRY_AVX2 void PairRowsAvx2(const uint8_t* a, const uint8_t* b, size_t width, int16_t* pairs) {
  size_t x = 0;
  // 16 bytes are read for 12.
  for (; x + 6 <= width; x += 4) {
    const __m128i of_a = FourPixels(a + 3 * x);
    const __m128i of_b = FourPixels(b + 3 * x);
    StoreFractions(_mm_unpacklo_epi8(of_a, of_b), pairs + 8 * x);
    StoreFractions(_mm_unpackhi_epi8(of_a, of_b), pairs + 8 * x + 16);
  }
  for (; x < width; ++x) PairPixel(a + 3 * x, b + 3 * x, pairs + 8 * x);
}

SKERRY_AVX2 inline __m256i Load(const int16_t* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

// Sums of 4 pixels to pairs of pixels that lie beside each other.
SKERRY_AVX2 inline void StorePairs(__m256i low, __m256i high, int16_t* out) {
  const __m256i beside = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
  const __m256i narrow =
      _mm256_packs_epi32(_mm256_srai_epi32(low, kWeightBits), _mm256_srai_epi32(high, kWeightBits));
  const __m256i in_order = _mm256_permute4x64_epi64(narrow, 0b11011000);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_shuffle_epi8(in_order, beside));
}

SKERRY_AVX2 void DownAvx2(const int16_t* const* rows, const int16_t* weights, size_t count,
                          size_t pixels, int16_t* out) {
  const auto* both = reinterpret_cast<const int32_t*>(weights);
  const __m256i half = _mm256_set1_epi32(1 << (kWeightBits - 1));
  for (size_t x = 0; x < pixels; x += 8) {
    __m256i sums[4] = {half, half, half, half};
    for (size_t k = 0; k < count; ++k) {
      const __m256i weight = _mm256_set1_epi32(both[k]);
      const int16_t* pair = rows[k] + 8 * x;
      for (size_t i = 0; i < 4; ++i) {
        sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(Load(pair + 16 * i), weight));
      }
    }
    StorePairs(sums[0], sums[1], out + 4 * x);
    StorePairs(sums[2], sums[3], out + 4 * x + 16);
  }
}

// Of one pixel: even pairs in the lower half, odd ones in the upper.
SKERRY_AVX2 inline __m256i SumQuads(const int16_t* pairs, const int16_t* weights, size_t quads) {
  const __m256i spread = _mm256_setr_epi8(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3,  //
                                          4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7);
  __m256i sum = _mm256_setzero_si256();
  for (size_t k = 0; k < quads; ++k) {
    const __m256i four =
        _mm256_broadcastq_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(weights + 4 * k)));
    const __m256i weight = _mm256_shuffle_epi8(four, spread);
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(Load(pairs + 16 * k), weight));
  }
  return sum;
}

// The sums of pixels x and x + 1.
SKERRY_AVX2 inline __m256i TwoPixels(const int16_t* pairs, const uint32_t* starts,
                                     const int16_t* weights, size_t quads, size_t x) {
  const __m256i a = SumQuads(pairs + 8 * size_t{starts[x]}, weights + 4 * quads * x, quads);
  const __m256i b =
      SumQuads(pairs + 8 * size_t{starts[x + 1]}, weights + 4 * quads * (x + 1), quads);
  return _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20),
                          _mm256_permute2x128_si256(a, b, 0x31));
}

SKERRY_AVX2 void AcrossAvx2(const int16_t* pairs, const uint32_t* starts, const int16_t* weights,
                            size_t quads, size_t width, uint8_t* out) {
  constexpr int kShift = kFraction + kWeightBits;
  const __m256i half = _mm256_set1_epi32(1 << (kShift - 1));
  size_t x = 0;
  for (; x + 2 <= width; x += 2) {
    const __m256i sums = TwoPixels(pairs, starts, weights, quads, x);
    const __m256i wide = _mm256_srai_epi32(_mm256_add_epi32(sums, half), kShift);
    const __m256i words = _mm256_packs_epi32(wide, wide);
    const __m256i bytes = _mm256_packus_epi16(words, words);
    const int first = _mm256_extract_epi32(bytes, 0);
    const int second = _mm256_extract_epi32(bytes, 4);
    __builtin_memcpy(out + 3 * x, &first, 4);
    __builtin_memcpy(out + 3 * x + 3, &second, 4);
  }
  if (x < width) Across(pairs, starts + x, weights + 4 * quads * x, quads, 1, out + 3 * x);
}

SKERRY_AVX2 void AcrossWideAvx2(const int16_t* pairs, const uint32_t* starts,
                                const int16_t* weights, size_t quads, size_t width, int32_t* out) {
  size_t x = 0;
  for (; x + 2 <= width; x += 2) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 4 * x),
                        TwoPixels(pairs, starts, weights, quads, x));
  }
  if (x < width) AcrossWide(pairs, starts + x, weights + 4 * quads * x, quads, 1, out + 4 * x);
}
#endif

}  // namespace

const ResizeLoops kPortableLoops = {PairRows, Down, Across, AcrossWide};
#if defined(__x86_64__)
const ResizeLoops kAvx2Loops = {PairRowsAvx2, DownAvx2, AcrossAvx2, AcrossWideAvx2};
bool HasAvx2() { return __builtin_cpu_supports("avx2") != 0; }
#else
const ResizeLoops kAvx2Loops = kPortableLoops;
bool HasAvx2() { return false; }
#endif

}  // namespace skerry::pipeline
