// What skerry.toml says about a site.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/asset/coding.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/config/place.h"
#include "core/config/table.h"

namespace skerry::pipeline {

// Which colours variants can hold.
enum class Gamut : uint8_t { kSrgb, kP3 };

struct Config {
  std::string base;
  std::string url;
  std::string fallback;
  std::string not_found;
  std::vector<std::string> keep_names;
  std::vector<std::string> hashed_names;
  std::vector<std::string> allow_missing;

  std::vector<std::string> image_include;
  std::vector<std::string> image_exclude;
  std::vector<int64_t> image_widths;
  std::vector<std::string> image_formats;
  std::vector<std::string> picture;
  std::vector<std::string> placeholder;
  int64_t image_target = 0;
  int64_t image_max_width = 0;
  Gamut gamut = Gamut::kSrgb;
  int64_t image_small_target = 0;
  int64_t image_small_width = 0;
  int64_t image_max_pixels = 0;
  int64_t image_max_frames = 0;
  ByteCount image_max_bytes = 0;
  ByteCount image_memory = 0;

  std::vector<std::string> codings;

  std::string deployed_shield;
  std::string deployed_site;
  std::string deployed_token_file;
  std::string deployed_ca_file;

  bool worker_enabled = false;
  bool worker_register = false;
  bool worker_retire = false;
  std::string worker_file;
  std::string worker_list;
  std::string worker_offline;
  std::vector<std::string> worker_precache;

  // Bytes; 0 is no limit.
  ByteCount budget_script = 0;
  ByteCount budget_route = 0;
  ByteCount budget_style = 0;
  ByteCount budget_image = 0;
  ByteCount budget_font = 0;
  ByteCount budget_page = 0;
  ByteCount budget_precache = 0;

  config::Places places;
};

// The table of its options: reader, manual and schema come from it.
const config::Table<Config>& ConfigTable();

// kInvalid with every mistake, one a line: "skerry.toml:12:3: unknown key …".
Result<Config> ParseConfig(std::string_view file_name, std::string_view toml);
// kNotFound or kIo when the file cannot be read.
Result<Config> LoadConfig(const std::filesystem::path& file);

}  // namespace skerry::pipeline
