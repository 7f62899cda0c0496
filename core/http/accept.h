// What a client can take: Accept-Encoding, Accept, Accept-Language (RFC 9110 12.5),
// reduced to the sets that variants are chosen by.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"

namespace skerry::http {

// Thousandths, 0 to 1000. Nothing unless `qvalue` of RFC 9110 12.4.2.
std::optional<uint16_t> ParseQuality(std::string_view text);

enum class Coding : uint8_t { kIdentity, kGzip, kBr, kZstd, kDcz };
inline constexpr size_t kCodings = 5;
std::string_view Name(Coding coding);  // as in Content-Encoding: "identity", "gzip", "br", …
// The coding of that name in any letter case; "x-gzip" is gzip.
std::optional<Coding> ParseCoding(std::string_view name);

// Codings, as a set of bits.
class CodingSet {
 public:
  constexpr CodingSet() = default;
  constexpr CodingSet(std::initializer_list<Coding> codings) {
    for (Coding coding : codings) Add(coding);
  }
  constexpr void Add(Coding coding) { bits_ |= Bit(coding); }
  constexpr void Remove(Coding coding) { bits_ &= static_cast<uint8_t>(~Bit(coding)); }
  constexpr bool Has(Coding coding) const { return (bits_ & Bit(coding)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr uint8_t bits() const { return bits_; }
  bool operator==(const CodingSet&) const = default;

 private:
  static constexpr uint8_t Bit(Coding coding) {
    return static_cast<uint8_t>(1u << static_cast<unsigned>(coding));
  }
  uint8_t bits_ = 0;
};

// How much a client wants each coding.
struct AcceptedCodings {
  std::array<uint16_t, kCodings> quality{};  // thousandths; 0: not acceptable

  uint16_t of(Coding coding) const { return quality[static_cast<size_t>(coding)]; }
  CodingSet set() const;
  // The most wanted of those on offer; where equal, the one that stands first in
  // `offered`. Nothing if none is acceptable.
  std::optional<Coding> Best(const std::vector<Coding>& offered) const;
  bool operator==(const AcceptedCodings&) const = default;
};

// Of all Accept-Encoding lines. Identity is acceptable unless refused by name or by
// "*;q=0". No field at all means identity alone: who says nothing gets nothing coded.
// "*" stands for every coding but dcz, which needs a dictionary. Of a name that stands
// twice the first counts; members that are malformed are ignored.
AcceptedCodings ParseAcceptEncoding(const Fields& request);

struct MediaRange {
  std::string type;     // lower case, or "*"
  std::string subtype;  // lower case, or "*"
  uint16_t quality = 1000;
  bool operator==(const MediaRange&) const = default;
};

// Of all Accept lines, in their order; parameters but q are dropped, malformed
// members left out.
std::vector<MediaRange> ParseAccept(const Fields& request);

// Image formats a client names itself: "image/*" and "*/*" do not count, since
// browsers without AVIF send them too.
struct ImageFormats {
  bool avif = false;
  bool webp = false;
  bool operator==(const ImageFormats&) const = default;
};
ImageFormats AcceptedImageFormats(const Fields& request);

struct LanguageRange {
  std::string tag;  // lower case: "en", "en-gb", "*"
  uint16_t quality = 1000;
  bool operator==(const LanguageRange&) const = default;
};

// Of all Accept-Language lines: most wanted first, equals by name, each tag once with
// its highest quality, refused ones (q=0) last. So two fields that mean the same give
// the same list, whatever their order, letter case and blanks.
std::vector<LanguageRange> ParseAcceptLanguage(const Fields& request);
// "de,en;q=0.8": the same for fields that mean the same.
std::string FormatLanguages(const std::vector<LanguageRange>& ranges);
// How much `tag` ("en-GB") is wanted: the longest range that is it or a prefix of it
// up to a "-" (RFC 4647 3.3.1), else "*", else 0.
uint16_t LanguageQuality(const std::vector<LanguageRange>& ranges, std::string_view tag);

}  // namespace skerry::http
