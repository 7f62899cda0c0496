#include "core/http/server/h2_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace skerry::http {
namespace {

#if defined(__SANITIZE_ADDRESS__)  // gcc
constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
#else
constexpr bool kAddressSanitizer = false;
#endif

// block := size u64 | padding to 16 bytes | what nghttp2 sees
constexpr size_t kHeader = 16;
constexpr size_t kClassBytes = 32;
constexpr size_t kClasses = 33;      // up to 1 KiB, header included
constexpr size_t kBlocksKept = 256;  // of one class, per thread
constexpr size_t kPage = 4096;
constexpr size_t kFrameAtLeast = 16 * 1024;
constexpr size_t kFrameBytes = 20 * 1024;  // a frame buffer, in whole pages
constexpr size_t kTableBytes = kPage;      // of streams, before it grows
constexpr size_t kRingBytes = 1024;        // a table of HPACK, before it grows
constexpr size_t kSlotsAtOnce = 64;
constexpr size_t kSlotAlignment = kRingBytes;  // of all slots

// Slots of whole pages, or of parts of pages. Pages are given to a thread for good; which
// connections use them changes.
class Slots {
 public:
  explicit Slots(size_t bytes) : bytes_(bytes), alignment_(std::min(bytes, kPage)) {}

  void* Take() {
    if (free_.empty() && !Grow()) return nullptr;
    void* const slot = free_.back();
    free_.pop_back();
    return slot;
  }
  // False: it is none of ours.
  bool Return(void* block) {
    if (!Owns(block)) return false;
    free_.push_back(block);
    return true;
  }
  bool Owns(const void* block) const {
    if (reinterpret_cast<uintptr_t>(block) % alignment_ != 0) return false;
    const auto* at = static_cast<const char*>(block);
    return std::any_of(areas_.begin(), areas_.end(), [&](const char* area) {
      return at >= area && at < area + kSlotsAtOnce * bytes_;
    });
  }

 private:
  bool Grow() {
    const size_t bytes = kSlotsAtOnce * bytes_;
    void* const area =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) return false;
    // Huge pages would be touched as a whole.
    madvise(area, bytes, MADV_NOHUGEPAGE);
    areas_.push_back(static_cast<char*>(area));
    for (size_t i = kSlotsAtOnce; i > 0; --i) free_.push_back(areas_.back() + (i - 1) * bytes_);
    return true;
  }

  const size_t bytes_;
  const size_t alignment_;
  std::vector<char*> areas_;
  std::vector<void*> free_;
};

void GiveBack(void* pages, size_t bytes) {
  if (pages != nullptr) madvise(pages, bytes, MADV_DONTNEED);
}

bool IsZero(const void* bytes, size_t size) {
  const auto* first = static_cast<const char*>(bytes);
  return *first == 0 && memcmp(first, first + 1, size - 1) == 0;
}

}  // namespace

class H2ThreadMemory {
 public:
  ~H2ThreadMemory() {
    for (Kept& kept : kept_) {
      while (void* const block = kept.Take()) free(block);
    }
  }

  static H2ThreadMemory& Mine() {
    thread_local H2ThreadMemory memory;
    return memory;
  }

  void* Allocate(size_t size) {
    const size_t whole = size + kHeader;
    const size_t number = ClassOf(whole);
    void* const block = number < kClasses ? Small(number) : malloc(whole);
    if (block == nullptr) return nullptr;
    memcpy(block, &size, sizeof(size));
    return static_cast<char*>(block) + kHeader;
  }

  // REQUIRES: it is none of the slots'.
  void Free(void* seen) {
    void* const block = static_cast<char*>(seen) - kHeader;
    const size_t number = ClassOf(SizeOfBlock(seen) + kHeader);
    if (number >= kClasses || !kept_[number].Put(block)) free(block);
  }

  bool ReturnSlot(void* seen) {
    return frames.Return(seen) || tables.Return(seen) || unused_rings.Return(seen) ||
           rings.Return(seen);
  }

  size_t SizeOf(const void* seen) const {
    if (frames.Owns(seen)) return kFrameBytes;
    if (tables.Owns(seen)) return kTableBytes;
    if (unused_rings.Owns(seen) || rings.Owns(seen)) return kRingBytes;
    return SizeOfBlock(seen);
  }

  Slots frames{kFrameBytes};
  Slots tables{kTableBytes};
  Slots unused_rings{kRingBytes};
  Slots rings{kRingBytes};

 private:
  // Free blocks of a class, each of which knows the next one.
  class Kept {
   public:
    void* Take() {
      void* const block = first_;
      if (block == nullptr) return nullptr;
      memcpy(&first_, block, sizeof(first_));
      --count_;
      return block;
    }
    // False: there are enough.
    bool Put(void* block) {
      if (count_ == kBlocksKept) return false;
      memcpy(block, &first_, sizeof(first_));
      first_ = block;
      ++count_;
      return true;
    }

   private:
    void* first_ = nullptr;
    size_t count_ = 0;
  };

  static size_t SizeOfBlock(const void* seen) {
    size_t size = 0;
    memcpy(&size, static_cast<const char*>(seen) - kHeader, sizeof(size));
    return size;
  }
  static size_t ClassOf(size_t whole) { return (whole + kClassBytes - 1) / kClassBytes; }

  void* Small(size_t number) {
    void* const block = kept_[number].Take();
    return block != nullptr ? block : malloc(number * kClassBytes);
  }

  std::array<Kept, kClasses> kept_;
};

// What nghttp2 calls.
struct H2MemoryFunctions {
  static void* Allocate(size_t size, void* user) {
    auto& self = *static_cast<H2Memory*>(user);
    if (size < kRingBytes) return self.thread_.Allocate(size);
    if (size == kRingBytes) {
      if (self.ring_ != nullptr) return self.thread_.rings.Take();
      return self.ring_ = self.thread_.unused_rings.Take();
    }
    const bool frame = size >= kFrameAtLeast && size <= kFrameBytes;
    if (!frame || self.frame_buffer_ != nullptr) return self.thread_.Allocate(size);
    return self.frame_buffer_ = self.thread_.frames.Take();
  }

  static void Free(void* block, void* user) {
    if (block == nullptr) return;
    auto& self = *static_cast<H2Memory*>(user);
    if (reinterpret_cast<uintptr_t>(block) % kSlotAlignment == 0) {
      if (block == self.frame_buffer_) self.frame_buffer_ = nullptr;
      if (block == self.table_) self.table_ = nullptr;
      if (block == self.ring_) self.ring_ = nullptr;
      if (self.thread_.ReturnSlot(block)) return;
    }
    self.thread_.Free(block);
  }

  static void* AllocateZeroed(size_t count, size_t size, void* user) {
    if (size != 0 && count > SIZE_MAX / size) return nullptr;
    auto& self = *static_cast<H2Memory*>(user);
    const bool table = count * size == kTableBytes && self.table_ == nullptr;
    if (table) self.table_ = self.thread_.tables.Take();
    void* const block = table ? self.table_ : Allocate(count * size, user);
    if (block != nullptr) memset(block, 0, count * size);
    return block;
  }

  static void* Reallocate(void* block, size_t size, void* user) {
    if (block == nullptr) return Allocate(size, user);
    const size_t had = static_cast<H2Memory*>(user)->thread_.SizeOf(block);
    void* const moved = Allocate(size, user);
    if (moved == nullptr) return nullptr;
    memcpy(moved, block, had < size ? had : size);
    Free(block, user);
    return moved;
  }
};

H2Memory::H2Memory()
    : functions_{this, H2MemoryFunctions::Allocate, H2MemoryFunctions::Free,
                 H2MemoryFunctions::AllocateZeroed, H2MemoryFunctions::Reallocate},
      thread_(H2ThreadMemory::Mine()) {}

nghttp2_mem* H2Memory::functions() { return kAddressSanitizer ? nullptr : &functions_; }

void H2Memory::Rest() {
  GiveBack(frame_buffer_, kFrameBytes);
  if (table_ != nullptr && IsZero(table_, kTableBytes)) GiveBack(table_, kTableBytes);
}

}  // namespace skerry::http
