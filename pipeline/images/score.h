// How like its original a coded picture looks: SSIMULACRA 2.1, on our own code.
//
// Jon Sneyers, "SSIMULACRA 2" (2022, weights of April 2023): the colours of XYB at five
// scales, three error maps (structure, edges that were not there, edges that are gone),
// their 1-norms and 4-norms weighed. 100 is identical, 90 visually lossless, 70 high
// quality, 50 medium; below 0 unusable. Weights below 0.01 are left out, so most colour
// planes never exist; that moves a score by 0.1 at most (docs/pipeline.md).
#pragma once

#include <memory>

#include "pipeline/images/image.h"

namespace skerry::pipeline {

// An original, prepared once for any number of comparisons: about 20 bytes a pixel.
// Pictures with alpha are judged on a dark and on a light ground; the worse counts.
//
// Immutable; thread: any. The score depends on the pixels alone.
class Original {
 public:
  explicit Original(const Pixels& pixels);
  ~Original();
  Original(Original&&) noexcept;
  Original& operator=(Original&&) noexcept;

  // REQUIRES: `coded` has the original's width and height.
  double Score(const Pixels& coded) const;

 private:
  struct Prepared;
  std::vector<std::unique_ptr<Prepared>> grounds_;  // one, or two with alpha
};

}  // namespace skerry::pipeline
