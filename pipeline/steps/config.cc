#include "pipeline/steps/config.h"

#include <algorithm>

#include "core/config/kind.h"
#include "core/config/reader.h"

namespace skerry::pipeline {
namespace {

using config::Bool;
using config::Bytes;
using config::Choice;
using config::Integer;
using config::IntegerList;
using config::Path;
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

// A name in the site's folder that needs no escapes anywhere.
void CheckFileName(const Config& config, const char* option, const std::string& name,
                   const char* suffix, config::Problems& problems) {
  const bool plain = name.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789-_.") == std::string::npos;
  if (plain && name.ends_with(suffix) && !name.starts_with('.')) return;
  problems.Add(config.places.Of(option),
               std::string(option) +
                   " must be a file name of letters, digits, '-', '_' and '.' "
                   "that ends in " +
                   suffix + ", without a folder");
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
  CheckWords(config, "images.formats", config.image_formats, {"avif", "webp", "fallback"},
             problems);
  CheckFileName(config, "service_worker.file", config.worker_file, ".js", problems);
  if (!config.worker_list.empty()) {
    CheckFileName(config, "service_worker.list", config.worker_list, ".json", problems);
  }
  CheckWords(config, "codings.include", config.codings, {"br", "gzip", "zstd"}, problems);
}

}  // namespace

// Long: one row an option.
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
       TextList(Texts{"*.jpg", "*.jpeg", "*.png", "*.gif", "*.webp", "*.JPG", "*.JPEG", "*.PNG",
                      "*.GIF", "*.WEBP"}),
       "Images that get variants."},
      {"images.exclude", &Config::image_exclude, TextList(Texts{}), "Images that get none."},
      {"images.widths", &Config::image_widths,
       IntegerList(1, 16383, std::vector<int64_t>{480, 960, 1600}),
       "Widths of variants in pixels, besides the image's own; never above it."},
      {"images.formats", &Config::image_formats, TextList(Texts{"avif", "webp", "fallback"}),
       "Formats of variants: avif, webp, fallback (JPEG or PNG for browsers that know neither)."},
      {"images.picture", &Config::picture, TextList(Texts{}),
       "Images whose <img> becomes a <picture>; an <img data-skerry-picture> always does."},
      {"images.placeholder", &Config::placeholder, TextList(Texts{}),
       "Images of a <picture> that show a tiny blurred version (inline, about 200 bytes) until "
       "they "
       "are loaded; an <img data-skerry-placeholder> always does."},
      {"images.target", &Config::image_target, Integer(30, 95, 75),
       "Quality: the SSIMULACRA 2 score that every variant reaches. 70 is high, 90 visually "
       "lossless."},
      {"images.small_target", &Config::image_small_target, Integer(10, 95, 60),
       "The same for small variants, of which nobody sees the pixels."},
      {"images.small_width", &Config::image_small_width, Integer(0, 16383, 200),
       "Variants up to this width are small."},
      {"images.max_width", &Config::image_max_width, Integer(0, 16383, 0),
       "JPEG originals wider than this are scaled down to it; 0 leaves all as they are."},
      {"images.gamut", &Config::gamut,
       Choice<Gamut>({{"srgb", Gamut::kSrgb}, {"p3", Gamut::kP3}}, Gamut::kSrgb),
       "Colours of variants of pictures with a wide profile (Display P3, Adobe RGB, ProPhoto): "
       "srgb, "
       "or p3, which is tagged as such. All others are sRGB."},
      {"images.max_pixels", &Config::image_max_pixels, Integer(1, 1'000'000'000, 100'000'000),
       "Images with more pixels (in a frame) are refused, before they are decoded."},
      {"images.max_frames", &Config::image_max_frames, Integer(1, 100'000, 1000),
       "Animations with more frames are refused."},
      {"images.max_bytes", &Config::image_max_bytes, Bytes(1, 4_GiB, 256_MiB),
       "Larger image files are refused."},
      {"images.memory", &Config::image_memory, Bytes(16_MiB, 1024_GiB, 256_MiB),
       "About how much memory pixels may take: more images wait; one that needs more is done "
       "alone."},
      {"codings.include", &Config::codings, TextList(Texts{"br", "gzip"}),
       "Content codings made ahead: br, gzip, zstd (kept where it is smaller than br)."},
      {"deployed.shield", &Config::deployed_shield, Text(""),
       "URL of the shield whose last three active releases deltas are made against; the flag "
       "--deployed goes before it."},
      {"deployed.site", &Config::deployed_site, Text(""), "The site's name there."},
      {"deployed.token_file", &Config::deployed_token_file, Path(""),
       "File with the bearer token for it."},
      {"deployed.ca_file", &Config::deployed_ca_file, Path(""),
       "Certificate authority to trust for it."},
      {"service_worker.enabled", &Config::worker_enabled, Bool(false),
       "Write a service worker that keeps this release's files for use without a network."},
      {"service_worker.register", &Config::worker_register, Bool(false),
       "Put a small inline script into every page that registers it."},
      {"service_worker.precache", &Config::worker_precache,
       TextList(Texts{"/index.html", "*.css", "*.js", "*.mjs", "*.woff2"}),
       "What it keeps from the first visit on; image variants match by their own names."},
      {"service_worker.offline", &Config::worker_offline, Text(""),
       "Public path of the page for navigations to what is not kept; site.fallback or "
       "/offline.html where there is one."},
      {"service_worker.file", &Config::worker_file, Text("skerry-worker.js"),
       "Its name below site.base. Never change it without retiring the old name."},
      {"service_worker.list", &Config::worker_list, Text(""),
       "Also write the list of what is kept to this file below site.base, as Workbox takes it."},
      {"service_worker.retire", &Config::worker_retire, Bool(false),
       "Write in its place a worker that removes its caches and itself from every browser."},
      {"budgets.script", &Config::budget_script, Bytes(0, 1_GiB, 150_KiB),
       "Largest script that a page loads itself, as gzip sends it; 0: any."},
      {"budgets.route", &Config::budget_route, Bytes(0, 1_GiB, 50_KiB),
       "Largest script that only other scripts load (a chunk for dynamic import), as gzip sends "
       "it; 0: any."},
      {"budgets.style", &Config::budget_style, Bytes(0, 1_GiB, 0),
       "Largest style sheet, as gzip sends it; 0: any."},
      {"budgets.image", &Config::budget_image, Bytes(0, 1_GiB, 50_KiB),
       "Largest image, in the smallest format of its own width; 0: any."},
      {"budgets.font", &Config::budget_font, Bytes(0, 1_GiB, 100_KiB), "Largest font; 0: any."},
      {"budgets.page", &Config::budget_page, Bytes(0, 1_GiB, 1_MiB),
       "Largest page with the scripts and style sheets it loads, as gzip sends them; 0: any."},
      {"budgets.precache", &Config::budget_precache, Bytes(0, 1_GiB, 5_MiB),
       "Most that the service worker keeps, which every visitor loads; 0: any."},
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
