// Step 2, crop: parts of pictures that pages ask for become files of the site.
//
//   <img src=hero.jpg data-skerry-ratio="16/9" data-skerry-focus="30% 40%">
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "pipeline/images/image.h"
#include "pipeline/steps/config.h"
#include "pipeline/steps/site.h"

namespace skerry::pipeline {

struct Crop {
  ScaleOptions part = {};
  std::string name = {};  // "16x9", "16x9-30-40": for file names
};

// `words` are those of Img::crop: a ratio as CSS's aspect-ratio writes it ("16/9", "1.5"), and
// a place as object-position does ("30% 40%", "left top"; nothing is the middle). kInvalid says
// what is wrong with them.
Result<Crop> ParseCrop(std::string_view words);

// Adds a file for each crop of a picture that an <img> of a page asks for, behind the others and
// in the order of their names: "/img/hero.jpg" -> "/img/hero-16x9-30-40.jpg", with the bytes of
// nothing until Derive() makes them. kInvalid names every mistake with file and line.
Status AddCrops(Site& site, const Config& config);

}  // namespace skerry::pipeline
