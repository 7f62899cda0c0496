// One picture in one format at all widths: what is to be made, and what was.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/thread.h"
#include "pipeline/images/encode.h"
#include "pipeline/images/image.h"
#include "pipeline/images/score.h"
#include "pipeline/images/search.h"
#include "pipeline/steps/build_cache.h"

namespace skerry::pipeline {

// One width of a picture, shared by the formats. Thread: any.
class Level {
 public:
  explicit Level(Pixels pixels) : pixels_(std::move(pixels)) {}
  const Pixels& pixels() const { return pixels_; }
  // Prepared by the first who asks.
  const Original& original();
  Result<double> ease();

 private:
  const Pixels pixels_;
  Mutex mutex_;  // held while the original is prepared and looked at; nothing else is called
  std::optional<Original> original_ SKERRY_GUARDED_BY(mutex_);
  std::optional<double> ease_ SKERRY_GUARDED_BY(mutex_);
};
using LevelPtr = std::shared_ptr<Level>;

// One file to be made, and where its bytes go.
struct Slot {
  uint32_t width = 0;
  uint32_t height = 0;
  ImageRecipe recipe = {};
  std::string key = {};             // in the build cache
  std::optional<Found> found = {};  // once it is known
};

// The slots of one format from the narrowest on: what was found for one width is where the
// search for the next with the same target begins. So their order decides the bytes, and
// threads do not.
struct VariantChain {
  std::vector<Slot> slots = {};

  // Takes what is kept from earlier builds; the number of slots that are still empty.
  size_t TakeKept(BuildCache& cache);
  // The first empty slot, or the number of slots.
  size_t NextEmpty() const;
  // Fills slot `index`. REQUIRES: those before it are filled.
  Status Make(size_t index, Level& level, BuildCache& cache);

 private:
  Result<double> Guess(size_t index, Level& level) const;
};

}  // namespace skerry::pipeline
