#include "core/cache/representation.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/base/digest.h"
#include "core/http/accept.h"

namespace skerry::cache {
namespace {

constexpr uint64_t kSeed = 0x52657072;  // "Repr"
constexpr size_t kMostHashes = 64;
// Languages of one request that an answer is looked for under, and languages that one
// answer is known not to exist in.
constexpr size_t kMostLanguages = 8;
constexpr size_t kMostAbsent = 32;

using Words = std::vector<std::string_view>;

bool Has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsDictionaryCoding(std::string_view coding) { return coding == "dcz" || coding == "dcb"; }

Words Split(std::string_view list) {
  Words words;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string_view word = http::TrimBlanks(list.substr(0, comma));
    if (!word.empty()) words.push_back(word);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return words;
}

// A line of a variant text: "name: value\n", or "name\n" for a field that was absent.
struct Line {
  std::string_view name;
  std::optional<std::string_view> value;

  explicit Line(std::string_view text) {
    text = text.substr(0, text.find('\n'));
    const size_t colon = text.find(": ");
    name = text.substr(0, colon);
    if (colon != text.npos) value = text.substr(colon + 2);
  }
  http::Fields AsFields() const {
    return value ? http::Fields{{std::string(name), std::string(*value)}} : http::Fields{};
  }
};

std::string LineOf(const std::string& name, const http::Fields& request) {
  return VariantText({.names = {name}, .any = false}, request);
}

std::string_view CodingOf(const http::Fields& response) {
  return response.Find("content-encoding").value_or("identity");
}

// What a response is as far as `name` goes; nothing where it does not say.
std::optional<std::string> ClassOf(std::string_view name, const http::Fields& response) {
  if (name == "accept-encoding") {
    const std::string coding = http::AsciiLower(response.Combined("content-encoding").value_or(""));
    if (coding.find(',') != coding.npos) return std::nullopt;
    return coding.empty() ? "identity" : coding;
  }
  if (name == "available-dictionary") {
    // A dcz body is of the dictionary that was asked with.
    if (IsDictionaryCoding(CodingOf(response))) return std::nullopt;
    return "none";
  }
  if (name == "accept") {
    const std::string type = http::AsciiLower(response.Find("content-type").value_or(""));
    if (!type.starts_with("image/")) return std::nullopt;
    if (type.starts_with("image/avif")) return "image/avif";
    return type.starts_with("image/webp") ? "image/webp" : "image";
  }
  if (name == "accept-language") {
    const std::string tag = http::AsciiLower(response.Combined("content-language").value_or(""));
    if (tag.empty() || tag.find(',') != tag.npos) return std::nullopt;
    return tag;
  }
  return std::nullopt;
}

std::string ClassLine(std::string_view name, std::string_view what) {
  return std::string(name) + "=" + std::string(what) + "\n";
}

// The classes an answer to `request` can have in this dimension, most wanted first.
std::vector<std::string> ClassesFor(std::string_view name, const http::Fields& request) {
  std::vector<std::string> classes;
  if (name == "accept-encoding") {
    const http::AcceptedCodings accepted = http::ParseAcceptEncoding(request);
    for (const http::Coding coding :
         {http::Coding::kDcz, http::Coding::kBr, http::Coding::kZstd, http::Coding::kGzip}) {
      if (accepted.of(coding) > 0) classes.emplace_back(http::Name(coding));
    }
    classes.emplace_back("identity");
  } else if (name == "available-dictionary") {
    classes.emplace_back("none");
  } else if (name == "accept") {
    const http::ImageFormats formats = http::AcceptedImageFormats(request);
    if (formats.avif) classes.emplace_back("image/avif");
    if (formats.webp) classes.emplace_back("image/webp");
    classes.emplace_back("image");
  } else if (name == "accept-language") {
    for (const http::LanguageRange& range : http::ParseAcceptLanguage(request)) {
      if (range.quality == 0 || range.tag == "*") continue;
      for (std::string tag = range.tag; !tag.empty() && classes.size() < kMostLanguages;) {
        classes.push_back(tag);
        const size_t dash = tag.rfind('-');
        tag.resize(dash == tag.npos ? 0 : dash);
      }
    }
  }
  return classes;
}

// ---- Would the same have been chosen?

// How much we want a coding (docs/why/coding-preference.md). One that we do not know
// may be wanted more than any by the origin.
int Rank(std::string_view coding) {
  if (coding == "identity") return 0;
  if (coding == "gzip") return 1;
  if (coding == "zstd") return 2;
  return coding == "br" ? 3 : 4;
}

bool CodingMatches(const http::Fields& response, const Line& stored, const http::Fields& request) {
  const std::optional<std::string> coding = ClassOf("accept-encoding", response);
  const std::string wanted = NormalizeVaryValue("accept-encoding", request);
  const std::string_view offered = stored.value.value_or("");
  // Weights say more than a set can.
  if (!coding || wanted.find_first_of(";*") != wanted.npos ||
      offered.find_first_of(";*") != offered.npos) {
    return false;
  }
  const Words wants = Split(wanted);
  if (*coding != "identity" && !Has(wants, *coding)) return false;
  const Words was_offered = Split(offered);
  return std::all_of(wants.begin(), wants.end(), [&](std::string_view word) {
    // Whether a dictionary would make a difference, its own field says.
    return Rank(word) <= Rank(*coding) || Has(was_offered, word) || IsDictionaryCoding(word);
  });
}

bool DictionaryMatches(const http::Fields& response, const http::Fields& request) {
  if (IsDictionaryCoding(CodingOf(response))) return false;
  const auto available = request.Find("available-dictionary");
  return !available || !ListsDictionary(response, *available);
}

bool Takes(const http::Fields& request, std::string_view type) {
  if (!request.Has("accept")) return true;
  const std::vector<http::MediaRange> ranges = http::ParseAccept(request);
  return std::any_of(ranges.begin(), ranges.end(), [&](const http::MediaRange& range) {
    return range.quality > 0 &&
           (range.type == "*" || range.subtype == "*" ? range.type == "*" || range.type == "image"
                                                      : type == range.type + "/" + range.subtype);
  });
}

bool FormatMatches(const http::Fields& response, const Line& stored, const http::Fields& request) {
  const std::optional<std::string> format = ClassOf("accept", response);
  if (!format) return false;
  const http::ImageFormats wants = http::AcceptedImageFormats(request);
  const http::ImageFormats offered = http::AcceptedImageFormats(stored.AsFields());
  if ((wants.avif && !offered.avif) || (wants.webp && !offered.webp)) return false;
  if (*format == "image/avif") return wants.avif;
  if (*format == "image/webp") return wants.webp;
  const std::string type = http::AsciiLower(response.Find("content-type").value_or(""));
  return Takes(request, http::TrimBlanks(std::string_view(type).substr(0, type.find(';'))));
}

bool IsPrefixTag(std::string_view prefix, std::string_view tag) {
  return tag.starts_with(prefix) && (tag.size() == prefix.size() || tag[prefix.size()] == '-');
}

// A request's languages, seen from the one it was answered in.
class LanguagesAround {
 public:
  LanguagesAround(const http::Fields& request, std::string_view answer)
      : ranges_(http::ParseAcceptLanguage(request)), answer_(answer) {
    for (const http::LanguageRange& range : ranges_) {
      if (IsPrefixTag(range.tag, answer_)) named_ = std::max(named_, range.quality);
      if (IsPrefixTag(range.tag, answer_) || IsPrefixTag(answer_, range.tag)) {
        quality_ = std::max(quality_, range.quality);
      }
    }
  }

  // The answer was not asked for: it is what everybody gets whose languages are absent.
  bool by_default() const { return quality_ == 0; }

  // Languages that the answer shows not to exist: they would have been given instead.
  std::vector<std::string> Absent() const {
    std::vector<std::string> absent;
    for (const http::LanguageRange& range : ranges_) {
      if (IsPrefixTag(range.tag, answer_) || range.tag == "*") continue;
      const bool more_exact = IsPrefixTag(answer_, range.tag) && range.quality > named_;
      if (range.quality > quality_ || more_exact) absent.push_back(range.tag);
    }
    return absent;
  }

  // Languages that would be given instead of the answer, if they exist.
  std::vector<std::string> Rivals() const {
    std::vector<std::string> rivals;
    for (const http::LanguageRange& range : ranges_) {
      if (range.quality == 0 || IsPrefixTag(range.tag, answer_)) continue;
      if (range.quality >= named_) rivals.push_back(range.tag);
    }
    return rivals;
  }

 private:
  std::vector<http::LanguageRange> ranges_;
  std::string_view answer_;
  uint16_t named_ = 0;    // the most that the answer, or a prefix of it, was wanted
  uint16_t quality_ = 0;  // the same, counting what the answer is a prefix of
};

bool LanguageMatches(const http::Fields& response, const Line& stored,
                     const http::Fields& request) {
  const std::optional<std::string> language = ClassOf("accept-language", response);
  if (!language) return false;
  const LanguagesAround then(stored.AsFields(), *language);
  const LanguagesAround now(request, *language);
  if (now.by_default() && !then.by_default()) return false;
  const std::vector<std::string> absent = then.Absent();
  const std::vector<std::string> rivals = now.Rivals();
  return std::all_of(rivals.begin(), rivals.end(), [&](const std::string& rival) {
    return std::find(absent.begin(), absent.end(), rival) != absent.end();
  });
}

bool LineMatches(const std::string& name, std::string_view line, const http::Fields& response,
                 const http::Fields& request) {
  if (line == LineOf(name, request)) return true;
  const Line stored(line);
  if (stored.name != name) return false;
  if (name == "accept-encoding") return CodingMatches(response, stored, request);
  if (name == "available-dictionary") return DictionaryMatches(response, request);
  if (name == "accept") return FormatMatches(response, stored, request);
  if (name == "accept-language") return LanguageMatches(response, stored, request);
  return false;
}

std::string_view TakeLine(std::string_view* text) {
  const size_t end = std::min(text->find('\n'), text->size() - 1);
  const std::string_view line = text->substr(0, end + 1);
  text->remove_prefix(end + 1);
  return line;
}

// ---- Merging

std::string MergeWords(std::string_view name, const Line& before, const Line& now) {
  std::string value(now.value.value_or(""));
  const Words known = Split(now.value.value_or(""));
  for (const std::string_view word : Split(before.value.value_or(""))) {
    if (Has(known, word)) continue;
    value += (value.empty() ? "" : ", ") + std::string(word);
  }
  return value.empty() ? std::string(name) + "\n" : std::string(name) + ": " + value + "\n";
}

std::string MergeFormats(const Line& before, const Line& now) {
  http::ImageFormats formats = http::AcceptedImageFormats(now.AsFields());
  const http::ImageFormats were = http::AcceptedImageFormats(before.AsFields());
  formats.avif |= were.avif;
  formats.webp |= were.webp;
  return "accept: " + std::string(formats.avif ? "image/avif, " : "") +
         (formats.webp ? "image/webp, " : "") + "*/*\n";
}

// A list that says what both say: what is absent first, the answer last unless it is
// what everybody gets.
std::string MergeLanguages(std::string_view language, const Line& before, const Line& now) {
  const LanguagesAround then(before.AsFields(), language);
  const LanguagesAround here(now.AsFields(), language);
  std::vector<std::string> absent = here.Absent();
  const size_t known = absent.size();
  for (std::string& tag : then.Absent()) {
    if (absent.size() < kMostAbsent && std::find(absent.begin(), absent.end(), tag) == absent.end())
      absent.push_back(std::move(tag));
  }
  const bool by_default = then.by_default() || here.by_default();
  if (absent.size() == known && by_default == here.by_default()) {
    return std::string(now.name) + (now.value ? ": " + std::string(*now.value) : "") + "\n";
  }
  std::string list;
  for (const std::string& tag : absent) list += (list.empty() ? "" : ", ") + tag;
  if (!by_default) list += (list.empty() ? "" : ", ") + std::string(language) + ";q=0.001";
  return LineOf("accept-language", {{"accept-language", list}});
}

}  // namespace

bool ListsDictionary(const http::Fields& response, std::string_view dictionary) {
  const auto variants = response.Find("skerry-variants");
  return variants && dictionary.size() > 2 && variants->find(dictionary) != variants->npos;
}

uint64_t RepresentationHash(const VaryNames& names, const http::Fields& response,
                            const http::Fields& request) {
  if (names.empty()) return 0;
  std::string text;
  for (const std::string& name : names.names) {
    const std::optional<std::string> what = ClassOf(name, response);
    text += what ? ClassLine(name, *what) : LineOf(name, request);
  }
  return std::max<uint64_t>(1, Xxh3(text, kSeed));
}

std::vector<uint64_t> RepresentationHashes(const VaryNames& names, const http::Fields& request) {
  if (names.any) return {};
  if (names.empty()) return {0};
  std::vector<std::string> texts = {""};
  for (const std::string& name : names.names) {
    std::vector<std::string> lines;
    for (const std::string& what : ClassesFor(name, request)) {
      lines.push_back(ClassLine(name, what));
    }
    lines.push_back(LineOf(name, request));
    std::vector<std::string> longer;
    for (const std::string& text : texts) {
      for (const std::string& line : lines) {
        if (longer.size() < kMostHashes) longer.push_back(text + line);
      }
    }
    texts = std::move(longer);
  }
  std::vector<uint64_t> hashes;
  for (const std::string& text : texts) {
    hashes.push_back(std::max<uint64_t>(1, Xxh3(text, kSeed)));
  }
  return hashes;
}

bool MatchesVariant(const VaryNames& names, std::string_view variant_text,
                    const http::Fields& response, const http::Fields& request) {
  if (names.any) return false;
  for (const std::string& name : names.names) {
    if (variant_text.find('\n') == variant_text.npos) return false;
    if (!LineMatches(name, TakeLine(&variant_text), response, request)) return false;
  }
  return variant_text.empty();
}

std::string MergeVariantTexts(const VaryNames& names, const http::Fields& response,
                              std::string_view before, std::string_view now) {
  std::string text;
  std::string_view old_rest = before;
  std::string_view rest = now;
  for (const std::string& name : names.names) {
    if (old_rest.empty() || rest.empty()) return std::string(now);
    const std::string_view old_line = TakeLine(&old_rest);
    const std::string_view line = TakeLine(&rest);
    const std::optional<std::string> what = ClassOf(name, response);
    if (old_line == line || !what) {
      text += line;
    } else if (name == "accept-encoding") {
      text += MergeWords(name, Line(old_line), Line(line));
    } else if (name == "accept") {
      text += MergeFormats(Line(old_line), Line(line));
    } else if (name == "accept-language") {
      text += MergeLanguages(*what, Line(old_line), Line(line));
    } else {
      text += line;
    }
  }
  return text;
}

}  // namespace skerry::cache
