// Shared ownership within one thread. A std::shared_ptr counts with locked instructions,
// each of which waits for all stores before it: the dozen of a small hit were a twentieth
// of its time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace skerry {

// What a LocalPtr points to derives from this.
class LocalCounted {
 public:
  LocalCounted() = default;
  LocalCounted(const LocalCounted&) {}
  LocalCounted& operator=(const LocalCounted&) { return *this; }

 private:
  template <class T>
  friend class LocalPtr;
  mutable uint64_t owners_ = 0;
};

// Thread: one, for all that own the same object.
template <class T>
class LocalPtr {
 public:
  LocalPtr() = default;
  LocalPtr(std::nullptr_t) {}
  template <class... Arguments>
  static LocalPtr Make(Arguments&&... arguments) {
    return LocalPtr(new T{std::forward<Arguments>(arguments)...});
  }
  LocalPtr(const LocalPtr& other) : object_(other.object_) {
    if (object_ != nullptr) ++object_->owners_;
  }
  LocalPtr(LocalPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  // What was made may be looked at only from now on.
  template <class U>
  requires std::is_same_v<T, const U> LocalPtr(LocalPtr<U> other)
  noexcept : object_(std::exchange(other.object_, nullptr)) {}
  LocalPtr& operator=(LocalPtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~LocalPtr() {
    if (object_ != nullptr && --object_->owners_ == 0) delete object_;
  }

  explicit operator bool() const { return object_ != nullptr; }
  T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  friend bool operator==(const LocalPtr& a, const LocalPtr& b) { return a.object_ == b.object_; }
  friend bool operator==(const LocalPtr& a, std::nullptr_t) { return a.object_ == nullptr; }

 private:
  template <class U>
  friend class LocalPtr;

  explicit LocalPtr(T* made) : object_(made) { ++object_->owners_; }

  T* object_ = nullptr;
};

}  // namespace skerry
