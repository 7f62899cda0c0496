#include "core/http/accept.h"

#include <algorithm>

namespace skerry::http {
namespace {

constexpr std::string_view kNames[kCodings] = {"identity", "gzip", "br", "zstd", "dcz"};

// One member of an Accept list: what is wanted and how much.
struct Wanted {
  std::string name;  // lower case, without parameters
  uint16_t quality = 1000;
};

// The member's q; 1000 without one. Nothing if q is malformed. Quotes in other
// parameters may hide separators; the caller split at commas that were not hidden.
std::optional<uint16_t> QualityOf(std::string_view parameters) {
  while (!parameters.empty()) {
    const size_t end = std::min(parameters.find(';'), parameters.size());
    const std::string_view parameter = TrimBlanks(parameters.substr(0, end));
    parameters.remove_prefix(std::min(end + 1, parameters.size()));
    if (parameter.size() >= 2 && (parameter[0] | 0x20) == 'q' && parameter[1] == '=') {
      return ParseQuality(parameter.substr(2));
    }
  }
  return 1000;
}

size_t EndOfMember(std::string_view text) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ',' && !quoted) {
      return i;
    }
  }
  return text.size();
}

std::vector<Wanted> ParseWanted(const Fields& fields, std::string_view name) {
  std::vector<Wanted> all;
  for (const Field& field : fields) {
    if (field.name != name) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const size_t end = EndOfMember(rest);
      const std::string_view member = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const size_t semicolon = std::min(member.find(';'), member.size());
      const std::string_view wanted = TrimBlanks(member.substr(0, semicolon));
      const std::optional<uint16_t> quality = QualityOf(member.substr(semicolon));
      if (!wanted.empty() && quality) all.push_back({AsciiLower(wanted), *quality});
    }
  }
  return all;
}

bool MatchesPrefix(std::string_view range, std::string_view tag) {
  return tag.starts_with(range) && (tag.size() == range.size() || tag[range.size()] == '-');
}

}  // namespace

std::optional<uint16_t> ParseQuality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  uint16_t value = text[0] == '1' ? 1000 : 0;
  if (text.size() == 1) return value;
  if (text[1] != '.') return std::nullopt;
  uint16_t unit = 100;
  for (char c : text.substr(2)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = static_cast<uint16_t>(value + unit * (c - '0'));
    unit /= 10;
  }
  return value <= 1000 ? std::optional(value) : std::nullopt;
}

std::string_view Name(Coding coding) { return kNames[static_cast<size_t>(coding)]; }

std::optional<Coding> ParseCoding(std::string_view name) {
  if (EqualsIgnoreCase(name, "x-gzip")) return Coding::kGzip;
  for (size_t i = 0; i < kCodings; ++i) {
    if (EqualsIgnoreCase(name, kNames[i])) return static_cast<Coding>(i);
  }
  return std::nullopt;
}

CodingSet AcceptedCodings::set() const {
  CodingSet set;
  for (size_t i = 0; i < kCodings; ++i) {
    if (quality[i] > 0) set.Add(static_cast<Coding>(i));
  }
  return set;
}

std::optional<Coding> AcceptedCodings::Best(const std::vector<Coding>& offered) const {
  std::optional<Coding> best;
  for (Coding coding : offered) {
    if (of(coding) > (best ? of(*best) : 0)) best = coding;
  }
  return best;
}

AcceptedCodings ParseAcceptEncoding(const Fields& request) {
  std::array<std::optional<uint16_t>, kCodings> named;
  std::optional<uint16_t> star;
  for (const Wanted& wanted : ParseWanted(request, "accept-encoding")) {
    if (wanted.name == "*") {
      if (!star) star = wanted.quality;
    } else if (const std::optional<Coding> coding = ParseCoding(wanted.name)) {
      std::optional<uint16_t>& slot = named[static_cast<size_t>(*coding)];
      if (!slot) slot = wanted.quality;
    }
  }
  AcceptedCodings accepted;
  for (size_t i = 0; i < kCodings; ++i) {
    uint16_t otherwise = star.value_or(0);
    // Unnamed, identity stays acceptable as the last choice.
    if (i == static_cast<size_t>(Coding::kIdentity)) otherwise = star.value_or(1);
    if (i == static_cast<size_t>(Coding::kDcz)) otherwise = 0;
    accepted.quality[i] = named[i].value_or(otherwise);
  }
  return accepted;
}

std::vector<MediaRange> ParseAccept(const Fields& request) {
  std::vector<MediaRange> ranges;
  for (const Wanted& wanted : ParseWanted(request, "accept")) {
    const size_t slash = std::min(wanted.name.find('/'), wanted.name.size());
    MediaRange range{wanted.name.substr(0, slash),
                     wanted.name.substr(std::min(slash + 1, wanted.name.size())), wanted.quality};
    const bool valid = IsToken(range.type) && IsToken(range.subtype) &&
                       (range.type != "*" || range.subtype == "*");
    if (valid) ranges.push_back(std::move(range));
  }
  return ranges;
}

ImageFormats AcceptedImageFormats(const Fields& request) {
  ImageFormats formats;
  for (const MediaRange& range : ParseAccept(request)) {
    if (range.type != "image" || range.quality == 0) continue;
    if (range.subtype == "avif") formats.avif = true;
    if (range.subtype == "webp") formats.webp = true;
  }
  return formats;
}

std::vector<LanguageRange> ParseAcceptLanguage(const Fields& request) {
  std::vector<LanguageRange> ranges;
  for (Wanted& wanted : ParseWanted(request, "accept-language")) {
    if (!IsToken(wanted.name)) continue;
    auto known = std::find_if(ranges.begin(), ranges.end(),
                              [&](const LanguageRange& range) { return range.tag == wanted.name; });
    if (known == ranges.end()) {
      ranges.push_back({std::move(wanted.name), wanted.quality});
    } else {
      known->quality = std::max(known->quality, wanted.quality);
    }
  }
  std::sort(ranges.begin(), ranges.end(), [](const LanguageRange& a, const LanguageRange& b) {
    return a.quality != b.quality ? a.quality > b.quality : a.tag < b.tag;
  });
  return ranges;
}

std::string FormatLanguages(const std::vector<LanguageRange>& ranges) {
  std::string text;
  for (const LanguageRange& range : ranges) {
    if (!text.empty()) text += ',';
    text += range.tag;
    if (range.quality == 1000) continue;
    std::string digits = std::to_string(1000 + range.quality).substr(1);
    while (!digits.empty() && digits.back() == '0') digits.pop_back();
    text += digits.empty() ? ";q=0" : ";q=0." + digits;
  }
  return text;
}

uint16_t LanguageQuality(const std::vector<LanguageRange>& ranges, std::string_view tag) {
  const std::string wanted = AsciiLower(tag);
  const LanguageRange* best = nullptr;
  for (const LanguageRange& range : ranges) {
    const bool star = range.tag == "*";
    if (!star && !MatchesPrefix(range.tag, wanted)) continue;
    const bool longer =
        best == nullptr || best->tag == "*" || (!star && range.tag.size() > best->tag.size());
    if (longer) best = &range;
  }
  return best == nullptr ? 0 : best->quality;
}

}  // namespace skerry::http
