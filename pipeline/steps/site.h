// The site being built: its files as they were found.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "pipeline/images/image.h"
#include "pipeline/steps/file_index.h"

namespace skerry::pipeline {

struct SiteFile {
  std::string path = {};               // where it is public unless renamed
  std::filesystem::path on_disk = {};  // the file that was read
  ByteCount size = 0;
  Sha256Digest sha256 = {};
  std::string type = {};
  // The bytes where they are kept in memory: of text, whose references are read or
  // which may name other files, and of pictures that were scaled down. Empty for the
  // rest, which is read when it is needed.
  std::string loaded = {};
  // Set where the file is to be made of a part of the picture in `on_disk` (crops.h).
  std::optional<ScaleOptions> crop = {};
  // As long as the file on disk looks so, it holds these bytes. Nothing where that cannot be told.
  std::optional<FileStamp> stamp = {};
};

// JPEG, PNG, GIF and WebP: what pictures are made of.
inline bool IsRaster(std::string_view type) {
  return type == "image/jpeg" || type == "image/png" || type == "image/gif" || type == "image/webp";
}

struct Site {
  std::vector<SiteFile> files = {};       // by path
  std::vector<std::string> skipped = {};  // what was left out, relative to the folder

  // The index of the file at `path`, or -1.
  int Find(std::string_view path) const {
    const auto found = index.find(path);
    return found == index.end() ? -1 : found->second;
  }
  std::map<std::string, int, std::less<>> index = {};
  // The file that holds a part of a picture, by the picture's index and the words of the page.
  std::map<std::pair<int, std::string>, int> crops = {};
};

}  // namespace skerry::pipeline
