// The header blocks of a connection's answers (RFC 7541). nghttp2's own encoder takes a
// tenth of the instructions of a small hit, because it looks at every byte of every field
// anew; this one knows fields by hashes that were made with the head.
//
// HPACK's static table and Huffman code stay nghttp2's: what a field is where the dynamic
// table is of no use, its encoder says.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace skerry::http {

// A field, as every connection's encoder takes it. Its bytes are somebody else's.
struct HpackLine {
  std::string_view text;  // the name, in lower case, and the value
  size_t name_size = 0;
  uint64_t hash = 0;         // of what is indexed
  std::string_view literal;  // how it is sent if it is not indexed; empty: not known yet
  bool indexed = false;      // it is worth a place in tables

  std::string_view name() const { return text.substr(0, name_size); }
  std::string_view value() const { return text.substr(name_size); }
};

// Lines that are sent more than once.
class HpackLines {
 public:
  // REQUIRES: End has not been called.
  void Add(std::string_view name, std::string_view value);
  void End();
  // REQUIRES: End has been called.
  const std::vector<HpackLine>& lines() const { return lines_; }
  // More than a block of them has.
  size_t bytes_at_most() const { return bytes_at_most_; }
  // No other ones ever have it.
  uint64_t number() const { return number_; }

 private:
  std::string bytes_;  // of all lines: text, literal
  std::vector<HpackLine> lines_;
  size_t bytes_at_most_ = 0;
  uint64_t number_ = 0;
};

// Owner: a session, and thread: its.
class HpackEncoder {
 public:
  // RFC 7541 4.2; what nghttp2 announces at most.
  static constexpr size_t kMostTableBytes = 4096;

  // The peer's table has this size from the next block on, as that block begins by saying.
  void SetTableSize(size_t bytes);
  // Writes the line's representation to `to`, and says where it ends. REQUIRES: room for
  // MostBytes. Blocks are sent in the order they are made, each of them.
  char* Write(const HpackLine& line, char* to);
  char* Write(std::string_view name, std::string_view value, char* to);
  // REQUIRES: room for bytes_at_most().
  char* Write(const HpackLines& lines, char* to);

  static constexpr size_t MostBytes(size_t name_size, size_t value_size) {
    return name_size + value_size + 32;
  }

  // Gives its memory back; the peer's table may go on holding what it holds.
  void Rest();

  // By RFC 7541 4.1.
  size_t table_bytes() const { return bytes_; }

 private:
  struct Entry {
    uint64_t hash = 0;
    uint32_t older = 0;  // the next one of its bucket
    uint32_t at = 0;     // in `text_`, its name and its value
    uint32_t name_size = 0;
    uint32_t value_size = 0;
  };
  static constexpr size_t kBuckets = 16;

  Entry& entry(uint32_t number) { return ring_[number & (ring_.size() - 1)]; }
  std::string_view Text(const Entry& entry) const {
    return {text_.data() + entry.at, entry.name_size + size_t{entry.value_size}};
  }
  // 1: the newest one's place is right behind the static table. 0: there is none.
  uint32_t PlaceOf(const HpackLine& line);
  uint32_t PlaceOfName(std::string_view name);
  char* WriteLiteral(const HpackLine& line, char* to);
  void Insert(const HpackLine& line);
  void MakeRoom(size_t bytes);
  void Forget();

  // Entries have numbers, from 1 on: those from `oldest_` to before `next_` are in the table.
  std::vector<Entry> ring_;
  uint32_t oldest_ = 1;
  uint32_t next_ = 1;
  std::array<uint32_t, kBuckets> newest_{};
  std::string text_;
  size_t bytes_ = 0;
  size_t most_ = kMostTableBytes;
  // The last lines, if they changed nothing and are short, and what they became: the same again,
  // until something is put into the table.
  uint64_t last_ = 0;
  std::string last_block_;
};

}  // namespace skerry::http
