// What a page gets besides new names: <picture> elements, and Link fields for 103.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/references/reference.h"
#include "pipeline/references/rewrite.h"
#include "pipeline/steps/derive.h"

namespace skerry::pipeline {

// What an <img> may become. The variants lie in the folder of the picture, so their URLs are
// `img.src` with another file name.
struct PictureMarkup {
  const Img& img;
  size_t src_path_length = 0;
  const Picture& picture;
  std::string src_path = {};  // what the <img> itself will load
  bool placeholder = false;   // show picture.placeholder until the picture is there
};

// Wraps the <img> into a <picture> that offers the variants, AVIF before WebP, and gives it
// the fallbacks as srcset, the picture's width and height where it has neither, and the
// placeholder as its background where it has no style. A width that a format lacks, because
// another one is as small, is offered in that one: a browser that reads the first reads both.
std::vector<Edit> PictureEdits(const PictureMarkup& markup);

// The value of a Link field for a preload whose target is at `url`.
std::string LinkField(const Preload& preload, const std::string& url);

}  // namespace skerry::pipeline
