#include "pipeline/score_files.h"

#include <string>

#include "core/base/result.h"
#include "pipeline/base/files.h"
#include "pipeline/images/encode.h"
#include "pipeline/images/score.h"

namespace skerry::pipeline {
namespace {

constexpr ImageLimits kLimits{200'000'000, 100'000, 1'000'000'000};

bool IsAvif(const std::string& file) { return file.compare(4, 8, "ftypavif") == 0; }

Result<Pixels> Load(const std::filesystem::path& path, bool alpha) {
  const Result<std::string> file = ReadFile(path);
  if (!file) return Fail(file.error());
  if (file->size() > 12 && IsAvif(*file)) return Decode(Format::kAvif, *file, alpha);
  const Result<ImageInfo> info = Probe(*file, kLimits);
  if (!info) return Fail(Error(info.error()).In(path.string()));
  Result<std::vector<Pixels>> levels = Pyramid(*file, {info->width});
  if (!levels) return Fail(std::move(levels.error()).In(path.string()));
  return std::move(levels->front());
}

std::string SizeOf(const Pixels& pixels) {
  return std::to_string(pixels.width) + "x" + std::to_string(pixels.height);
}

}  // namespace

tl::expected<double, Failure> ScoreFiles(const std::filesystem::path& original,
                                         const std::filesystem::path& coded) {
  const auto failed = [](const std::string& why) {
    return tl::unexpected(Failure{Exit::kFailed, why});
  };
  if (Status ok = StartImages(); !ok) return failed(ok.error().context);
  const Result<Pixels> before = Load(original, false);
  if (!before) return failed(before.error().context);
  const Result<Pixels> after = Load(coded, before->alpha);
  if (!after) return failed(after.error().context);
  if (before->width != after->width || before->height != after->height) {
    return failed("the sizes differ: " + original.string() + " has " + SizeOf(*before) + ", " +
                  coded.string() + " " + SizeOf(*after));
  }
  if (before->alpha != after->alpha) return failed("only one of the two is transparent");
  return Original(*before).Score(*after);
}

}  // namespace skerry::pipeline
