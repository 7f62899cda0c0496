#include "pipeline/images/score.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>

#include "core/base/result.h"

namespace skerry::pipeline {
namespace {

constexpr int kScales = 5;          // the sixth has no weight
constexpr uint32_t kLeastSide = 8;  // smaller scales say nothing
constexpr float kC2 = 0.0009f;

enum Channel { kX, kY, kB };

// What one channel at one scale adds, by map: mean, and fourth root of the mean fourth power.
struct Weights {
  double ssim1, ring1, blur1;
  double ssim4, ring4, blur4;

  bool any() const { return ssim1 + ring1 + blur1 + ssim4 + ring4 + blur4 > 0; }
};

constexpr Weights kWeights[3][kScales] = {
    {{0, 0, 0, 0, 0, 0},
     {0, 0, 0, 1.1041726426657346, 0, 0},
     {0, 0, 0, 1.8422455520539298, 11.441172603757666, 0},
     {0, 0, 0, 1.8787594979546387, 10.94906990605142, 0},
     {0, 0.9677937080626833, 0, 0, 0.9981766977854967, 0}},
    {{0, 0, 0, 7.466890328078848, 0, 17.445833984131262},
     {0, 0, 0, 6.683678146179332, 0, 1.027889937768264},
     {225.20515300849274, 0, 0, 19.213238186143016, 0, 0},
     {176.39317598450694, 0, 0, 24.43300999870476, 0.28520802612117757, 0},
     {0, 0, 0, 34.77906344483772, 44.835625328877896, 0}},
    {{0, 0, 0, 0, 0, 0},
     {0, 0, 0, 0, 0, 0},
     {0, 0, 0, 0, 0, 0},
     {0, 0, 0, 8.826982764996862, 23.19243343998926, 0},
     {95.1080498811086, 0.9863978034400682, 0.9834382792465353, 0, 171.2667255897307,
      0.9807858872435379}}};

// A Gaussian of sigma 1.5 by truncated cosines (Charalampidis 2016, equation 53), which the
// metric is defined with; outside the picture is 0.
constexpr float kTaps[5] = {0.2646211054881986f, 0.21292859201042227f, 0.10933537277746035f,
                            0.03601111465836439f, 0.009414367809653733f};
constexpr uint32_t kReach = 4;
constexpr uint32_t kRing = 2 * kReach + 1;

struct Plane {
  Plane() = default;
  Plane(uint32_t w, uint32_t h) : width(w), height(h), values(size_t{w} * h) {}
  float* row(uint32_t y) { return values.data() + size_t{y} * width; }
  const float* row(uint32_t y) const { return values.data() + size_t{y} * width; }

  uint32_t width = 0;
  uint32_t height = 0;
  std::vector<float> values = {};
};
using Planes = std::array<Plane, 3>;

// 8-bit sRGB to linear light.
const std::array<float, 256>& Linear() {
  static const std::array<float, 256> table = [] {
    std::array<float, 256> made;
    for (int i = 0; i < 256; ++i) {
      const double v = i / 255.0;
      made[i] = static_cast<float>(v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4));
    }
    return made;
  }();
  return table;
}

// Newton's steps from a third of the exponent; within 1e-6 for 0.003 to 1.1. Multiplies and
// divides only, so that every machine gives the same bits.
inline float CubeRoot(float v) {
  const uint32_t bits = std::bit_cast<uint32_t>(v) / 3 + 709921077u;
  float root = std::bit_cast<float>(bits);
  root = (2.0f * root + v / (root * root)) * (1.0f / 3.0f);
  root = (2.0f * root + v / (root * root)) * (1.0f / 3.0f);
  root = (2.0f * root + v / (root * root)) * (1.0f / 3.0f);
  return root;
}

constexpr float kBias = 0.0037930732552754493f;
constexpr float kBiasRoot = 0.15595420054924862f;  // its cube root

// One row of linear light to the channels of XYB that are asked for, each about 0 to 1.
void ToXyb(const float* __restrict r, const float* __restrict g, const float* __restrict b,
           uint32_t width, float* __restrict x_out, float* __restrict y_out,
           float* __restrict b_out) {
  for (uint32_t i = 0; i < width; ++i) {
    const float l = 0.30f * r[i] + 0.622f * g[i] + 0.078f * b[i] + kBias;
    const float m = 0.23f * r[i] + 0.692f * g[i] + 0.078f * b[i] + kBias;
    const float root_l = CubeRoot(l) - kBiasRoot;
    const float root_m = CubeRoot(m) - kBiasRoot;
    y_out[i] = 0.5f * (root_l + root_m) + 0.01f;
    if (x_out != nullptr) x_out[i] = 7.0f * (root_l - root_m) + 0.42f;
  }
  if (b_out == nullptr) return;
  for (uint32_t i = 0; i < width; ++i) {
    const float s =
        0.24342268924547819f * r[i] + 0.20476744424496821f * g[i] + 0.5518098665095536f * b[i];
    b_out[i] = CubeRoot(s + kBias) - kBiasRoot - (y_out[i] - 0.01f) + 0.55f;
  }
}

// `padded` has kReach zeros on either side of the row.
void BlurAcross(const float* __restrict padded, uint32_t width, float* __restrict out) {
  const float* in = padded + kReach;
  const auto count = static_cast<ptrdiff_t>(width);
  for (ptrdiff_t x = 0; x < count; ++x) {
    out[x] = kTaps[0] * in[x] + kTaps[1] * (in[x - 1] + in[x + 1]) +
             kTaps[2] * (in[x - 2] + in[x + 2]) + kTaps[3] * (in[x - 3] + in[x + 3]) +
             kTaps[4] * (in[x - 4] + in[x + 4]);
  }
}

// A Gaussian blur that takes and gives rows: row y comes out when row y + kReach is in.
class RollingBlur {
 public:
  explicit RollingBlur(uint32_t width)
      : width_(width), padded_(width + 2 * kReach), ring_(size_t{kRing} * width) {}

  // Where the next row is to be written.
  float* input() { return padded_.data() + kReach; }
  void Take(uint32_t y) { BlurAcross(padded_.data(), width_, slot(y)); }
  // Behind the last row there are zeros.
  void TakeNothing(uint32_t y) { std::fill_n(slot(y), width_, 0.0f); }

  // REQUIRES: rows up to y + kReach were taken.
  void Give(uint32_t y, float* __restrict out) {
    const float* r[kRing];
    for (uint32_t k = 0; k < kRing; ++k) r[k] = slot(y + kRing + k - kReach);
    for (uint32_t x = 0; x < width_; ++x) {
      out[x] = kTaps[0] * r[4][x] + kTaps[1] * (r[3][x] + r[5][x]) +
               kTaps[2] * (r[2][x] + r[6][x]) + kTaps[3] * (r[1][x] + r[7][x]) +
               kTaps[4] * (r[0][x] + r[8][x]);
    }
  }

 private:
  float* slot(uint32_t y) { return ring_.data() + size_t{y % kRing} * width_; }

  uint32_t width_;
  std::vector<float> padded_;
  std::vector<float> ring_;  // zeros at first: what is above the first row
};

// One channel at one scale of the original.
struct Level {
  Plane value;
  Plane mean;
  Plane square;  // blurred squares
};

Level Prepare(Plane plane) {
  Level level{std::move(plane), {}, {}};
  const uint32_t width = level.value.width;
  const uint32_t height = level.value.height;
  level.mean = Plane(width, height);
  level.square = Plane(width, height);
  RollingBlur mean(width);
  RollingBlur square(width);
  for (uint32_t y = 0; y < height + kReach; ++y) {
    if (y < height) {
      const float* row = level.value.row(y);
      std::copy_n(row, width, mean.input());
      for (uint32_t x = 0; x < width; ++x) square.input()[x] = row[x] * row[x];
      mean.Take(y);
      square.Take(y);
    } else {
      mean.TakeNothing(y);
      square.TakeNothing(y);
    }
    if (y < kReach) continue;
    mean.Give(y - kReach, level.mean.row(y - kReach));
    square.Give(y - kReach, level.square.row(y - kReach));
  }
  return level;
}

// Sums of a map's values and of their fourth powers; lanes, so that the order of additions
// does not depend on how the compiler vectorises them.
class Norms {
 public:
  void Add(const float* __restrict row, uint32_t width) {
    uint32_t x = 0;
    for (; x + kLanes <= width; x += kLanes) {
      for (uint32_t lane = 0; lane < kLanes; ++lane) {
        const double v = row[x + lane];
        one_[lane] += v;
        four_[lane] += (v * v) * (v * v);
      }
    }
    for (; x < width; ++x) {
      const double v = row[x];
      one_[0] += v;
      four_[0] += (v * v) * (v * v);
    }
  }
  double Mean(double pixels) const { return Sum(one_) / pixels; }
  double Fourth(double pixels) const { return std::sqrt(std::sqrt(Sum(four_) / pixels)); }

 private:
  static constexpr uint32_t kLanes = 4;
  static double Sum(const double* lanes) { return lanes[0] + lanes[1] + lanes[2] + lanes[3]; }
  double one_[kLanes] = {};
  double four_[kLanes] = {};
};

// Structure: 1 - SSIM without its denominator of means.
void SsimRow(const float* __restrict mu1, const float* __restrict mu2, const float* __restrict s11,
             const float* __restrict s22, const float* __restrict s12, uint32_t width,
             float* __restrict out) {
  for (uint32_t x = 0; x < width; ++x) {
    const float difference = mu1[x] - mu2[x];
    const float likeness = 1.0f - difference * difference;
    const float top = 2.0f * (s12[x] - mu1[x] * mu2[x]) + kC2;
    const float bottom = (s11[x] - mu1[x] * mu1[x]) + (s22[x] - mu2[x] * mu2[x]) + kC2;
    out[x] = std::max(1.0f - likeness * top / bottom, 0.0f);
  }
}

void EdgeRows(const float* __restrict v1, const float* __restrict mu1, const float* __restrict v2,
              const float* __restrict mu2, uint32_t width, float* __restrict ring,
              float* __restrict blur) {
  for (uint32_t x = 0; x < width; ++x) {
    const float change =
        (1.0f + std::abs(v2[x] - mu2[x])) / (1.0f + std::abs(v1[x] - mu1[x])) - 1.0f;
    ring[x] = std::max(change, 0.0f);
    blur[x] = std::max(-change, 0.0f);
  }
}

// What one channel at one scale adds to the error.
double Compare(const Level& level, const Plane& coded, const Weights& weights) {
  const uint32_t width = coded.width;
  const uint32_t height = coded.height;
  RollingBlur mean(width);
  RollingBlur square(width);
  RollingBlur product(width);
  std::vector<float> rows(size_t{6} * width);
  float* const mu2 = rows.data();
  float* const s22 = mu2 + width;
  float* const s12 = s22 + width;
  float* const ssim = s12 + width;
  float* const ring = ssim + width;
  float* const blur = ring + width;
  Norms ssim_norms, ring_norms, blur_norms;
  const bool edges = weights.ring1 + weights.blur1 + weights.ring4 + weights.blur4 > 0;
  for (uint32_t y = 0; y < height + kReach; ++y) {
    if (y < height) {
      const float* v1 = level.value.row(y);
      const float* v2 = coded.row(y);
      std::copy_n(v2, width, mean.input());
      float* const squares = square.input();
      float* const products = product.input();
      for (uint32_t x = 0; x < width; ++x) squares[x] = v2[x] * v2[x];
      for (uint32_t x = 0; x < width; ++x) products[x] = v1[x] * v2[x];
      mean.Take(y);
      square.Take(y);
      product.Take(y);
    } else {
      mean.TakeNothing(y);
      square.TakeNothing(y);
      product.TakeNothing(y);
    }
    if (y < kReach) continue;
    const uint32_t at = y - kReach;
    mean.Give(at, mu2);
    square.Give(at, s22);
    product.Give(at, s12);
    SsimRow(level.mean.row(at), mu2, level.square.row(at), s22, s12, width, ssim);
    ssim_norms.Add(ssim, width);
    if (!edges) continue;
    EdgeRows(level.value.row(at), level.mean.row(at), coded.row(at), mu2, width, ring, blur);
    ring_norms.Add(ring, width);
    blur_norms.Add(blur, width);
  }
  const double pixels = static_cast<double>(width) * height;
  return weights.ssim1 * ssim_norms.Mean(pixels) + weights.ssim4 * ssim_norms.Fourth(pixels) +
         weights.ring1 * ring_norms.Mean(pixels) + weights.ring4 * ring_norms.Fourth(pixels) +
         weights.blur1 * blur_norms.Mean(pixels) + weights.blur4 * blur_norms.Fourth(pixels);
}

// Rows of linear light, on `ground` where the picture is transparent.
void LinearRow(const Pixels& pixels, uint32_t y, float ground, float* const rgb[3]) {
  const auto* in =
      reinterpret_cast<const uint8_t*>(pixels.bytes.data()) + size_t{y} * pixels.stride();
  const std::array<float, 256>& linear = Linear();
  const uint32_t step = pixels.alpha ? 4 : 3;
  for (uint32_t x = 0; x < pixels.width; ++x, in += step) {
    for (int c = 0; c < 3; ++c) rgb[c][x] = linear[in[c]];
    if (!pixels.alpha) continue;
    const float alpha = static_cast<float>(in[3]) * (1.0f / 255.0f);
    for (int c = 0; c < 3; ++c) rgb[c][x] = alpha * rgb[c][x] + (1.0f - alpha) * ground;
  }
}

// The XYB planes of every scale, for as long as `see` wants them: it gets (scale, channel,
// plane). Linear light exists at half size and below only; full size passes by rows.
template <class See>
void EachPlane(const Pixels& pixels, float ground, See see) {
  uint32_t width = pixels.width;
  uint32_t height = pixels.height;
  if (width < kLeastSide || height < kLeastSide) return;
  const auto halved = [](uint32_t size) { return (size + 1) / 2; };
  Plane luma(width, height);
  Planes light;
  for (Plane& plane : light) plane = Plane(halved(width), halved(height));
  std::vector<float> rows(size_t{6} * width);
  float* const pair[2][3] = {{&rows[0], &rows[width], &rows[2 * width]},
                             {&rows[3 * width], &rows[4 * width], &rows[5 * width]}};
  const auto halve = [](const float* a, const float* b, uint32_t from, float* out) {
    for (uint32_t x = 0; x + 1 < from; x += 2) {
      out[x / 2] = (a[x] + a[x + 1] + b[x] + b[x + 1]) * 0.25f;
    }
    if (from % 2 == 1) out[from / 2] = (a[from - 1] + b[from - 1]) * 0.5f;
  };
  for (uint32_t y = 0; y < height; y += 2) {
    const bool both = y + 1 < height;
    for (uint32_t k = 0; k < (both ? 2u : 1u); ++k) {
      LinearRow(pixels, y + k, ground, pair[k]);
      ToXyb(pair[k][0], pair[k][1], pair[k][2], width, nullptr, luma.row(y + k), nullptr);
    }
    for (int c = 0; c < 3; ++c) {
      halve(pair[0][c], pair[both ? 1 : 0][c], width, light[c].row(y / 2));
    }
  }
  see(0, kY, std::move(luma));
  for (int scale = 1; scale < kScales; ++scale) {
    width = light[0].width;
    height = light[0].height;
    if (width < kLeastSide || height < kLeastSide) return;
    Planes xyb;
    const bool blue = kWeights[kB][scale].any();
    for (int c = 0; c < 3; ++c) {
      if (c != kB || blue) xyb[c] = Plane(width, height);
    }
    Planes half;
    for (Plane& plane : half) plane = Plane(halved(width), halved(height));
    for (uint32_t y = 0; y < height; ++y) {
      ToXyb(light[0].row(y), light[1].row(y), light[2].row(y), width, xyb[kX].row(y),
            xyb[kY].row(y), blue ? xyb[kB].row(y) : nullptr);
      if (y % 2 == 1 || y + 1 == height) {
        for (int c = 0; c < 3; ++c) {
          halve(light[c].row(y - y % 2), light[c].row(y), width, half[c].row(y / 2));
        }
      }
    }
    for (int c = 0; c < 3; ++c) {
      if (kWeights[c][scale].any()) see(scale, c, std::move(xyb[c]));
    }
    light = std::move(half);
  }
}

// From the weighed sum of errors to the scale that people's judgements were fitted to.
double ToScore(double error) {
  error *= 0.9562382616834844;
  error = 2.326765642916932 * error - 0.020884521182843837 * error * error +
          6.248496625763138e-05 * error * error * error;
  return error > 0 ? 100.0 - 10.0 * std::pow(error, 0.6276336467831387) : 100.0;
}

}  // namespace

struct Original::Prepared {
  float ground = 0;
  std::array<std::array<Level, 3>, kScales> levels = {};
};

Original::Original(const Pixels& pixels) {
  for (const float ground : {0.1f, 0.9f}) {
    auto prepared = std::make_unique<Prepared>();
    prepared->ground = ground;
    EachPlane(pixels, ground, [&](int scale, int channel, Plane plane) {
      prepared->levels[scale][channel] = Prepare(std::move(plane));
    });
    grounds_.push_back(std::move(prepared));
    if (!pixels.alpha) break;
  }
}

Original::~Original() = default;
Original::Original(Original&&) noexcept = default;
Original& Original::operator=(Original&&) noexcept = default;

double Original::Score(const Pixels& coded) const {
  double worst = 100.0;
  for (const std::unique_ptr<Prepared>& prepared : grounds_) {
    double error = 0;
    EachPlane(coded, prepared->ground, [&](int scale, int channel, const Plane& plane) {
      const Level& level = prepared->levels[scale][channel];
      SKERRY_CHECK(level.value.width == plane.width && level.value.height == plane.height);
      error += Compare(level, plane, kWeights[channel][scale]);
    });
    worst = std::min(worst, ToScore(error));
  }
  return worst;
}

}  // namespace skerry::pipeline
