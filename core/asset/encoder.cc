#include "core/asset/encoder.h"

#include "core/asset/brotli_stream.h"
#include "core/asset/dcz.h"
#include "core/asset/zlib_stream.h"
#include "core/asset/zstd_stream.h"
#include "core/base/digest.h"

namespace skerry::asset {
namespace {

Error NoSuchRecipe(const Recipe& recipe) {
  return Error{Code::kInvalid, Side::kConfig, false, "no encoder for recipe " + Name(recipe)};
}

bool Within(int level, int least, int most) { return least <= level && level <= most; }

}  // namespace

Result<std::unique_ptr<Encoder>> Encoder::Make(const Recipe& recipe) {
  if (recipe.coding == Coding::kGzip && Within(recipe.level, 1, 9)) {
    return MakeGzipEncoder(recipe.level);
  }
  if (recipe.coding == Coding::kBrotli && Within(recipe.level, 2, 11)) {
    return MakeBrotliEncoder(recipe.level);
  }
  if (recipe.coding == Coding::kZstd && Within(recipe.level, 1, 19)) {
    return MakeZstdEncoder(recipe.level);
  }
  return Fail(NoSuchRecipe(recipe));
}

Result<std::string> Compress(const Recipe& recipe, std::string_view bytes) {
  if (recipe.coding == Coding::kIdentity) return std::string(bytes);
  if (recipe.coding == Coding::kGzip && Within(recipe.level, 1, 12)) {
    return CompressGzip(recipe.level, bytes);
  }
  if (recipe.coding == Coding::kBrotli && Within(recipe.level, 2, 11)) {
    return CompressBrotli(recipe.level, bytes);
  }
  if (recipe.coding == Coding::kZstd && Within(recipe.level, 1, 19)) {
    return CompressZstd(recipe.level, bytes);
  }
  return Fail(NoSuchRecipe(recipe));
}

std::string Canonical(const Recipe& recipe) {
  const std::string name = Name(recipe);
  switch (recipe.coding) {
    case Coding::kIdentity: return "identity";
    case Coding::kGzip: return name + " " + GzipVersion();
    case Coding::kBrotli: return name + " " + BrotliVersion();
    case Coding::kZstd:
    case Coding::kDcz: return name + " " + ZstdVersion();
  }
  return name;
}

Result<std::string> CompressDcz(int level, std::string_view dictionary, std::string_view bytes) {
  const Recipe recipe{Coding::kDcz, level};
  if (!Within(level, 1, 19) || dictionary.empty()) return Fail(NoSuchRecipe(recipe));
  Result<std::string> frame = CompressZstdWith(level, dictionary, bytes);
  if (!frame) return frame;
  return DczHeader(Sha256(dictionary)) + *frame;
}

}  // namespace skerry::asset
