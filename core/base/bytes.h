// Bytes that many may read: the unit in which bodies are kept, filled and sent.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace skerry {

using ByteCount = uint64_t;

constexpr ByteCount operator""_KiB(unsigned long long n) { return n << 10; }
constexpr ByteCount operator""_MiB(unsigned long long n) { return n << 20; }
constexpr ByteCount operator""_GiB(unsigned long long n) { return n << 30; }

// A counted reference to immutable bytes, or to a part of them. Copying shares;
// nothing is ever written through a Chunk once a second reference exists.
// Empty chunks hold no memory.
//
// Thread: any; the count is atomic.
class Chunk {
 public:
  Chunk() = default;
  Chunk(const Chunk& other);
  Chunk(Chunk&& other) noexcept;
  Chunk& operator=(Chunk other) noexcept;
  ~Chunk();

  static Chunk Copy(std::string_view bytes);
  // `size` bytes to be filled through `*out` before the chunk is shared.
  static Chunk Uninitialized(size_t size, char** out);
  // Takes over memory owned by someone else (a pinned cache block, a mapping):
  // `release(owner)` is called once, on whichever thread drops the last reference.
  static Chunk Adopt(std::string_view bytes, void* owner, void (*release)(void*));

  std::string_view view() const { return {data_, size_}; }
  const char* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // [from, from + count), sharing the memory. REQUIRES: from + count <= size().
  Chunk Slice(size_t from, size_t count) const;

 private:
  struct Block;
  Chunk(Block* block, const char* data, size_t size) : block_(block), data_(data), size_(size) {}

  Block* block_ = nullptr;
  const char* data_ = nullptr;
  size_t size_ = 0;
};

// Little- and big-endian integers in strings, for formats.
void PutLe32(std::string& to, uint32_t value);
void PutLe64(std::string& to, uint64_t value);
void PutBe64(std::string& to, uint64_t value);
// Appends length as u32 and the bytes.
void PutSized(std::string& to, std::string_view bytes);

// Reads from the front of a view; a short or malformed input turns ok() false
// and every later read returns zero or empty. Never reads outside the view.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  uint8_t U8();
  uint32_t Le32();
  uint64_t Le64();
  uint64_t Be64();
  std::string_view Take(size_t count);
  std::string_view Sized();
  std::string_view rest() const { return rest_; }
  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace skerry
