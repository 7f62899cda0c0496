#include "pipeline/steps/markup.h"

#include <map>

namespace skerry::pipeline {
namespace {

// AVIF, WebP, the rest: by how few browsers know them.
size_t Rank(const std::string& type) {
  return type == "image/avif" ? 0 : type == "image/webp" ? 1 : 2;
}

std::string Candidate(const PictureMarkup& markup, const std::string& path, uint32_t width) {
  return WithFileName(markup.img.src, markup.src_path_length, path) + " " + std::to_string(width) +
         "w";
}

// "a-400.33333333.avif 400w, …" of the variants of `rank`, and of the next where it has none of
// a width, last the picture itself; "" when none is of that rank.
std::string Candidates(const PictureMarkup& markup, size_t rank) {
  std::map<uint32_t, const asset::ImageVariant*> by_width;
  bool any = false;
  for (const asset::ImageVariant& variant : markup.picture.variants) {
    const size_t has = Rank(variant.type);
    any = any || has == rank;
    if (has < rank) continue;
    const asset::ImageVariant*& best = by_width[variant.width];
    if (best == nullptr || has < Rank(best->type)) best = &variant;
  }
  std::string srcset;
  for (const auto& [width, variant] : by_width) {
    if (!srcset.empty()) srcset += ", ";
    srcset += Candidate(markup, variant->path, width);
  }
  const uint32_t own = markup.picture.width;
  if (!by_width.contains(own)) srcset += ", " + Candidate(markup, markup.src_path, own);
  return any ? srcset : "";
}

std::string Sizes(const Img& img) { return img.sizes.empty() ? "100vw" : img.sizes; }

std::string Source(const PictureMarkup& markup, size_t rank, const std::string& type) {
  const std::string srcset = Candidates(markup, rank);
  if (srcset.empty()) return "";
  return "<source type=\"" + type + "\" srcset=\"" + EscapeAttribute(srcset) + "\" sizes=\"" +
         EscapeAttribute(Sizes(markup.img)) + "\">";
}

// What the <img> itself gets: behind "<img".
std::string Attributes(const PictureMarkup& markup) {
  std::string text;
  const Picture& picture = markup.picture;
  if (!markup.img.has_size) {
    text += " width=\"" + std::to_string(picture.width) + "\" height=\"" +
            std::to_string(picture.height) + "\"";
  }
  if (const std::string fallbacks = Candidates(markup, 2); !fallbacks.empty()) {
    text += " srcset=\"" + EscapeAttribute(fallbacks) + "\"";
    if (markup.img.sizes.empty()) text += " sizes=\"100vw\"";
  }
  if (markup.placeholder && !picture.placeholder.empty() && !markup.img.has_style) {
    text += " style=\"background:url(" + picture.placeholder + ") 0 0/100% 100% no-repeat\"";
  }
  return text;
}

}  // namespace

std::vector<Edit> PictureEdits(const PictureMarkup& markup) {
  const Img& img = markup.img;
  const std::string sources = Source(markup, 0, "image/avif") + Source(markup, 1, "image/webp");
  const std::string attributes = Attributes(markup);
  constexpr size_t kTagName = 4;  // "<img"
  std::vector<Edit> edits;
  if (!sources.empty()) edits.push_back({img.offset, 0, "<picture>" + sources});
  if (!attributes.empty()) edits.push_back({img.offset + kTagName, 0, attributes});
  if (!sources.empty()) edits.push_back({img.end, 0, "</picture>"});
  return edits;
}

std::string LinkField(const Preload& preload, const std::string& url) {
  std::string field = "<" + url + ">; rel=" + preload.rel;
  if (!preload.as.empty()) field += "; as=" + preload.as;
  if (preload.crossorigin) field += "; crossorigin";
  return field;
}

}  // namespace skerry::pipeline
