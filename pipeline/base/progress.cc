#include "pipeline/base/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace skerry::pipeline {
namespace {

constexpr size_t kMostCells = 30;
constexpr size_t kLeastCells = 5;  // a narrower bar says nothing
constexpr size_t kStepColumns = 11;
constexpr auto kPause = Millis(100);
constexpr auto kTooEarly = Seconds(2);

size_t ColumnsOf(std::FILE* terminal) {
  winsize size = {};
  const bool known = ::ioctl(::fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

std::string Padded(std::string_view text, size_t columns) {
  std::string padded(text.substr(0, columns));
  padded.resize(columns, ' ');
  return padded;
}

}  // namespace

Progress::Progress(std::FILE* to) {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  if (!::isatty(::fileno(to)) || dumb) return;
  const char* no_colour = std::getenv("NO_COLOR");
  screen_.colour = no_colour == nullptr || *no_colour == '\0';
  screen_.columns = [to] { return ColumnsOf(to); };
  screen_.write = [to](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), to);
    std::fflush(to);
  };
}

Progress::Progress(Screen screen, const Clock& clock)
    : screen_(std::move(screen)), clock_(&clock) {}

Progress::~Progress() { Clear(); }

void Progress::Begin(std::string_view step, uint64_t cost) {
  if (!screen_.write) return;
  MutexLock lock(mutex_);
  step_ = step;
  total_ = cost;
  done_ = 0;
  begun_ = clock_->Steady();
  drawn_ = begun_ - kPause;
  Draw();
}

void Progress::Add(uint64_t cost) {
  MutexLock lock(mutex_);
  total_ += cost;
}

void Progress::Skip(uint64_t cost) {
  MutexLock lock(mutex_);
  total_ -= std::min(cost, total_ - std::min(done_, total_));
}

void Progress::Done(uint64_t cost) {
  if (!screen_.write) return;
  MutexLock lock(mutex_);
  done_ += cost;
  Draw();
}

void Progress::Clear() {
  if (!screen_.write) return;
  MutexLock lock(mutex_);
  if (std::exchange(visible_, false)) screen_.write("\r\x1b[K");
}

std::string Progress::TimeLeft() const {
  const Micros spent = clock_->Steady() - begun_;
  if (spent < kTooEarly || done_ == 0 || done_ >= total_) return "";
  const double seconds = std::chrono::duration<double>(spent).count() *
                         static_cast<double>(total_ - done_) / static_cast<double>(done_);
  if (seconds < 90) {
    return "about " + std::to_string(std::max(1L, std::lround(seconds))) + " s left";
  }
  return "about " + std::to_string(std::lround(seconds / 60)) + " min left";
}

// The bar takes what the words leave; where that is too little, it goes first.
std::string Progress::Line() const {
  const uint64_t done = std::min(done_, total_);
  const uint64_t percent = done * 100 / total_;
  std::string words = std::to_string(percent) + " %";
  words.insert(0, 5 - std::min<size_t>(5, words.size()), ' ');
  if (const std::string left = TimeLeft(); !left.empty()) words += "  " + left;
  // The last column stays free: some terminals wrap when it is written.
  const size_t columns = std::max<size_t>(screen_.columns(), 2) - 1;
  const std::string step = Padded(step_, kStepColumns);
  const size_t around = step.size() + std::string_view(" [] ").size() + words.size();
  const size_t cells = columns > around ? std::min(kMostCells, columns - around) : 0;
  if (cells < kLeastCells) return (step_ + words).substr(0, columns);
  const size_t full = static_cast<size_t>(done * cells / total_);
  const std::string bar =
      screen_.colour ? "\x1b[32m" + std::string(full, '#') + "\x1b[0m" : std::string(full, '#');
  return step + " [" + bar + std::string(cells - full, '.') + "] " + words;
}

void Progress::Draw() {
  const SteadyTime now = clock_->Steady();
  if (total_ == 0 || (now - drawn_ < kPause && done_ < total_)) return;
  drawn_ = now;
  visible_ = true;
  screen_.write("\r" + Line() + "\x1b[K");
}

}  // namespace skerry::pipeline
