#include "pipeline/steps/variant_chain.h"

#include <cstdio>

namespace skerry::pipeline {
namespace {

// Kept := "score setting probes lossless" | newline | bytes.
std::string Kept(const Found& found) {
  char head[128];
  const int size = std::snprintf(head, sizeof head, "%.17g %.17g %d %d\n", found.score,
                                 found.setting, found.probes, found.lossless ? 1 : 0);
  return std::string(head, static_cast<size_t>(size)) + found.bytes;
}

std::optional<Found> FromKept(std::string_view kept) {
  const size_t end = kept.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  Found found;
  int lossless = 0;
  if (std::sscanf(std::string(kept.substr(0, end)).c_str(), "%lf %lf %d %d", &found.score,
                  &found.setting, &found.probes, &lossless) != 4) {
    return std::nullopt;
  }
  found.lossless = lossless != 0;
  found.bytes = kept.substr(end + 1);
  return found;
}

}  // namespace

const Original& Level::original() {
  MutexLock lock(mutex_);
  if (!original_) original_.emplace(pixels_);
  return *original_;
}

Result<double> Level::ease() {
  const Original& prepared = original();
  MutexLock lock(mutex_);
  if (!ease_) {
    const Result<double> found = Ease(pixels_, prepared);
    if (!found) return Fail(found.error());
    ease_ = *found;
  }
  return *ease_;
}

size_t VariantChain::TakeKept(BuildCache& cache) {
  size_t empty = 0;
  for (Slot& slot : slots) {
    if (const std::optional<std::string> kept = cache.Get(slot.key)) slot.found = FromKept(*kept);
    if (!slot.found) ++empty;
  }
  return empty;
}

size_t VariantChain::NextEmpty() const {
  size_t index = 0;
  while (index < slots.size() && slots[index].found) ++index;
  return index;
}

Result<double> VariantChain::Guess(size_t index, Level& level) const {
  const Slot& slot = slots[index];
  if (index > 0 && slots[index - 1].recipe.target == slot.recipe.target) {
    const Slot& narrower = slots[index - 1];
    return NextGuess(slot.recipe, *narrower.found, narrower.width, slot.width);
  }
  const Result<double> ease = level.ease();
  if (!ease) return Fail(ease.error());
  return FirstGuess(slot.recipe, *ease, slot.width);
}

Status VariantChain::Make(size_t index, Level& level, BuildCache& cache) {
  Slot& slot = slots[index];
  // Without loss there is nothing to judge.
  static const Original nothing{Pixels{}};
  const bool exact = slot.recipe.format == Format::kPng;
  const Result<double> guess = exact ? 0.0 : Guess(index, level);
  if (!guess) return Fail(guess.error());
  Result<Found> found =
      EncodeToTarget(slot.recipe, level.pixels(), exact ? nothing : level.original(), *guess);
  if (!found) return Fail(std::move(found.error()));
  slot.height = level.pixels().height;
  cache.Put(slot.key, Kept(*found));
  slot.found = *std::move(found);
  return {};
}

}  // namespace skerry::pipeline
