// A progress bar, on a terminal only.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "core/base/thread.h"

namespace skerry::pipeline {

// "derive  [########............]  41/103". One line of standard error, drawn at most ten times
// a second and wiped at the end. Anything else than a terminal gets nothing.
// Thread: any.
class Progress {
 public:
  // Draws when `to` is a terminal that can move its cursor (TERM is not "dumb").
  explicit Progress(std::FILE* to);
  // Draws nothing.
  Progress() = default;
  ~Progress();

  void Begin(std::string_view step, uint64_t total);
  void Add(uint64_t total);
  void Done();
  // Wipes the line, so that something else can be printed.
  void Clear();

 private:
  void Draw() SKERRY_REQUIRES(mutex_);

  std::FILE* to_ = nullptr;
  Mutex mutex_;  // not held while anything else is called
  std::string step_ SKERRY_GUARDED_BY(mutex_);
  uint64_t total_ SKERRY_GUARDED_BY(mutex_) = 0;
  uint64_t done_ SKERRY_GUARDED_BY(mutex_) = 0;
  std::chrono::steady_clock::time_point drawn_ SKERRY_GUARDED_BY(mutex_) = {};
};

}  // namespace skerry::pipeline
