#include "core/http/fields.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "core/base/result.h"

namespace skerry::http {
namespace {

constexpr size_t kFirstBytes = 256;  // of a block that grows line by line
constexpr size_t kUsualLine = 31;
constexpr size_t kShort = 255;  // lengths below it take one byte

size_t SizedBytes(std::string_view text) {
  return (text.size() < kShort ? 1 : 1 + sizeof(uint32_t)) + text.size();
}

char* WriteSized(char* at, std::string_view text) {
  if (text.size() < kShort) {
    *at++ = static_cast<char>(text.size());
  } else {
    *at++ = static_cast<char>(kShort);
    const auto size = static_cast<uint32_t>(text.size());
    std::memcpy(at, &size, sizeof(size));
    at += sizeof(size);
  }
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

size_t LineBytes(FieldName name, std::string_view value) {
  return 1 + (name.number() != 0 ? 0 : SizedBytes(name.text())) + SizedBytes(value);
}

}  // namespace

FieldName::FieldName(Runtime, std::string_view text)
    : text_(text), number_(kFieldNumbers.Of(text)) {}

Fields::BlockPtr Fields::MakeBlock(size_t room) {
  SKERRY_CHECK(room <= std::numeric_limits<uint32_t>::max());
  BlockPtr block(new (::operator new(sizeof(Block) + room)) Block);
  block->room = static_cast<uint32_t>(room);
  return block;
}

Fields::BlockPtr Fields::CopyOfBlock(size_t room) const {
  BlockPtr copy = MakeBlock(room);
  if (block_ == nullptr) return copy;
  copy->names = block_->names;
  copy->used = block_->used;
  std::memcpy(copy->lines(), block_->lines(), block_->used);
  return copy;
}

Fields::Fields(std::initializer_list<Field> lines) {
  size_t room = 0;
  for (const Field& line : lines) room += LineBytes(line.name, line.value);
  if (room == 0) return;
  block_ = MakeBlock(room);
  for (const Field& line : lines) Append(line.name, line.value);
}

Fields::Fields(const Fields& other) {
  if (!other.empty()) block_ = other.CopyOfBlock(other.used());
}

Fields& Fields::operator=(const Fields& other) {
  if (this != &other) *this = Fields(other);
  return *this;
}

bool Fields::Holds(std::string_view text) const {
  if (block_ == nullptr) return false;
  const std::less<const char*> before;
  return !before(text.data(), first()) && before(text.data(), last());
}

size_t Fields::RoomFor(size_t bytes) const {
  const size_t doubled = std::max(kFirstBytes, 2 * HeapSize());
  return std::max(doubled, sizeof(Block) + bytes) - sizeof(Block);
}

void Fields::Append(FieldName name, std::string_view value) {
  char* at = block_->lines() + block_->used;
  *at++ = static_cast<char>(name.number());
  if (name.number() == 0) at = WriteSized(at, name.text());
  at = WriteSized(at, value);
  block_->used = static_cast<uint32_t>(at - block_->lines());
  block_->names |= BitOf(name.number());
}

void Fields::Add(FieldName name, std::string_view value) {
  const size_t bytes = used() + LineBytes(name, value);
  BlockPtr before;  // until what may be in it is copied
  if (block_ == nullptr || bytes > block_->room) {
    before = std::exchange(block_, CopyOfBlock(RoomFor(bytes)));
  }
  Append(name, value);
}

void Fields::Set(FieldName name, std::string_view value) {
  const char* line = LineOf(name);
  if (line == nullptr) return Add(name, value);
  if (Holds(value) || Holds(name.text())) {
    return Set(std::string(name.text()), std::string(value));
  }
  if (LineOf(name, Skip(line)) != nullptr) {
    RemoveIf([&, seen = false](const Field& field) mutable {
      return field.name == name.text() && std::exchange(seen, true);
    });
  }
  ReplaceValue(line, value);
}

void Fields::ReplaceValue(const char* line, std::string_view value) {
  const char* const old = SizedValueOf(line);
  const auto before = static_cast<size_t>(old - first());
  const auto after = static_cast<size_t>(last() - Skip(line));
  const size_t bytes = before + SizedBytes(value) + after;
  BlockPtr larger;
  if (bytes > block_->room) larger = CopyOfBlock(RoomFor(bytes));
  Block& to = larger != nullptr ? *larger : *block_;
  std::memmove(to.lines() + bytes - after, last() - after, after);
  WriteSized(to.lines() + before, value);
  to.used = static_cast<uint32_t>(bytes);
  if (larger != nullptr) block_ = std::move(larger);
}

void Fields::Remove(FieldName name) {
  if (!Has(name)) return;
  if (Holds(name.text())) return Remove(std::string(name.text()));
  RemoveIf([&](const Field& field) { return field.name == name.text(); });
}

void Fields::Reserve(size_t lines) {
  const size_t have = size();
  if (lines <= have) return;
  const size_t bytes = used() + (lines - have) * kUsualLine;
  if (block_ == nullptr || bytes > block_->room) block_ = CopyOfBlock(bytes);
}

void Fields::ShrinkToFit() {
  if (block_ != nullptr && block_->used < block_->room) *this = Fields(*this);
}

const char* Fields::NumberedLine(uint8_t number, const char* at) const {
  for (const char* const end = last(); at != end; at = Skip(at)) {
    if (static_cast<uint8_t>(*at) == number) return at;
  }
  return nullptr;
}

const char* Fields::NamedLine(std::string_view name, const char* at) const {
  for (const char* const end = last(); at != end; at = Skip(at)) {
    if (*at == 0 && ReadSized(at + 1) == name) return at;
  }
  return nullptr;
}

std::optional<std::string> Fields::Combined(FieldName name) const {
  const char* line = LineOf(name);
  if (line == nullptr) return std::nullopt;
  std::string all(ValueOf(line));
  while ((line = LineOf(name, Skip(line))) != nullptr) {
    all += ", ";
    all += ValueOf(line);
  }
  return all;
}

size_t Fields::size() const { return static_cast<size_t>(std::distance(begin(), end())); }

size_t Fields::ByteSize() const {
  size_t size = 0;
  for (const Field& field : *this) size += field.name.size() + field.value.size() + 32;
  return size;
}

bool Fields::operator==(const Fields& other) const {
  return std::string_view(first(), used()) == std::string_view(other.first(), other.used());
}

}  // namespace skerry::http
