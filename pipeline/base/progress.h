// A progress bar with the time that is left, on a terminal only.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/thread.h"

namespace skerry::pipeline {

// "derive      [########............]  41 %  about 12 s left". One line, never wider than the
// terminal, drawn at most ten times a second and wiped at the end.
//
// Work is measured by its cost, in any unit of the step's: pixels to encode, bytes to send. What
// a cache gives back costs nothing and is taken out of the total, so that it does not make the
// rest look fast. The time left is the cost left at the pace so far; it is told from the third
// second on. Thread: any.
class Progress {
 public:
  struct Screen {
    std::function<void(std::string_view)> write;
    std::function<size_t()> columns;
    bool colour = false;
  };

  // Draws when `to` is a terminal that can move its cursor (TERM is not "dumb"); in colour
  // unless NO_COLOR is set.
  explicit Progress(std::FILE* to);
  // `clock` must outlive it.
  Progress(Screen screen, const Clock& clock);
  // Draws nothing.
  Progress() = default;
  ~Progress();

  void Begin(std::string_view step, uint64_t cost);
  // There is more to do than was said, or less.
  void Add(uint64_t cost);
  void Skip(uint64_t cost);
  void Done(uint64_t cost = 1);
  // Wipes the line, so that something else can be printed.
  void Clear();

 private:
  void Draw() SKERRY_REQUIRES(mutex_);
  std::string Line() const SKERRY_REQUIRES(mutex_);
  std::string TimeLeft() const SKERRY_REQUIRES(mutex_);

  Screen screen_;
  const Clock* clock_ = &Clock::Real();
  mutable Mutex mutex_;  // not held while anything else but the screen is called
  std::string step_ SKERRY_GUARDED_BY(mutex_);
  uint64_t total_ SKERRY_GUARDED_BY(mutex_) = 0;
  uint64_t done_ SKERRY_GUARDED_BY(mutex_) = 0;
  SteadyTime begun_ SKERRY_GUARDED_BY(mutex_) = {};
  SteadyTime drawn_ SKERRY_GUARDED_BY(mutex_) = {};
  bool visible_ SKERRY_GUARDED_BY(mutex_) = false;
};

}  // namespace skerry::pipeline
