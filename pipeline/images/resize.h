// Scaling pictures down: Lanczos 3 in fixed point, row by row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "pipeline/images/image.h"

namespace skerry::pipeline {

struct Size {
  uint32_t width = 0;
  uint32_t height = 0;
  bool operator==(const Size&) const = default;
};

// How the loops are written. Bytes are the same: all arithmetic is of integers.
enum class Instructions : uint8_t { kPortable, kAvx2 };
// What this processor runs fastest.
Instructions BestInstructions();

// Takes the rows of a picture one by one and gives those of a smaller one as soon as they are
// known. Each axis is filtered by Lanczos 3 about the centres of pixels, edges repeated;
// weights have 14 bits, what lies between the axes 6 bits behind the point. Colours are weighed by
// alpha. Within one level of the exact result (resize_test.cc).
//
// Holds about 6 times the factor rows of 8 bytes a pixel: for factors above kMostFactor use a
// chain of them (ShrinkChain). Thread: the caller's.
class RowScaler {
 public:
  // A row of the smaller picture; valid during the call.
  using Sink = std::function<void(const uint8_t* row)>;

  // REQUIRES: sides of `to` between 1 and those of `from`.
  RowScaler(Size from, Size to, bool alpha, Sink sink,
            Instructions instructions = BestInstructions());
  ~RowScaler();
  RowScaler(const RowScaler&) = delete;
  RowScaler& operator=(const RowScaler&) = delete;

  // The next row: 3 bytes a pixel, or 4 with straight alpha. REQUIRES: at most from.height.
  // All rows of the smaller picture are out when the last was taken.
  void Take(const uint8_t* row);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One or several RowScalers, none of them by more than kMostFactor.
class ShrinkChain {
 public:
  static constexpr double kMostFactor = 6;

  ShrinkChain(Size from, Size to, bool alpha, RowScaler::Sink sink);
  void Take(const uint8_t* row) { scalers_.front()->Take(row); }

 private:
  std::vector<std::unique_ptr<RowScaler>> scalers_;  // each feeds the next
};

// All of `pixels` at `width`, the height in proportion and rounded. REQUIRES: not above its own.
Pixels Shrunk(const Pixels& pixels, uint32_t width);
// What Shrunk makes of the height.
Size SizeAt(Size from, uint32_t width);

}  // namespace skerry::pipeline
