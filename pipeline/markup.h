// What a page gets besides new names: <picture> elements, and Link fields for 103.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/derive.h"
#include "pipeline/references/reference.h"
#include "pipeline/references/rewrite.h"

namespace skerry::pipeline {

// Wraps an <img> into a <picture> that offers the variants, AVIF before WebP, and gives it
// the picture's width and height where it has neither; the <img> itself stays. The variants
// lie in the folder of the picture, so their URLs are `img.src` with another file name.
std::vector<Edit> PictureEdits(const Img& img, size_t src_path_length, const Picture& picture);

// The value of a Link field for a preload whose target is at `url`.
std::string LinkField(const Preload& preload, const std::string& url);

}  // namespace skerry::pipeline
