#include "core/asset/content_name.h"

#include <algorithm>
#include <array>

#include "core/base/result.h"

namespace skerry::asset {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); }
bool IsTokenChar(char c) { return IsLower(c) || IsUpper(c) || IsDigit(c) || c == '_' || c == '-'; }

std::string_view LastPart(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Where the extension begins: at its dot, or at the end when there is none.
size_t ExtensionAt(std::string_view name) {
  size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return name.size();
  for (const std::string_view inner : {".tar", ".d", ".min", ".module", ".css", ".js", ".mjs"}) {
    const std::string_view stem = name.substr(0, dot);
    // A double extension must leave a name in front of it.
    if (stem.size() > inner.size() && stem.ends_with(inner)) return dot - inner.size();
  }
  return dot;
}

// "app.9f2c0a1b.chunk" -> "app.9f2c0a1b": words that bundlers put behind the hash.
std::string_view WithoutRole(std::string_view stem) {
  constexpr std::string_view kRoles[] = {".chunk", ".bundle", ".min", ".module",
                                         ".esm",   ".worker", "-s.p", "-s"};
  for (const std::string_view role : kRoles) {
    if (stem.size() > role.size() && stem.ends_with(role)) {
      return stem.substr(0, stem.size() - role.size());
    }
  }
  return stem;
}

// How often the kind of character changes; a capital that begins a word is no change.
// Words score 0 or 1 ("Chapter1", "homePage"), random base64url mostly 3 and more.
int Changes(std::string_view token) {
  int changes = 0;
  for (size_t i = 1; i < token.size(); ++i) {
    const char a = token[i - 1];
    const char b = token[i];
    const bool same = (IsLower(a) && IsLower(b)) || (IsUpper(a) && IsUpper(b)) ||
                      (IsDigit(a) && IsDigit(b)) || (IsUpper(a) && IsLower(b));
    if (!same) ++changes;
  }
  return changes;
}

// Words in capitals have them ("LICENSES"); four of five random ones have fewer than three.
int Vowels(std::string_view token) {
  return static_cast<int>(std::count_if(token.begin(), token.end(), [](char c) {
    return std::string_view("AEIOU").find(c) != std::string_view::npos;
  }));
}

struct Kinds {
  bool lower = false, upper = false, digit = false, hex_only = true, base32_only = true;
};

Kinds KindsOf(std::string_view token) {
  Kinds kinds;
  for (const char c : token) {
    kinds.lower |= IsLower(c);
    kinds.upper |= IsUpper(c);
    kinds.digit |= IsDigit(c);
    kinds.hex_only &= IsHexDigit(c);
    kinds.base32_only &= IsUpper(c) || (c >= '2' && c <= '7');
  }
  return kinds;
}

Hashed JudgeToken(std::string_view token) {
  if (token.size() < 8 || token.size() > 64) return Hashed::kNo;
  if (!std::all_of(token.begin(), token.end(), IsTokenChar)) return Hashed::kNo;
  const Kinds kinds = KindsOf(token);
  if (kinds.hex_only) {
    // All digits is a date or a number, all letters may be a word.
    if (kinds.digit && kinds.lower) return Hashed::kCertain;
    return token.size() >= 20 ? Hashed::kCertain : Hashed::kNo;
  }
  const int changes = Changes(token);
  if (kinds.base32_only && kinds.digit && changes >= 2) return Hashed::kCertain;
  if (!kinds.upper && !kinds.lower) return Hashed::kNo;
  if (!kinds.upper) return changes >= 3 ? Hashed::kPerhaps : Hashed::kNo;
  if (!kinds.lower) {
    const bool random = changes >= 2 || (!kinds.digit && token.size() == 8 && Vowels(token) < 3);
    return random ? Hashed::kPerhaps : Hashed::kNo;
  }
  if (changes >= 3) return Hashed::kCertain;
  const bool capitalised = std::none_of(token.begin() + 1, token.end(), &IsUpper);
  return changes >= 1 || !capitalised ? Hashed::kPerhaps : Hashed::kNo;
}

}  // namespace

std::string_view Name(Hashed hashed) {
  switch (hashed) {
    case Hashed::kNo: return "no";
    case Hashed::kPerhaps: return "perhaps";
    case Hashed::kCertain: return "certain";
  }
  return "no";
}

std::string HashedName(std::string_view path, const Sha256Digest& digest, size_t digits) {
  SKERRY_CHECK(digits >= 8 && digits <= 64);
  const std::string_view name = LastPart(path);
  const size_t at = path.size() - name.size() + ExtensionAt(name);
  std::string hashed(path.substr(0, at));
  hashed += '.';
  hashed += digest.Hex().substr(0, digits);
  hashed += path.substr(at);
  return hashed;
}

namespace {

// The part of the path that looks most like a hash, and how much.
struct Token {
  Hashed hashed = Hashed::kNo;
  size_t at = 0;  // in the path
  size_t size = 0;
};

Token FindToken(std::string_view path) {
  const std::string_view name = LastPart(path);
  const std::string_view stem = WithoutRole(name.substr(0, ExtensionAt(name)));
  Token best;
  // Rollup's tokens hold '-' and '_' themselves, so every separator is tried, and the
  // whole stem (Next and webpack name chunks by nothing but a hash).
  for (size_t at = 0; at < stem.size(); ++at) {
    const bool starts_token =
        at == 0 || stem[at - 1] == '.' || stem[at - 1] == '-' || stem[at - 1] == '_';
    if (!starts_token) continue;
    const std::string_view token = stem.substr(at);
    // A token with separators inside is Rollup's eight characters or nothing.
    if (token.size() != 8 && token.find_first_of("-_") != std::string_view::npos) continue;
    const Hashed hashed = JudgeToken(token);
    if (hashed > best.hashed) best = {hashed, path.size() - name.size() + at, token.size()};
  }
  return best;
}

}  // namespace

Hashed DetectHash(std::string_view path) { return FindToken(path).hashed; }

std::string WithoutHash(std::string_view path) {
  const Token token = FindToken(path);
  if (token.hashed == Hashed::kNo) return std::string(path);
  return std::string(path.substr(0, token.at)) + "*" +
         std::string(path.substr(token.at + token.size));
}

}  // namespace skerry::asset
