// What stands in a picture's place until it is loaded.
#pragma once

#include <string>

#include "core/base/result.h"
#include "pipeline/images/image.h"

namespace skerry::pipeline {

struct Placeholder {
  std::string blurhash = {};  // https://github.com/woltapp/blurhash, 4 x 3 components or 3 x 4
  std::string data_url = {};  // a WebP of at most 20 pixels a side: about 100 to 200 bytes
};

// REQUIRES: at least one pixel. Any size; small ones are cheap.
Result<Placeholder> MakePlaceholderOf(const Pixels& pixels);
// What decides the result besides the pixels.
std::string PlaceholderRecipe();

}  // namespace skerry::pipeline
