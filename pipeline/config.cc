#include "pipeline/config.h"

#include <algorithm>

#include "core/config/kind.h"
#include "core/config/reader.h"

namespace skerry::pipeline {
namespace {

using config::Bytes;
using config::Integer;
using config::IntegerList;
using config::Text;
using config::TextList;

using Texts = std::vector<std::string>;

// Words of a list that are none of `known` become problems.
void CheckWords(const Config& config, const char* option, const Texts& words, const Texts& known,
                config::Problems& problems) {
  for (const std::string& word : words) {
    if (std::find(known.begin(), known.end(), word) != known.end()) continue;
    std::string all;
    for (const std::string& each : known) all += (all.empty() ? "" : ", ") + each;
    problems.Add(config.places.Of(option),
                 std::string(option) + " names \"" + word + "\"; known are " + all);
  }
}

// What one value alone cannot show.
void Check(const Config& config, config::Problems& problems) {
  if (!config.base.starts_with('/') || !config.base.ends_with('/')) {
    problems.Add(config.places.Of("site.base"), "site.base must begin and end with '/'");
  }
  const size_t host = config.url.find("://");
  const bool origin =
      host != std::string::npos && config.url.find('/', host + 3) == std::string::npos;
  if (!config.url.empty() && !origin) {
    problems.Add(config.places.Of("site.url"),
                 "site.url must be an origin such as \"https://example.com\", without a path");
  }
  CheckWords(config, "images.formats", config.image_formats, {"avif", "webp"}, problems);
  CheckWords(config, "codings.include", config.codings, {"br", "gzip", "zstd"}, problems);
}

}  // namespace

const config::Table<Config>& ConfigTable() {
  static const config::Table<Config> table = {
      {"site.base", &Config::base, Text("/"), "URL path under which the site is public."},
      {"site.url", &Config::url, Text(""),
       "The site's origin (https://example.com): absolute URLs to it are recognised."},
      {"site.fallback", &Config::fallback, Text(""),
       "Public path of the page that answers unknown navigations (single-page applications)."},
      {"site.not_found", &Config::not_found, Text(""),
       "Public path of the page sent with a 404; /404.html where there is one."},
      {"names.keep", &Config::keep_names, TextList(Texts{}), "Files that are never renamed."},
      {"names.hashed", &Config::hashed_names, TextList(Texts{}),
       "Files whose names a bundler hashed in a way that is not recognised."},
      {"references.allow_missing", &Config::allow_missing, TextList(Texts{}),
       "Missing files that references may name."},
      {"images.include", &Config::image_include,
       TextList(Texts{"*.jpg", "*.jpeg", "*.png", "*.JPG", "*.JPEG", "*.PNG"}),
       "Images that get variants."},
      {"images.exclude", &Config::image_exclude, TextList(Texts{}), "Images that get none."},
      {"images.widths", &Config::image_widths,
       IntegerList(1, 16383, std::vector<int64_t>{480, 960, 1600}),
       "Widths of variants in pixels, besides the image's own; never above it."},
      {"images.formats", &Config::image_formats, TextList(Texts{"avif", "webp"}),
       "Formats of variants: avif, webp."},
      {"images.picture", &Config::picture, TextList(Texts{}),
       "Images whose <img> becomes a <picture>; an <img data-skerry-picture> always does."},
      {"images.target", &Config::image_target, Integer(30, 95, 75),
       "Quality: the SSIMULACRA2 score that photographs reach on average. 70 is high, 90 visually "
       "lossless."},
      {"images.max_width", &Config::image_max_width, Integer(0, 16383, 0),
       "JPEG originals wider than this are scaled down to it; 0 leaves all as they are."},
      {"images.max_pixels", &Config::image_max_pixels, Integer(1, 1'000'000'000, 100'000'000),
       "Larger images are refused."},
      {"codings.include", &Config::codings, TextList(Texts{"br", "gzip"}),
       "Content codings made ahead: br, gzip, zstd (kept where it is smaller than br)."},
      {"budgets.script", &Config::budget_script, Bytes(0, 1_GiB, 0),
       "Largest script, as gzip sends it; 0: any."},
      {"budgets.style", &Config::budget_style, Bytes(0, 1_GiB, 0),
       "Largest style sheet, as gzip sends it."},
      {"budgets.image", &Config::budget_image, Bytes(0, 1_GiB, 0),
       "Largest image, in the smallest format of its own width."},
      {"budgets.font", &Config::budget_font, Bytes(0, 1_GiB, 0), "Largest font."},
      {"budgets.page", &Config::budget_page, Bytes(0, 1_GiB, 0),
       "Largest page with the scripts and style sheets it loads, as gzip sends them."},
  };
  return table;
}

Result<Config> ParseConfig(std::string_view file_name, std::string_view toml) {
  config::Problems problems;
  Config config = config::ReadToml(toml, file_name, ConfigTable(), problems);
  if (problems.empty()) Check(config, problems);
  if (!problems.empty()) return Fail(Code::kInvalid, Side::kConfig, problems.ToString());
  return config;
}

Result<Config> LoadConfig(const std::filesystem::path& file) {
  const Result<std::string> toml = config::ReadFile(file.string());
  if (!toml) return Fail(toml.error());
  return ParseConfig(file.string(), *toml);
}

}  // namespace skerry::pipeline
