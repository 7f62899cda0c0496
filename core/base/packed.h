// Values that are kept by the million and most often empty: a pointer each.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace skerry {

// An array that is written once: its size lies in front of the items, in one allocation.
// Empty it has none. At most 2^32 - 1 items.
template <class T>
class Packed {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= sizeof(uint64_t));

 public:
  using value_type = T;
  using const_iterator = const T*;
  using iterator = const_iterator;

  Packed() = default;
  Packed(const T* items, size_t size) {
    if (size == 0) return;
    block_.reset(static_cast<char*>(::operator new(kFront + size * sizeof(T))));
    const auto count = static_cast<uint32_t>(size);
    std::memcpy(block_.get(), &count, sizeof(count));
    std::memcpy(block_.get() + kFront, items, size * sizeof(T));
  }
  Packed(std::initializer_list<T> items) : Packed(items.begin(), items.size()) {}
  Packed(const std::vector<T>& items) : Packed(items.data(), items.size()) {}
  Packed(const Packed& other) : Packed(other.data(), other.size()) {}
  Packed(Packed&& other) noexcept = default;
  Packed& operator=(Packed other) noexcept {
    block_ = std::move(other.block_);
    return *this;
  }
  ~Packed() = default;

  bool empty() const { return block_ == nullptr; }
  size_t size() const {
    uint32_t count = 0;
    if (block_ != nullptr) std::memcpy(&count, block_.get(), sizeof(count));
    return count;
  }
  const T* data() const {
    return block_ == nullptr ? nullptr : reinterpret_cast<const T*>(block_.get() + kFront);
  }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size(); }
  const T& operator[](size_t i) const { return data()[i]; }
  // What it has allocated.
  size_t HeapSize() const { return block_ == nullptr ? 0 : kFront + size() * sizeof(T); }
  bool operator==(const Packed& other) const {
    return std::equal(begin(), end(), other.begin(), other.end());
  }

 private:
  static constexpr size_t kFront = std::max(sizeof(uint32_t), alignof(T));
  struct Free {
    void operator()(char* block) const { ::operator delete(block); }
  };
  std::unique_ptr<char, Free> block_;
};

// The same for text.
class PackedText {
 public:
  PackedText() = default;
  template <class Text>
  requires(std::convertible_to<const Text&, std::string_view> && !std::same_as<Text, PackedText>)
      PackedText(const Text& text)
      : PackedText(Viewed{}, text) {}

  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }
  operator std::string_view() const { return view(); }
  bool empty() const { return bytes_.empty(); }
  size_t HeapSize() const { return bytes_.HeapSize(); }
  bool operator==(const PackedText& other) const { return view() == other.view(); }
  template <class Text>
  requires(std::convertible_to<const Text&, std::string_view> &&
           !std::same_as<Text, PackedText>) bool
  operator==(const Text& other) const {
    return view() == std::string_view(other);
  }

 private:
  struct Viewed {};
  PackedText(Viewed, std::string_view text) : bytes_(text.data(), text.size()) {}
  Packed<char> bytes_;
};

// A value that is seldom there: what is equal to T() takes no memory.
template <class T>
class Seldom {
 public:
  Seldom() = default;
  Seldom(T value) : value_(value == T() ? nullptr : std::make_unique<T>(std::move(value))) {}
  Seldom(const Seldom& other)
      : value_(other.value_ == nullptr ? nullptr : std::make_unique<T>(*other.value_)) {}
  Seldom(Seldom&& other) noexcept = default;
  Seldom& operator=(Seldom other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }
  ~Seldom() = default;

  const T& get() const {
    static const T kNone{};
    return value_ == nullptr ? kNone : *value_;
  }
  operator const T&() const { return get(); }
  const T* operator->() const { return &get(); }
  bool there() const { return value_ != nullptr; }
  bool operator==(const Seldom& other) const { return get() == other.get(); }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace skerry
