// What the disk tier writes, byte for byte; docs/disk-format.md explains it. Pure
// functions over values. Whatever is decoded came from a disk and may be anything:
// a decoder answers with a value or with nothing, and never reads beyond its input.
//
// Integers are little-endian, except in keys, where big-endian makes RocksDB's
// order the order of numbers.
//
//   chunk := magic u32 | number u32 | fill u64 | position u64
//          | head_size u32 | body_size u32 | check u64        (40 bytes)
//          | head (number 0 only) | body
//   check := XXH3(body, seed XXH3(head, seed XXH3(first 32 bytes, seed
//            fill + number * 0x9E3779B97F4A7C15)))
//
//   head  := key | variant_text | variant_hash u64 | vary | status u32
//          | fields | client_fields | request_time i64 ms | response_time i64 ms
//          | initial_age i64 s | lifetimes | tags | seq u64 | local u64
//          | content_hashed u8
//   vary          := any u8 | count u32 | name*
//   fields        := count u32 | (name value)*
//   client_fields := 0 (none) | 1 (all of fields) | 2 bit* (those of fields whose
//                    bit is set, lowest bit first) | 3 fields
//   lifetimes     := fresh i64 | swr i64 | sie i64 | flags u8 | count u32 | name*
//   tags          := count u32 | u64*
//   key, name, value, variant_text := length u32 | bytes
//
//   row key := key.high be64 | key.low be64 | variant_hash be64
//   row     := version u8 (1) | fill u64 | body_size u64 | seq u64
//            | runs u32 | (first u64, count u32)* | vary | trailers as fields
//            | check u64 (XXH3 of all before it, seed XXH3(row key))
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cache/entry.h"

namespace skerry::cache::disk {

// The version in the file FORMAT; a store of a newer one is refused.
inline constexpr uint32_t kFormatVersion = 2;

inline constexpr size_t kChunkHeaderBytes = 40;
// No stored body is larger: an index row has forty bits for it.
inline constexpr uint64_t kLargestBody = (uint64_t{1} << 40) - 1;

// What names a chunk: what a reader expects and a writer states.
struct ChunkName {
  uint64_t fill_id = 0;
  uint64_t position = 0;
  uint32_t number = 0;
};

// The 40 bytes in front of `head` and `body`. REQUIRES: head is empty but for number 0.
std::string EncodeChunkHeader(const ChunkName& name, std::string_view head, std::string_view body);

// What a header says of its chunk, unverified: for finding the next one.
struct ParsedChunkHeader {
  ChunkName name;
  uint64_t size = 0;  // with the header
};
// Nothing if it is none, or too long for a chunk.
std::optional<ParsedChunkHeader> ParseChunkHeader(std::string_view bytes);

struct ParsedChunk {
  std::string_view head;
  std::string_view body;
};
// Nothing unless `bytes` is exactly that chunk and its checksum agrees.
std::optional<ParsedChunk> DecodeChunk(std::string_view bytes, const ChunkName& expected);

std::string EncodeHead(const StoredHead& head);
std::optional<StoredHead> DecodeHead(std::string_view bytes);

// What CF meta knows of a response: where it lies, and what was known only at its end.
struct MetaRow {
  uint64_t fill_id = 0;
  uint64_t body_size = 0;
  Seq seq = 0;
  std::vector<uint64_t> positions;  // one a chunk; never empty
  VaryNames vary;
  http::Fields trailers;
  bool operator==(const MetaRow&) const = default;
};

// The positions of a body that lies in one run from this one on.
std::vector<uint64_t> RunFrom(uint64_t first, uint64_t body_size);
// Is that all there is to it: the chunks lie in one run, and no trailers follow?
bool IsPlainRun(const MetaRow& row);

inline constexpr size_t kRowKeyBytes = 24;
std::string RowKey(const Hash128& key, uint64_t variant_hash);
// The first 16 bytes of the row keys of all variants of this key.
std::string RowPrefix(const Hash128& key);
struct ParsedRowKey {
  Hash128 key;
  uint64_t variant_hash = 0;
};
std::optional<ParsedRowKey> ParseRowKey(std::string_view bytes);

std::string EncodeRow(std::string_view row_key, const MetaRow& row);
std::optional<MetaRow> DecodeRow(std::string_view row_key, std::string_view bytes);

// Chunks that a body of this size has: at least one, for chunk 0 carries the head.
size_t ChunkCount(uint64_t body_size);
// Body bytes of chunk `number` of a body of this size.
size_t ChunkBodySize(uint64_t body_size, size_t number);

// The file FORMAT: "skerry-disk 2 <16 hex digits of XXH3 of what is before>\n".
std::string EncodeFormatFile(uint32_t version);
// Nothing for a file that is damaged.
std::optional<uint32_t> DecodeFormatFile(std::string_view text);

}  // namespace skerry::cache::disk
