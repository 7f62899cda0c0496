#include "core/asset/coding.h"

namespace skerry::asset {

std::string_view Name(Coding coding) {
  switch (coding) {
    case Coding::kIdentity: return "identity";
    case Coding::kGzip: return "gzip";
    case Coding::kBrotli: return "br";
    case Coding::kZstd: return "zstd";
    case Coding::kDcz: return "dcz";
  }
  return "identity";
}

std::optional<Coding> CodingOf(std::string_view token) {
  for (const Coding coding :
       {Coding::kIdentity, Coding::kGzip, Coding::kBrotli, Coding::kZstd, Coding::kDcz}) {
    if (token == Name(coding)) return coding;
  }
  return std::nullopt;
}

std::string_view FileSuffix(Coding coding) {
  switch (coding) {
    case Coding::kGzip: return ".gz";
    case Coding::kBrotli: return ".br";
    case Coding::kZstd: return ".zst";
    case Coding::kIdentity:
    case Coding::kDcz: return "";
  }
  return "";
}

std::string DczSuffix(const Sha256Digest& dictionary) {
  return "." + dictionary.Hex().substr(0, 16) + ".dcz";
}

std::string Name(const Recipe& recipe) {
  if (recipe.coding == Coding::kIdentity) return "";
  return std::string(Name(recipe.coding)) + std::to_string(recipe.level);
}

}  // namespace skerry::asset
