#include "core/http/h2_memory.h"

#include <sys/mman.h>

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
constexpr size_t kClassBytes = 64;
constexpr size_t kClasses = 17;           // up to 1 KiB, header included
constexpr size_t kBlocksKept = 256;       // of one class, per thread
constexpr size_t kSlotBytes = 20 * 1024;  // a frame buffer with its header, in whole pages
constexpr size_t kSlotAtLeast = 16 * 1024;
constexpr size_t kSlotsAtOnce = 64;

class ThreadMemory {
 public:
  ~ThreadMemory() {
    for (const std::vector<void*>& blocks : free_) {
      for (void* block : blocks) free(block);
    }
  }

  void* Allocate(size_t size) {
    const size_t whole = size + kHeader;
    void* block = nullptr;
    if (ClassOf(whole) < kClasses) {
      block = Small(ClassOf(whole));
    } else if (IsSlot(whole)) {
      block = Slot();
    } else {
      block = malloc(whole);
    }
    if (block == nullptr) return nullptr;
    memcpy(block, &size, sizeof(size));
    return static_cast<char*>(block) + kHeader;
  }

  void Free(void* seen) {
    if (seen == nullptr) return;
    void* const block = static_cast<char*>(seen) - kHeader;
    const size_t whole = SizeOf(seen) + kHeader;
    if (const size_t number = ClassOf(whole); number < kClasses) {
      if (free_[number].size() == kBlocksKept) return free(block);
      free_[number].push_back(block);
    } else if (IsSlot(whole)) {
      slots_.push_back(block);
    } else {
      free(block);
    }
  }

  static size_t SizeOf(const void* seen) {
    size_t size = 0;
    memcpy(&size, static_cast<const char*>(seen) - kHeader, sizeof(size));
    return size;
  }

 private:
  static size_t ClassOf(size_t whole) { return (whole + kClassBytes - 1) / kClassBytes; }
  static bool IsSlot(size_t whole) { return whole >= kSlotAtLeast && whole <= kSlotBytes; }

  void* Small(size_t number) {
    std::vector<void*>& blocks = free_[number];
    if (blocks.empty()) return malloc(number * kClassBytes);
    void* const block = blocks.back();
    blocks.pop_back();
    return block;
  }

  // Pages are given to a thread for good; which connections use them changes.
  void* Slot() {
    if (slots_.empty()) {
      void* const pages = mmap(nullptr, kSlotsAtOnce * kSlotBytes, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (pages == MAP_FAILED) return nullptr;
      // Huge pages would be touched as a whole.
      madvise(pages, kSlotsAtOnce * kSlotBytes, MADV_NOHUGEPAGE);
      for (size_t i = kSlotsAtOnce; i > 0; --i) {
        slots_.push_back(static_cast<char*>(pages) + (i - 1) * kSlotBytes);
      }
    }
    void* const slot = slots_.back();
    slots_.pop_back();
    return slot;
  }

  std::array<std::vector<void*>, kClasses> free_;
  std::vector<void*> slots_;
};

ThreadMemory& Mine() {
  thread_local ThreadMemory memory;
  return memory;
}

void* Allocate(size_t size, void*) { return Mine().Allocate(size); }
void Free(void* block, void*) { Mine().Free(block); }

void* AllocateZeroed(size_t count, size_t size, void*) {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* const block = Mine().Allocate(count * size);
  if (block != nullptr) memset(block, 0, count * size);
  return block;
}

void* Reallocate(void* block, size_t size, void*) {
  if (block == nullptr) return Mine().Allocate(size);
  const size_t had = ThreadMemory::SizeOf(block);
  void* const moved = Mine().Allocate(size);
  if (moved == nullptr) return nullptr;
  memcpy(moved, block, had < size ? had : size);
  Mine().Free(block);
  return moved;
}

}  // namespace

nghttp2_mem* H2Memory() {
  static nghttp2_mem memory = {nullptr, Allocate, Free, AllocateZeroed, Reallocate};
  return kAddressSanitizer ? nullptr : &memory;
}

}  // namespace skerry::http
