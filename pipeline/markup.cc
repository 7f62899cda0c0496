#include "pipeline/markup.h"

#include <algorithm>

namespace skerry::pipeline {
namespace {

std::string Source(const Img& img, size_t src_path_length, const Picture& picture,
                   const std::string& type) {
  std::vector<const asset::ImageVariant*> of_type;
  for (const asset::ImageVariant& variant : picture.variants) {
    if (variant.type == type) of_type.push_back(&variant);
  }
  if (of_type.empty()) return "";
  std::sort(of_type.begin(), of_type.end(),
            [](const auto* a, const auto* b) { return a->width < b->width; });
  std::string srcset;
  for (const asset::ImageVariant* variant : of_type) {
    if (!srcset.empty()) srcset += ", ";
    srcset += WithFileName(img.src, src_path_length, variant->path) + " " +
              std::to_string(variant->width) + "w";
  }
  const std::string sizes = img.sizes.empty() ? "100vw" : img.sizes;
  return "<source type=\"" + type + "\" srcset=\"" + EscapeAttribute(srcset) + "\" sizes=\"" +
         EscapeAttribute(sizes) + "\">";
}

}  // namespace

std::vector<Edit> PictureEdits(const Img& img, size_t src_path_length, const Picture& picture) {
  const std::string sources = Source(img, src_path_length, picture, "image/avif") +
                              Source(img, src_path_length, picture, "image/webp");
  if (sources.empty()) return {};
  constexpr size_t kTagName = 4;  // "<img"
  std::vector<Edit> edits = {{img.offset, 0, "<picture>" + sources}};
  if (!img.has_size) {
    edits.push_back({img.offset + kTagName, 0,
                     " width=\"" + std::to_string(picture.width) + "\" height=\"" +
                         std::to_string(picture.height) + "\""});
  }
  edits.push_back({img.end, 0, "</picture>"});
  return edits;
}

std::string LinkField(const Preload& preload, const std::string& url) {
  std::string field = "<" + url + ">; rel=" + preload.rel;
  if (!preload.as.empty()) field += "; as=" + preload.as;
  if (preload.crossorigin) field += "; crossorigin";
  return field;
}

}  // namespace skerry::pipeline
