#include "core/http/server/hpack_encoder.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <utility>

#include "core/base/digest.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/http/server/h2_lines.h"

namespace skerry::http {
namespace {

constexpr size_t kEntryOverhead = 32;  // RFC 7541 4.1
constexpr size_t kStaticEntries = 61;
constexpr uint8_t kIndexed = 0x80;            // 1xxxxxxx, RFC 7541 6.1
constexpr uint8_t kLiteralIndexed = 0x40;     // 01xxxxxx, 6.2.1
constexpr uint8_t kLiteralNotIndexed = 0xf0;  // these bits are 0, 6.2.2
constexpr size_t kFirstRing = 16;
constexpr size_t kMostDeadText = 1024;
constexpr size_t kMostKeptBlock = 256;

// Integers of RFC 7541 5.1.
char* WriteNumber(uint8_t kind, unsigned prefix, size_t number, char* to) {
  const size_t most = (size_t{1} << prefix) - 1;
  if (number < most) {
    *to++ = static_cast<char>(kind | number);
    return to;
  }
  *to++ = static_cast<char>(kind | most);
  for (number -= most; number >= 0x80; number >>= 7) {
    *to++ = static_cast<char>(0x80 | (number & 0x7f));
  }
  *to++ = static_cast<char>(number);
  return to;
}

char* WriteBytes(std::string_view bytes, char* to) {
  memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

size_t TakeNumber(unsigned prefix, std::string_view& bytes) {
  const size_t most = (size_t{1} << prefix) - 1;
  const auto take = [&bytes] {
    const auto byte = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    return byte;
  };
  size_t number = take() & most;
  if (number < most) return number;
  for (unsigned shift = 0;; shift += 7) {
    const uint8_t byte = take();
    number += static_cast<size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return number;
  }
}

// An encoder without a dynamic table: what it says means the same to every decoder.
class Literals {
 public:
  Literals() {
    nghttp2_hd_deflater* made = nullptr;
    SKERRY_CHECK(nghttp2_hd_deflate_new(&made, 0) == 0);
    deflater_.reset(made);
    // The first block says that there is no table.
    Of("a", "a");
  }

  static Literals& OfThread() {
    thread_local Literals literals;
    return literals;
  }

  // Until the next call.
  std::string_view Of(std::string_view name, std::string_view value) {
    const nghttp2_nv line = Reference(name, value);
    room_.resize(nghttp2_hd_deflate_bound(deflater_.get(), &line, 1));
    const ssize_t size = nghttp2_hd_deflate_hd(
        deflater_.get(), reinterpret_cast<uint8_t*>(room_.data()), room_.size(), &line, 1);
    SKERRY_CHECK(size > 0);
    return std::string_view(room_).substr(0, static_cast<size_t>(size));
  }

 private:
  struct Deleter {
    void operator()(nghttp2_hd_deflater* deflater) const { nghttp2_hd_deflate_del(deflater); }
  };
  std::unique_ptr<nghttp2_hd_deflater, Deleter> deflater_;
  std::string room_;
};

// Values that are another one with nearly every answer push nobody out; the same names that
// nghttp2 takes.
bool IsWorthAPlace(std::string_view name) {
  switch (name.size()) {
    case 3: return name != "age";
    case 4: return name != "etag";
    case 8: return name != "location";
    case 10: return name != "set-cookie";
    case 14: return name != "content-length";
    default: return true;
  }
}

uint64_t HashOf(std::string_view name, std::string_view value) {
  // Nobody can choose which fields share a bucket.
  static const uint64_t seed = Random::Secure().Next();
  return Xxh3(value, Xxh3(name, seed));
}

size_t SizeOf(const HpackLine& line) { return line.text.size() + kEntryOverhead; }

}  // namespace

void HpackLines::Add(std::string_view name, std::string_view value) {
  HpackLine line;
  line.name_size = name.size();
  line.indexed = IsWorthAPlace(name);
  // Views of `bytes_` come when it grows no more; sizes are right from the start.
  line.text = {nullptr, name.size() + value.size()};
  bytes_.append(name).append(value);
  if (line.indexed) {
    line.hash = HashOf(name, value);
  } else {
    const std::string_view literal = Literals::OfThread().Of(name, value);
    line.literal = {nullptr, literal.size()};
    bytes_.append(literal);
  }
  lines_.push_back(line);
  bytes_at_most_ += HpackEncoder::MostBytes(name.size(), value.size());
}

void HpackLines::End() {
  static std::atomic<uint64_t> last{0};
  number_ = last.fetch_add(1, std::memory_order_relaxed) + 1;
  const char* at = bytes_.data();
  for (HpackLine& line : lines_) {
    for (std::string_view* part : {&line.text, &line.literal}) {
      *part = {at, part->size()};
      at += part->size();
    }
  }
}

void HpackEncoder::SetTableSize(size_t bytes) {
  // What the peer still has of older entries lies behind the newer ones and goes first.
  Forget();
  most_ = std::min(bytes, kMostTableBytes);
}

void HpackEncoder::Rest() {
  Forget();
  ring_ = {};
  text_ = {};
  last_block_ = {};
}

char* HpackEncoder::Write(const HpackLine& line, char* to) {
  if (!line.indexed && !line.literal.empty()) return WriteBytes(line.literal, to);
  const uint32_t place = line.indexed ? PlaceOf(line) : 0;
  if (place == 0) return WriteLiteral(line, to);
  return WriteNumber(kIndexed, 7, kStaticEntries + place, to);
}

char* HpackEncoder::Write(std::string_view name, std::string_view value, char* to) {
  thread_local std::string text;
  text.assign(name).append(value);
  HpackLine line;
  line.text = text;
  line.name_size = name.size();
  line.indexed = IsWorthAPlace(name);
  if (line.indexed) line.hash = HashOf(name, value);
  return Write(line, to);
}

char* HpackEncoder::Write(const HpackLines& lines, char* to) {
  if (lines.number() == last_) return WriteBytes(last_block_, to);
  char* const begin = to;
  const uint32_t next = next_;
  for (const HpackLine& line : lines.lines()) to = Write(line, to);
  if (next == next_ && static_cast<size_t>(to - begin) <= kMostKeptBlock) {
    last_block_.assign(begin, to);
    last_ = lines.number();
  }
  return to;
}

char* HpackEncoder::WriteLiteral(const HpackLine& line, char* to) {
  std::string_view literal = Literals::OfThread().Of(line.name(), line.value());
  const bool insert = line.indexed && SizeOf(line) <= most_ * 3 / 4 &&
                      (static_cast<uint8_t>(literal.front()) & kLiteralNotIndexed) == 0;
  if (!insert) return WriteBytes(literal, to);
  size_t name_index = TakeNumber(4, literal);
  if (name_index == 0) {
    if (const uint32_t place = PlaceOfName(line.name()); place != 0) {
      name_index = kStaticEntries + place;
      const size_t name_size = TakeNumber(7, literal);
      literal.remove_prefix(name_size);
    }
  }
  to = WriteNumber(kLiteralIndexed, 6, name_index, to);
  Insert(line);
  return WriteBytes(literal, to);
}

uint32_t HpackEncoder::PlaceOf(const HpackLine& line) {
  for (uint32_t number = newest_[line.hash % kBuckets]; number >= oldest_;) {
    const Entry& known = entry(number);
    if (known.hash == line.hash && known.name_size == line.name_size && Text(known) == line.text) {
      return next_ - number;
    }
    number = known.older;
  }
  return 0;
}

uint32_t HpackEncoder::PlaceOfName(std::string_view name) {
  for (uint32_t number = next_ - 1; number >= oldest_; --number) {
    const Entry& known = entry(number);
    if (known.name_size == name.size() && Text(known).starts_with(name)) return next_ - number;
  }
  return 0;
}

void HpackEncoder::Insert(const HpackLine& line) {
  MakeRoom(SizeOf(line));
  if (next_ == UINT32_MAX) Forget();
  if (next_ - oldest_ == ring_.size()) {
    // Twice the room: each entry goes where its number says.
    std::vector<Entry> larger(std::max(kFirstRing, 2 * ring_.size()));
    for (uint32_t number = oldest_; number < next_; ++number) {
      larger[number & (larger.size() - 1)] = entry(number);
    }
    ring_ = std::move(larger);
  }
  uint32_t& newest = newest_[line.hash % kBuckets];
  entry(next_) = {line.hash, newest, static_cast<uint32_t>(text_.size()),
                  static_cast<uint32_t>(line.name_size),
                  static_cast<uint32_t>(line.value().size())};
  newest = next_++;
  last_ = 0;
  text_.append(line.text);
  bytes_ += SizeOf(line);
}

// RFC 7541 4.4. The text of those that are gone goes later, much at once.
void HpackEncoder::MakeRoom(size_t bytes) {
  while (bytes_ + bytes > most_) {
    const Entry& gone = entry(oldest_++);
    bytes_ -= gone.name_size + gone.value_size + kEntryOverhead;
  }
  const size_t dead = oldest_ < next_ ? entry(oldest_).at : text_.size();
  if (dead < kMostDeadText) return;
  text_.erase(0, dead);
  for (uint32_t number = oldest_; number < next_; ++number) {
    entry(number).at -= static_cast<uint32_t>(dead);
  }
}

void HpackEncoder::Forget() {
  oldest_ = next_ = 1;
  newest_ = {};
  last_ = 0;
  text_.clear();
  bytes_ = 0;
}

}  // namespace skerry::http
