#include "pipeline/steps/crops.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "pipeline/base/glob.h"
#include "pipeline/references/reference.h"
#include "pipeline/references/resolve.h"

namespace skerry::pipeline {
namespace {

constexpr double kMostRatio = 100;
constexpr std::string_view kSpaces = " \t\n\f\r";

tl::unexpected<Error> Wrong(std::string what) {
  return Fail(Code::kInvalid, Side::kConfig, std::move(what));
}

std::string_view Trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(kSpaces);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kSpaces) - from + 1);
}

std::optional<double> ToNumber(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (fault != std::errc() || stop != end || !(number >= 0)) return std::nullopt;
  return number;
}

// A number as it was written, for a file name.
std::string InName(std::string_view number) {
  std::string text(number);
  std::replace(text.begin(), text.end(), '.', '_');
  return text;
}

// "16/9", "16 / 9", "1.5"
bool ReadRatio(std::string_view text, Crop& crop) {
  const size_t slash = text.find('/');
  const std::string_view across = Trimmed(text.substr(0, slash));
  const std::string_view down =
      slash == std::string_view::npos ? "1" : Trimmed(text.substr(slash + 1));
  const std::optional<double> width = ToNumber(across);
  const std::optional<double> height = ToNumber(down);
  if (!width || !height || *width <= 0 || *height <= 0) return false;
  crop.part.aspect = *width / *height;
  crop.name = InName(across) + "x" + InName(down);
  return crop.part.aspect <= kMostRatio && crop.part.aspect >= 1 / kMostRatio;
}

// What one word of a focus says about the width, or (not `across`) the height.
std::optional<std::string_view> Percent(std::string_view word, bool across) {
  constexpr struct {
    std::string_view word, percent;
    bool across, down;
  } kWords[] = {{"left", "0", true, false},
                {"right", "100", true, false},
                {"top", "0", false, true},
                {"bottom", "100", false, true},
                {"center", "50", true, true}};
  for (const auto& known : kWords) {
    if (known.word == word && (across ? known.across : known.down)) return known.percent;
  }
  if (!word.ends_with('%')) return std::nullopt;
  word.remove_suffix(1);
  const std::optional<double> number = ToNumber(word);
  if (!number || *number > 100) return std::nullopt;
  return word;
}

// "30% 40%", "left", "top right"
bool ReadFocus(std::string_view text, Crop& crop) {
  const size_t space = text.find_first_of(kSpaces);
  std::string_view first = text.substr(0, space);
  std::string_view second =
      space == std::string_view::npos ? "center" : Trimmed(text.substr(space));
  // Words may come in either order.
  if (!Percent(first, true) || !Percent(second, false)) std::swap(first, second);
  const auto across = Percent(first, true);
  const auto down = Percent(second, false);
  if (!across || !down) return false;
  crop.part.focus_x = *ToNumber(*across) / 100;
  crop.part.focus_y = *ToNumber(*down) / 100;
  if (crop.part.focus_x != 0.5 || crop.part.focus_y != 0.5) {
    crop.name += "-" + InName(*across) + "-" + InName(*down);
  }
  return true;
}

bool IsPage(const SiteFile& file) {
  return file.type == "text/html" || file.type == "application/xhtml+xml";
}

// One crop of one picture, however often and in whatever words it is asked for.
struct Wanted {
  int file = 0;
  Crop crop = {};
  std::vector<std::string> words = {};
};

class CropFinder {
 public:
  CropFinder(Site& site, const Config& config) : site_(site), config_(config) {}

  Status Run() {
    for (const SiteFile& file : site_.files) {
      // Most sites have none; their pages are not read twice.
      if (IsPage(file) && (file.loaded.find("data-skerry-ratio") != std::string::npos ||
                           file.loaded.find("data-skerry-focus") != std::string::npos)) {
        See(file);
      }
    }
    if (!faults_.empty()) return Wrong(faults_);
    for (const auto& [place, wanted] : wanted_) Add(wanted);
    return {};
  }

 private:
  void See(const SiteFile& page) {
    const Document document = ReadHtml(page.loaded);
    for (const Img& img : document.images) {
      if (img.crop.empty()) continue;
      const Result<Wanted> wanted = WantedBy(page, document, img);
      if (!wanted) {
        const auto line = 1 + std::count(page.loaded.begin(),
                                         page.loaded.begin() + static_cast<long>(img.offset), '\n');
        faults_ += (faults_.empty() ? "" : "\n") + page.on_disk.string() + ":" +
                   std::to_string(line) + ": " + wanted.error().context;
        continue;
      }
      Wanted& same = wanted_[{wanted->file, wanted->crop.name}];
      same.file = wanted->file;
      same.crop = wanted->crop;
      same.words.push_back(img.crop);
    }
  }

  Result<Wanted> WantedBy(const SiteFile& page, const Document& document, const Img& img) const {
    Result<Crop> crop = ParseCrop(img.crop);
    if (!crop) return Fail(std::move(crop.error()));
    if (img.in_picture || img.has_srcset) {
      return Wrong("data-skerry-ratio is for an <img> without srcset and outside <picture>");
    }
    const Resolved resolved = Resolve(page.path, document.base, config_.url, img.src);
    const int file = resolved.where == Where::kSite ? site_.Find(resolved.path) : -1;
    const bool picture = file >= 0 && IsRaster(site_.files[file].type) &&
                         AnyGlobMatches(config_.image_include, resolved.path) &&
                         !AnyGlobMatches(config_.image_exclude, resolved.path);
    if (!picture) {
      return Wrong("\"" + img.src +
                   "\" cannot be cropped: it is no JPEG, PNG, GIF or WebP of the site that "
                   "[images] include names");
    }
    return Wanted{file, *std::move(crop)};
  }

  void Add(const Wanted& wanted) {
    SiteFile file = site_.files[wanted.file];
    const size_t dot = file.path.rfind('.');
    const bool jpeg = file.type == "image/jpeg" || file.type == "image/webp";
    const std::string stem = file.path.substr(0, dot) + "-" + wanted.crop.name;
    const std::string extension = file.type == "image/jpeg" ? file.path.substr(dot)
                                  : jpeg                    ? ".jpg"
                                                            : ".png";
    file.path = stem + extension;
    for (int more = 2; site_.Find(file.path) >= 0; ++more) {
      file.path = stem + "-" + std::to_string(more) + extension;
    }
    file.type = jpeg ? "image/jpeg" : "image/png";
    file.loaded.clear();
    file.crop = wanted.crop.part;
    const int index = static_cast<int>(site_.files.size());
    site_.index[file.path] = index;
    for (const std::string& words : wanted.words) site_.crops[{wanted.file, words}] = index;
    site_.files.push_back(std::move(file));
  }

  Site& site_;
  const Config& config_;
  std::map<std::pair<int, std::string>, Wanted> wanted_;  // by picture and name
  std::string faults_;
};

}  // namespace

Result<Crop> ParseCrop(std::string_view words) {
  const size_t bar = words.find('|');
  const std::string_view ratio = Trimmed(words.substr(0, bar));
  const std::string_view focus =
      bar == std::string_view::npos ? std::string_view() : Trimmed(words.substr(bar + 1));
  Crop crop;
  if (ratio.empty()) {
    return Wrong("data-skerry-focus says around what to crop, but data-skerry-ratio is missing");
  }
  if (!ReadRatio(ratio, crop)) {
    return Wrong("data-skerry-ratio=\"" + std::string(ratio) +
                 "\": expected a ratio such as \"16/9\" or \"1.5\", 1/100 to 100");
  }
  if (!focus.empty() && !ReadFocus(focus, crop)) {
    return Wrong("data-skerry-focus=\"" + std::string(focus) +
                 "\": expected a place such as \"30% 40%\" or \"left top\"");
  }
  return crop;
}

Status AddCrops(Site& site, const Config& config) { return CropFinder(site, config).Run(); }

}  // namespace skerry::pipeline
