#include "core/base/bytes.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "core/base/result.h"

namespace skerry {

// Either followed by its bytes in the same allocation, or the keeper of someone
// else's memory.
struct Chunk::Block {
  std::atomic<uint32_t> references{1};
  void* owner = nullptr;
  void (*release)(void*) = nullptr;
};

Chunk::Chunk(const Chunk& other) : block_(other.block_), data_(other.data_), size_(other.size_) {
  if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
}

Chunk::Chunk(Chunk&& other) noexcept
    : block_(std::exchange(other.block_, nullptr)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Chunk& Chunk::operator=(Chunk other) noexcept {
  std::swap(block_, other.block_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Chunk::~Chunk() {
  if (block_ == nullptr) return;
  if (block_->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (block_->release != nullptr) block_->release(block_->owner);
  block_->~Block();
  std::free(block_);
}

Chunk Chunk::Uninitialized(size_t size, char** out) {
  if (size == 0) {
    *out = nullptr;
    return {};
  }
  void* memory = std::malloc(sizeof(Block) + size);
  SKERRY_CHECK(memory != nullptr);
  Block* block = new (memory) Block;
  char* data = static_cast<char*>(memory) + sizeof(Block);
  *out = data;
  return Chunk(block, data, size);
}

Chunk Chunk::Copy(std::string_view bytes) {
  char* out = nullptr;
  Chunk chunk = Uninitialized(bytes.size(), &out);
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  return chunk;
}

Chunk Chunk::Adopt(std::string_view bytes, void* owner, void (*release)(void*)) {
  void* memory = std::malloc(sizeof(Block));
  SKERRY_CHECK(memory != nullptr);
  Block* block = new (memory) Block;
  block->owner = owner;
  block->release = release;
  return Chunk(block, bytes.data(), bytes.size());
}

Chunk Chunk::Slice(size_t from, size_t count) const {
  SKERRY_CHECK(from <= size_ && count <= size_ - from);
  Chunk part(*this);
  part.data_ += from;
  part.size_ = count;
  return part;
}

namespace {

template <class T>
void PutLittle(std::string& to, T value) {
  char bytes[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  to.append(bytes, sizeof(T));
}

template <class T>
T GetLittle(std::string_view from) {
  T value = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    value |= static_cast<T>(static_cast<uint8_t>(from[i])) << (8 * i);
  }
  return value;
}

}  // namespace

void PutLe32(std::string& to, uint32_t value) { PutLittle(to, value); }
void PutLe64(std::string& to, uint64_t value) { PutLittle(to, value); }
void PutBe64(std::string& to, uint64_t value) { PutLittle(to, __builtin_bswap64(value)); }
void PutSized(std::string& to, std::string_view bytes) {
  PutLe32(to, static_cast<uint32_t>(bytes.size()));
  to.append(bytes);
}

std::string_view ByteReader::Take(size_t count) {
  if (!ok_ || count > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

uint8_t ByteReader::U8() { return GetLittle<uint8_t>(Take(1)); }
uint32_t ByteReader::Le32() { return GetLittle<uint32_t>(Take(4)); }
uint64_t ByteReader::Le64() { return GetLittle<uint64_t>(Take(8)); }
uint64_t ByteReader::Be64() { return __builtin_bswap64(Le64()); }
std::string_view ByteReader::Sized() { return Take(Le32()); }

}  // namespace skerry
