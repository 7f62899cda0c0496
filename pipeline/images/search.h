// The smallest file of a format that looks as good as wanted.
#pragma once

#include <string>

#include "core/base/result.h"
#include "pipeline/images/encode.h"
#include "pipeline/images/score.h"

namespace skerry::pipeline {

inline constexpr int kMostProbes = 6;

struct Found {
  std::string bytes = {};
  double score = 0;
  double setting = 0;  // for the target, on the format's scale; 0 when only lossless was made
  int probes = 0;      // encodings at a setting, and looks at them
  bool lossless = false;
};

// How much easier to code than the average photograph a picture is, in points of the score: a
// JPEG of low quality, made and looked at. Costs less than a tenth of a search.
Result<double> Ease(const Pixels& pixels, const Original& original);

// Where the search begins: for a picture of which only its ease is known,
double FirstGuess(const ImageRecipe& recipe, double ease, uint32_t width);
// and for one of which a narrower level was searched for the same target.
double NextGuess(const ImageRecipe& recipe, const Found& narrower, uint32_t narrower_width,
                 uint32_t width);

// Encodes at settings, from `guess` on, until a file scores at least recipe.target and hardly
// more. Where the format cannot reach the target, the best it can. For graphics the lossless
// file competes: it wins when it is smaller, or the only one that reaches the target.
Result<Found> EncodeToTarget(const ImageRecipe& recipe, const Pixels& pixels,
                             const Original& original, double guess);

}  // namespace skerry::pipeline
