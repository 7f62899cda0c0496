#include "pipeline/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace skerry::pipeline {
namespace {

constexpr int kCells = 30;
constexpr auto kPause = std::chrono::milliseconds(100);

}  // namespace

Progress::Progress(std::FILE* to) {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  if (::isatty(::fileno(to)) && !dumb) to_ = to;
}

Progress::~Progress() { Clear(); }

void Progress::Begin(std::string_view step, uint64_t total) {
  if (to_ == nullptr) return;
  MutexLock lock(mutex_);
  step_ = step;
  total_ = total;
  done_ = 0;
  drawn_ = {};
  Draw();
}

void Progress::Add(uint64_t total) {
  MutexLock lock(mutex_);
  total_ += total;
}

void Progress::Done() {
  if (to_ == nullptr) return;
  MutexLock lock(mutex_);
  ++done_;
  Draw();
}

void Progress::Clear() {
  if (to_ == nullptr) return;
  MutexLock lock(mutex_);
  std::fputs("\r\x1b[K", to_);
  std::fflush(to_);
}

void Progress::Draw() {
  const auto now = std::chrono::steady_clock::now();
  if (total_ == 0 || (now - drawn_ < kPause && done_ < total_)) return;
  drawn_ = now;
  const int full = static_cast<int>(std::min(done_, total_) * kCells / total_);
  const std::string bar = std::string(full, '#') + std::string(kCells - full, '.');
  std::fprintf(to_, "\r%-11s [%s] %5llu/%llu\x1b[K", step_.c_str(), bar.c_str(),
               static_cast<unsigned long long>(done_), static_cast<unsigned long long>(total_));
  std::fflush(to_);
}

}  // namespace skerry::pipeline
