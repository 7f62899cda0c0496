#include "pipeline/images/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "pipeline/images/resize_loops.h"

namespace skerry::pipeline {
namespace {

constexpr double kLobes = 3;
constexpr int kOne = 1 << kWeightBits;

// The sine of pi x. Not the library's, whose last bit depends on the processor.
double SineOfPi(double x) {
  const double turns = std::round(x);
  const double angle = (x - turns) * std::numbers::pi;
  double term = angle;
  double sum = angle;
  for (int k = 2; k <= 20; k += 2) {
    term *= -angle * angle / (k * (k + 1));
    sum += term;
  }
  return static_cast<int>(turns) % 2 == 0 ? sum : -sum;
}

double Lanczos(double x) {
  if (std::abs(x) >= kLobes) return 0;
  if (std::abs(x) < 1e-9) return 1;
  const double angle = std::numbers::pi * x;
  return kLobes * SineOfPi(x) * SineOfPi(x / kLobes) / (angle * angle);
}

// What each pixel of an axis is made of: `taps` neighbours, pair by pair.
struct Axis {
  size_t taps = 0;                    // a multiple of the constructor's
  std::vector<uint32_t> starts = {};  // the first pair
  std::vector<uint32_t> lasts = {};   // the last pair with a weight
  std::vector<int16_t> weights = {};  // `taps` a pixel, kOne together

  Axis(uint32_t from, uint32_t to, size_t multiple);

 private:
  void Weigh(double centre, double factor, uint32_t from, std::vector<double>& exact, uint32_t i);
};

Axis::Axis(uint32_t from, uint32_t to, size_t multiple) : starts(to), lasts(to) {
  const double factor = static_cast<double>(from) / to;
  // One more because they begin at an even one.
  const size_t reach = static_cast<size_t>(std::ceil(2 * kLobes * factor)) + 2;
  taps = (reach + multiple - 1) / multiple * multiple;
  weights.resize(taps * to);
  std::vector<double> exact(taps);
  for (uint32_t i = 0; i < to; ++i) Weigh((i + 0.5) * factor - 0.5, factor, from, exact, i);
}

// Neighbours beyond the edge are the edge.
void Axis::Weigh(double centre, double factor, uint32_t from, std::vector<double>& exact,
                 uint32_t i) {
  const auto first = static_cast<int64_t>(std::floor(centre - kLobes * factor)) + 1;
  const auto last = static_cast<int64_t>(std::ceil(centre + kLobes * factor)) - 1;
  const auto edge = static_cast<int64_t>(from) - 1;
  const int64_t start = std::clamp<int64_t>(first, 0, edge) / 2 * 2;
  starts[i] = static_cast<uint32_t>(start / 2);
  lasts[i] = static_cast<uint32_t>(std::clamp<int64_t>(last, start, edge) / 2);
  std::fill(exact.begin(), exact.end(), 0.0);
  double sum = 0;
  for (int64_t at = first; at <= last; ++at) {
    const double weight = Lanczos((static_cast<double>(at) - centre) / factor);
    exact[std::clamp<int64_t>(at, 0, edge) - start] += weight;
    sum += weight;
  }
  int16_t* const out = weights.data() + taps * i;
  int left = kOne;
  for (size_t k = 0; k < taps; ++k) {
    out[k] = static_cast<int16_t>(std::lround(exact[k] / sum * kOne));
    left -= out[k];
  }
  // What rounding lost goes where it is felt least.
  *std::max_element(out, out + taps) += static_cast<int16_t>(left);
}

size_t RoundUp(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// Colours weighed by alpha, with kFraction bits behind the point.
void Premultiply(const uint8_t* row, size_t width, int16_t* out) {
  for (size_t x = 0; x < width; ++x) {
    const uint32_t alpha = row[4 * x + 3];
    for (size_t c = 0; c < 3; ++c) {
      const uint32_t scaled = (uint32_t{row[4 * x + c]} * alpha) << kFraction;
      out[4 * x + c] = static_cast<int16_t>((scaled + 127) / 255);
    }
    out[4 * x + 3] = static_cast<int16_t>(alpha << kFraction);
  }
}

// Back to straight alpha and bytes. Where alpha rings above its most, colours ring with it: they
// are divided by what it is, not by what is shown of it.
void Unpremultiply(const int32_t* sums, size_t width, uint8_t* out) {
  constexpr int kShift = kFraction + kWeightBits;
  for (size_t x = 0; x < width; ++x) {
    const int32_t alpha = sums[4 * x + 3];
    const int32_t shown = (alpha + (1 << (kShift - 1))) >> kShift;
    out[4 * x + 3] = static_cast<uint8_t>(std::clamp(shown, 0, 255));
    for (size_t c = 0; c < 3; ++c) {
      const int64_t colour = alpha <= 0 ? 0 : (sums[4 * x + c] * int64_t{255} + alpha / 2) / alpha;
      out[4 * x + c] = static_cast<uint8_t>(std::clamp<int64_t>(colour, 0, 255));
    }
  }
}

}  // namespace

Instructions BestInstructions() {
  return HasAvx2() ? Instructions::kAvx2 : Instructions::kPortable;
}

struct RowScaler::State {
  State(Size from_size, Size to_size, bool has_alpha, Sink to_sink, Instructions instructions)
      : from(from_size),
        to(to_size),
        alpha(has_alpha),
        sink(std::move(to_sink)),
        loops(instructions == Instructions::kAvx2 ? kAvx2Loops : kPortableLoops),
        across(from.width, to.width, 4),
        down(from.height, to.height, 2),
        padded(RoundUp(from.width, 8)),
        slots(down.taps / 2 + 1),
        ring(slots * padded * 8),
        rows(down.taps / 2),
        // A quad may begin at the last pixel.
        between((padded + across.taps) * 4),
        waiting(size_t{from.width} * (alpha ? 4 : 3)),
        given(size_t{to.width} * 4 + 1) {
    if (alpha) {
      premultiplied.resize(size_t{from.width} * 8);
      sums.resize(size_t{to.width} * 4);
    }
  }

  int16_t* Slot(uint32_t pair) { return ring.data() + size_t{pair % slots} * padded * 8; }
  void Pair(const uint8_t* a, const uint8_t* b, uint32_t pair);
  void Give();

  const Size from;
  const Size to;
  const bool alpha;
  const Sink sink;
  const ResizeLoops& loops;
  const Axis across;
  const Axis down;
  const size_t padded;               // pixels of a row of pairs
  const size_t slots;                // rows of pairs that are held
  std::vector<int16_t> ring;         // rows 2k and 2k + 1 in slot k % slots
  std::vector<const int16_t*> rows;  // what the next row is made of
  std::vector<int16_t> between;      // a row that is as narrow as wanted downwards only
  std::vector<uint8_t> waiting;      // an even row, until its neighbour comes
  std::vector<int16_t> premultiplied;
  std::vector<int32_t> sums;
  std::vector<uint8_t> given;
  uint32_t taken = 0;  // rows
  uint32_t next = 0;   // row of the smaller picture
};

void RowScaler::State::Pair(const uint8_t* a, const uint8_t* b, uint32_t pair) {
  if (!alpha) return loops.pair_rows(a, b, from.width, Slot(pair));
  const size_t count = size_t{from.width} * 4;
  int16_t* const of_a = premultiplied.data();
  int16_t* const of_b = of_a + count;
  Premultiply(a, from.width, of_a);
  Premultiply(b, from.width, of_b);
  int16_t* const out = Slot(pair);
  for (size_t i = 0; i < count; ++i) {
    out[2 * i] = of_a[i];
    out[2 * i + 1] = of_b[i];
  }
}

// Row `next`. REQUIRES: all that it is made of was taken.
void RowScaler::State::Give() {
  const uint32_t first = down.starts[next];
  const size_t count = down.lasts[next] - first + 1;
  for (size_t k = 0; k < count; ++k) rows[k] = Slot(first + static_cast<uint32_t>(k));
  const size_t quads = across.taps / 4;
  loops.down(rows.data(), down.weights.data() + down.taps * next, count, padded, between.data());
  if (alpha) {
    loops.across_wide(between.data(), across.starts.data(), across.weights.data(), quads, to.width,
                      sums.data());
    Unpremultiply(sums.data(), to.width, given.data());
  } else {
    loops.across(between.data(), across.starts.data(), across.weights.data(), quads, to.width,
                 given.data());
  }
  sink(given.data());
  ++next;
}

RowScaler::RowScaler(Size from, Size to, bool alpha, Sink sink, Instructions instructions)
    : state_(std::make_unique<State>(from, to, alpha, std::move(sink), instructions)) {}
RowScaler::~RowScaler() = default;

void RowScaler::Take(const uint8_t* row) {
  State& s = *state_;
  const uint32_t y = s.taken++;
  const bool last = s.taken == s.from.height;
  if (y % 2 == 0 && !last) {
    std::memcpy(s.waiting.data(), row, s.waiting.size());
    return;
  }
  // The last of an odd number stands beside itself; the second has no weight.
  s.Pair(y % 2 == 0 ? row : s.waiting.data(), row, y / 2);
  while (s.next < s.to.height && s.down.lasts[s.next] <= y / 2) s.Give();
}

ShrinkChain::ShrinkChain(Size from, Size to, bool alpha, RowScaler::Sink sink) {
  std::vector<Size> sizes{to};
  while (from.width > sizes.back().width * kMostFactor ||
         from.height > sizes.back().height * kMostFactor) {
    const auto wider = [](uint32_t side, uint32_t most) { return std::min(side * 4, most); };
    sizes.push_back(
        {wider(sizes.back().width, from.width), wider(sizes.back().height, from.height)});
  }
  RowScaler::Sink next = std::move(sink);
  for (size_t i = 0; i < sizes.size(); ++i) {
    const Size& source = i + 1 < sizes.size() ? sizes[i + 1] : from;
    scalers_.push_back(std::make_unique<RowScaler>(source, sizes[i], alpha, std::move(next)));
    next = [scaler = scalers_.back().get()](const uint8_t* row) { scaler->Take(row); };
  }
  std::reverse(scalers_.begin(), scalers_.end());
}

Size SizeAt(Size from, uint32_t width) {
  const double height = static_cast<double>(from.height) * width / from.width;
  return {width, std::max<uint32_t>(1, static_cast<uint32_t>(std::lround(height)))};
}

Pixels Shrunk(const Pixels& pixels, uint32_t width) {
  const Size from{pixels.width, pixels.height};
  const Size to = SizeAt(from, width);
  Pixels out{to.width, to.height, pixels.alpha, {}, pixels.p3};
  out.bytes.reserve(size_t{out.stride()} * out.height);
  ShrinkChain chain(from, to, pixels.alpha, [&out](const uint8_t* row) {
    out.bytes.append(reinterpret_cast<const char*>(row), out.stride());
  });
  const auto* row = reinterpret_cast<const uint8_t*>(pixels.bytes.data());
  for (uint32_t y = 0; y < pixels.height; ++y, row += pixels.stride()) chain.Take(row);
  return out;
}

}  // namespace skerry::pipeline
