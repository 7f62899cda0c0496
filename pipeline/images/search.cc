#include "pipeline/images/search.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace skerry::pipeline {
namespace {

// At which photographs differ most in what they score.
constexpr double kEaseQuality = 20;

struct Probe {
  double setting = 0;
  double score = 0;
  std::string bytes = {};
};

class Search {
 public:
  Search(const ImageRecipe& recipe, const Pixels& pixels, const Original& original)
      : recipe_(recipe), pixels_(pixels), original_(original), scale_(ScaleOf(recipe.format)) {}

  Result<Found> Run(double guess) {
    const double aim = recipe_.target + scale_.slack / 2;
    double setting = OnScale(guess);
    while (probes_ < kMostProbes) {
      if (Status ok = Look(setting); !ok) return Fail(std::move(ok.error()));
      if (IsEnough()) break;
      const double next = Next(aim);
      if (next == setting) break;  // an end of the scale
      setting = next;
    }
    const Probe& best = high_ ? *high_ : *low_;
    // The setting that would have met the aim is what neighbours want to know.
    const double ideal = best.setting + (aim - best.score) / Slope(best.setting);
    return Found{best.bytes, best.score, ideal, probes_, false};
  }

 private:
  double OnScale(double setting) const {
    const double stepped = std::round(setting / scale_.step) * scale_.step;
    return std::clamp(stepped, scale_.least, scale_.most);
  }

  double Slope(double setting) const {
    const double h = scale_.step * 2;
    return (MeanScore(recipe_.format, setting + h, pixels_.width) -
            MeanScore(recipe_.format, setting - h, pixels_.width)) /
           (2 * h);
  }

  Status Look(double setting) {
    Result<std::string> bytes = EncodeAt(recipe_, setting, pixels_);
    if (!bytes) return Fail(std::move(bytes.error()));
    Result<Pixels> shown = Decode(recipe_.format, *bytes, pixels_.alpha);
    if (!shown) return Fail(std::move(shown.error()));
    ++probes_;
    Probe probe{setting, original_.Score(*shown), *std::move(bytes)};
    std::optional<Probe>& side = probe.score >= recipe_.target ? high_ : low_;
    side = std::move(probe);
    return {};
  }

  bool IsEnough() const {
    if (!high_) return false;
    const double slack = probes_ == 1 ? scale_.slack : 1.5 * scale_.slack;
    if (high_->score < recipe_.target + slack) return true;
    return low_ && high_->setting - low_->setting <= scale_.step * 1.01;
  }

  // Between what is too low and what is too high, or a step by the average slope.
  double Next(double aim) const {
    if (high_ && low_) {
      const double share = (aim - low_->score) / (high_->score - low_->score);
      const double setting = low_->setting + share * (high_->setting - low_->setting);
      return OnScale(
          std::clamp(setting, low_->setting + scale_.step, high_->setting - scale_.step));
    }
    const Probe& known = high_ ? *high_ : *low_;
    double step = (aim - known.score) / Slope(known.setting);
    if (std::abs(step) < scale_.step) step = std::copysign(scale_.step, step);
    return OnScale(known.setting + step);
  }

  const ImageRecipe& recipe_;
  const Pixels& pixels_;
  const Original& original_;
  Scale scale_;
  int probes_ = 0;
  std::optional<Probe> low_;   // below the target, the best
  std::optional<Probe> high_;  // at or above it, the worst
};

}  // namespace

Result<Found> EncodeToTarget(const ImageRecipe& recipe, const Pixels& pixels,
                             const Original& original, double guess) {
  if (recipe.format == Format::kPng) {
    Result<std::string> exact = EncodeLossless(Format::kPng, pixels);
    if (!exact) return Fail(std::move(exact.error()));
    return Found{*std::move(exact), 100, 0, 0, true};
  }
  Result<Found> lossy = Search(recipe, pixels, original).Run(guess);
  if (!lossy || !recipe.graphics || recipe.format != Format::kWebp) return lossy;
  Result<std::string> exact = EncodeLossless(Format::kWebp, pixels);
  if (!exact) return Fail(std::move(exact.error()));
  const bool reached = lossy->score >= recipe.target;
  if (!reached || exact->size() <= lossy->bytes.size()) {
    lossy->bytes = *std::move(exact);
    lossy->score = 100;
    lossy->lossless = true;
  }
  return lossy;
}

Result<double> Ease(const Pixels& pixels, const Original& original) {
  const Result<std::string> file = EncodeAt({Format::kJpeg}, kEaseQuality, pixels);
  if (!file) return Fail(file.error());
  Result<Pixels> shown = Decode(Format::kJpeg, *file, false);
  if (!shown) return Fail(std::move(shown.error()));
  return original.Score(*shown) - MeanScore(Format::kJpeg, kEaseQuality, pixels.width);
}

double FirstGuess(const ImageRecipe& recipe, double ease, uint32_t width) {
  // Fitted on 15 photographs at 100 pixels and targets of 60 and 70.
  const double share = recipe.format == Format::kAvif ? 0.9 : 0.7;
  return MeanSetting(recipe.format, recipe.target + ScaleOf(recipe.format).slack / 2 - share * ease,
                     width);
}

double NextGuess(const ImageRecipe& recipe, const Found& narrower, uint32_t narrower_width,
                 uint32_t width) {
  const double aim = recipe.target + ScaleOf(recipe.format).slack / 2;
  return narrower.setting + MeanSetting(recipe.format, aim, width) -
         MeanSetting(recipe.format, aim, narrower_width);
}

}  // namespace skerry::pipeline
