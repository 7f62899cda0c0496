// Field lines as a value: all of a head's in one block of memory, behind each other. A
// line takes two bytes beside its value where its name is one of field_name.h's, else
// three beside name and value; the block 16 more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "core/http/field_name.h"

namespace skerry::http {

// One field line, seen where it lies. Names are lower case everywhere inside Skerry
// (RFC 9113 8.2).
struct Field {
  std::string_view name;
  std::string_view value;
  bool operator==(const Field&) const = default;
};

// Field lines in the order they came; a name may stand several times.
//
// All it gives out are views. They stay valid until the object is changed in any way or
// destroyed; a move takes them along. Arguments may be views into the object itself.
// Thread: any number may read.
class Fields {
 public:
  using value_type = Field;
  class const_iterator;
  using iterator = const_iterator;

  Fields() = default;
  Fields(std::initializer_list<Field> lines);
  Fields(const Fields& other);  // without room for more
  Fields(Fields&& other) noexcept = default;
  Fields& operator=(const Fields& other);
  Fields& operator=(Fields&& other) noexcept = default;
  ~Fields() = default;

  void Add(FieldName name, std::string_view value);
  // Replaces every line of that name by one, at the place of the first.
  void Set(FieldName name, std::string_view value);
  void Remove(FieldName name);
  // `predicate(const Field&)` is asked about each line, in order, and may not look at
  // this object.
  template <class Predicate>
  void RemoveIf(Predicate predicate);

  // Room for so many lines of the usual length in all, before many are added.
  void Reserve(size_t lines);
  // Gives back the room for more.
  void ShrinkToFit();

  bool Has(FieldName name) const { return LineOf(name) != nullptr; }
  // The first line's value.
  std::optional<std::string_view> Find(FieldName name) const;
  // All lines of that name joined by ", " (RFC 9110 5.3); nothing if there is none.
  std::optional<std::string> Combined(FieldName name) const;

  const_iterator begin() const;
  const_iterator end() const;
  bool empty() const { return used() == 0; }
  // Counts them.
  size_t size() const;
  // Names, values and 32 bytes a line, as RFC 9113 10.5.1 counts.
  size_t ByteSize() const;
  // What it has allocated.
  size_t HeapSize() const { return block_ == nullptr ? 0 : sizeof(Block) + block_->room; }
  bool operator==(const Fields& other) const;

 private:
  // The lines lie behind it. A line is its name's number, or 0, the name's length and
  // the name; the value's length and the value. A length of 255 and more is the byte 255
  // and four bytes.
  struct Block {
    uint64_t names = 0;  // BitOf each line's number
    uint32_t used = 0;   // bytes of lines
    uint32_t room = 0;
    char* lines() { return reinterpret_cast<char*>(this + 1); }
    const char* lines() const { return reinterpret_cast<const char*>(this + 1); }
  };
  struct FreeBlock {
    void operator()(Block* block) const { ::operator delete(block); }
  };
  using BlockPtr = std::unique_ptr<Block, FreeBlock>;

  struct Line {
    uint8_t number;
    Field field;
    const char* next;
  };

  static Line Read(const char* at);
  static std::string_view ReadSized(const char* at) {
    const auto size = static_cast<uint8_t>(*at);
    if (size < 255) [[likely]]
      return {at + 1, size};
    uint32_t longer;
    std::memcpy(&longer, at + 1, sizeof(longer));
    return {at + 1 + sizeof(longer), longer};
  }
  static std::string_view ValueOf(const char* line) { return ReadSized(SizedValueOf(line)); }
  static const char* SizedValueOf(const char* line) {
    if (*line != 0) return line + 1;
    const std::string_view name = ReadSized(line + 1);
    return name.data() + name.size();
  }
  static const char* Skip(const char* line) {
    const std::string_view value = ValueOf(line);
    return value.data() + value.size();
  }
  // A bit for each of the first 63, bit 0 for all others.
  static uint64_t BitOf(uint8_t number) { return uint64_t{1} << (number < 64 ? number : 0); }

  static BlockPtr MakeBlock(size_t room);
  BlockPtr CopyOfBlock(size_t room) const;
  size_t used() const { return block_ == nullptr ? 0 : block_->used; }
  const char* first() const { return block_ == nullptr ? nullptr : block_->lines(); }
  const char* last() const { return block_ == nullptr ? nullptr : block_->lines() + block_->used; }
  bool Holds(std::string_view text) const;
  size_t RoomFor(size_t bytes) const;
  // REQUIRES: there is room.
  void Append(FieldName name, std::string_view value);
  void ReplaceValue(const char* line, std::string_view value);

  // The first line of that name; null if there is none.
  const char* LineOf(FieldName name) const {
    if (block_ == nullptr || (block_->names & BitOf(name.number())) == 0) return nullptr;
    return LineOf(name, block_->lines());
  }
  // The first one from `at` on.
  const char* LineOf(FieldName name, const char* at) const {
    return name.number() != 0 ? NumberedLine(name.number(), at) : NamedLine(name.text(), at);
  }
  const char* NumberedLine(uint8_t number, const char* at) const;
  const char* NamedLine(std::string_view name, const char* at) const;

  BlockPtr block_;
};

class Fields::const_iterator {
 public:
  using value_type = Field;
  using reference = Field;
  using difference_type = std::ptrdiff_t;
  using iterator_category = std::input_iterator_tag;  // it gives lines by value
  using iterator_concept = std::forward_iterator_tag;
  struct pointer {
    Field field;
    const Field* operator->() const { return &field; }
  };

  const_iterator() = default;
  Field operator*() const { return Read(at_).field; }
  pointer operator->() const { return {**this}; }
  const_iterator& operator++() {
    at_ = Skip(at_);
    return *this;
  }
  const_iterator operator++(int) {
    const const_iterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const const_iterator&) const = default;

 private:
  friend class Fields;
  explicit const_iterator(const char* at) : at_(at) {}
  const char* at_ = nullptr;
};

inline Fields::const_iterator Fields::begin() const { return const_iterator(first()); }
inline Fields::const_iterator Fields::end() const { return const_iterator(last()); }

inline Fields::Line Fields::Read(const char* at) {
  Line line;
  line.number = static_cast<uint8_t>(*at++);
  if (line.number == 0) {
    line.field.name = ReadSized(at);
    at = line.field.name.data() + line.field.name.size();
  } else {
    line.field.name = kFieldNames[line.number];
  }
  line.field.value = ReadSized(at);
  line.next = line.field.value.data() + line.field.value.size();
  return line;
}

inline std::optional<std::string_view> Fields::Find(FieldName name) const {
  const char* line = LineOf(name);
  if (line == nullptr) return std::nullopt;
  return ValueOf(line);
}

template <class Predicate>
void Fields::RemoveIf(Predicate predicate) {
  if (block_ == nullptr) return;
  const char* const end = last();
  char* kept = block_->lines();
  uint64_t names = 0;
  for (const char* at = first(); at != end;) {
    const Line line = Read(at);
    if (!predicate(line.field)) {
      const auto size = static_cast<size_t>(line.next - at);
      if (kept != at) std::memmove(kept, at, size);
      kept += size;
      names |= BitOf(line.number);
    }
    at = line.next;
  }
  block_->used = static_cast<uint32_t>(kept - block_->lines());
  block_->names = names;
}

}  // namespace skerry::http
