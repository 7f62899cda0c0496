#include "pipeline/report/weight.h"

#include <algorithm>

namespace skerry::pipeline {

std::string KindOf(const std::string& type) {
  if (type == "text/html" || type == "application/xhtml+xml") return "pages";
  if (type == "text/javascript" || type == "application/wasm") return "scripts";
  if (type == "text/css") return "styles";
  if (type.starts_with("image/")) return "images";
  if (type.starts_with("font/") || type == "application/vnd.ms-fontobject") return "fonts";
  return "other";
}

ByteCount SizeAs(const asset::Entry& entry, asset::Coding coding) {
  for (const asset::CodedVariant& variant : entry.coded) {
    if (variant.coding == coding) return variant.size;
  }
  return entry.size;
}

ByteCount SmallestImage(const asset::Entry& entry) {
  ByteCount least = SizeAs(entry, asset::Coding::kGzip);
  for (const asset::ImageVariant& image : entry.images) {
    if (image.width == entry.width) least = std::min(least, image.size);
  }
  return least;
}

ByteCount Smallest(const asset::Entry& entry) {
  ByteCount least = SmallestImage(entry);
  for (const asset::CodedVariant& coded : entry.coded) {
    if (!coded.dictionary) least = std::min(least, coded.size);
  }
  return least;
}

}  // namespace skerry::pipeline
