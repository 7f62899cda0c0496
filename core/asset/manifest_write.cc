// Manifest::ToJson.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "core/asset/manifest.h"

namespace skerry::asset {
namespace {

using Json = nlohmann::ordered_json;  // members in the order of the documentation

Json CodedJson(const CodedVariant& coded) {
  Json json;
  json["coding"] = Name(coded.coding);
  if (coded.dictionary) json["dictionary"] = coded.dictionary->Hex();
  json["sha256"] = coded.sha256.Hex();
  json["size"] = coded.size;
  return json;
}

Json ImageJson(const ImageVariant& image) {
  Json json;
  json["type"] = image.type;
  json["width"] = image.width;
  if (image.height != 0) json["height"] = image.height;
  json["path"] = image.path;
  json["sha256"] = image.sha256.Hex();
  json["size"] = image.size;
  return json;
}

Json VariantsJson(const Entry& entry) {
  std::vector<CodedVariant> coded = entry.coded;
  std::sort(coded.begin(), coded.end(), [](const CodedVariant& a, const CodedVariant& b) {
    return std::tuple(Name(a.coding), a.dictionary) < std::tuple(Name(b.coding), b.dictionary);
  });
  std::vector<ImageVariant> images = entry.images;
  std::sort(images.begin(), images.end(), [](const ImageVariant& a, const ImageVariant& b) {
    return std::tie(a.type, a.width, a.path) < std::tie(b.type, b.width, b.path);
  });
  Json variants = Json::array();
  for (const CodedVariant& variant : coded) variants.push_back(CodedJson(variant));
  for (const ImageVariant& variant : images) variants.push_back(ImageJson(variant));
  return variants;
}

Json EntryJson(const Entry& entry) {
  Json json;
  json["path"] = entry.path;
  if (!entry.source.empty()) json["source"] = entry.source;
  json["sha256"] = entry.sha256.Hex();
  json["size"] = entry.size;
  json["type"] = entry.type;
  json["cache"] = Name(entry.cache);
  if (entry.width != 0) json["width"] = entry.width;
  if (entry.height != 0) json["height"] = entry.height;
  json["variants"] = VariantsJson(entry);
  if (!entry.links.empty()) json["links"] = entry.links;
  if (!entry.notes.empty()) json["notes"] = entry.notes;
  return json;
}

// Paths are UTF-8 (site_path.h); notes of another origin could be anything.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string Manifest::ToJson() const {
  std::vector<const Entry*> sorted;
  sorted.reserve(entries.size());
  for (const Entry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(),
            [](const Entry* a, const Entry* b) { return a->path < b->path; });
  std::string json = "{\"version\":" + std::to_string(kManifestVersion);
  if (!fallback.empty()) json += ",\"fallback\":" + Dump(fallback);
  if (!not_found.empty()) json += ",\"not_found\":" + Dump(not_found);
  json += ",\"entries\":[";
  for (size_t i = 0; i < sorted.size(); ++i) {
    json += i == 0 ? "\n" : ",\n";
    json += Dump(EntryJson(*sorted[i]));
  }
  return json + "\n]}\n";
}

}  // namespace skerry::asset
