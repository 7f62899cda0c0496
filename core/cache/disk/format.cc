#include "core/cache/disk/format.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

#include "core/base/digest.h"
#include "core/base/result.h"

namespace skerry::cache::disk {
namespace {

constexpr uint32_t kChunkMagic = 0x31436b53;  // "SkC1"
constexpr uint8_t kRowVersion = 1;

// How client_fields relate to fields.
enum ClientFields : uint8_t { kNone, kSame, kSubset, kOwn };

enum LifetimeFlags : uint8_t {
  kExplicitFresh = 1,
  kValidateAlways = 2,
  kMustRevalidate = 4,
  kImmutable = 8,
};

uint64_t CheckOf(std::string_view first32, const ChunkName& name, std::string_view head,
                 std::string_view body) {
  const uint64_t seed = name.fill_id + name.number * 0x9E3779B97F4A7C15;
  return Xxh3(body, Xxh3(head, Xxh3(first32, seed)));
}

void PutU8(std::string& to, uint8_t value) { to.push_back(static_cast<char>(value)); }
void PutI64(std::string& to, int64_t value) { PutLe64(to, static_cast<uint64_t>(value)); }
int64_t I64(ByteReader& from) { return static_cast<int64_t>(from.Le64()); }

// A count is believed only if the rest could hold that many.
size_t Count(ByteReader& from, size_t least_bytes_each) {
  const size_t count = from.Le32();
  if (count <= from.rest().size() / least_bytes_each) return count;
  from.Take(from.rest().size() + 1);  // not ok() from here on
  return 0;
}

void PutNames(std::string& to, const std::vector<std::string>& names) {
  PutLe32(to, static_cast<uint32_t>(names.size()));
  for (const std::string& name : names) PutSized(to, name);
}

std::vector<std::string> Names(ByteReader& from) {
  std::vector<std::string> names(Count(from, 4));
  for (std::string& name : names) name = from.Sized();
  return names;
}

void PutVary(std::string& to, const VaryNames& vary) {
  PutU8(to, vary.any);
  PutNames(to, vary.names);
}

VaryNames Vary(ByteReader& from) {
  VaryNames vary;
  vary.any = from.U8() != 0;
  vary.names = Names(from);
  return vary;
}

void PutFields(std::string& to, const http::Fields& fields) {
  PutLe32(to, static_cast<uint32_t>(fields.size()));
  for (const http::Field& field : fields) {
    PutSized(to, field.name);
    PutSized(to, field.value);
  }
}

http::Fields Fields(ByteReader& from) {
  http::Fields fields;
  for (size_t count = Count(from, 8); count > 0; --count) {
    const std::string_view name = from.Sized();
    fields.Add(name, from.Sized());
  }
  return fields;
}

// Which of `all` are in `some`, in order; nothing if `some` is no part of it.
std::optional<std::string> SubsetBits(const http::Fields& all, const http::Fields& some) {
  std::string bits((all.size() + 7) / 8, '\0');
  auto next = some.begin();
  size_t i = 0;
  for (const http::Field& field : all) {
    if (next != some.end() && *next == field) {
      bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << (i % 8));
      ++next;
    }
    ++i;
  }
  if (next != some.end()) return std::nullopt;
  return bits;
}

void PutClientFields(std::string& to, const StoredHead& head) {
  if (head.client_fields == nullptr) return PutU8(to, kNone);
  if (head.client_fields == head.fields) return PutU8(to, kSame);
  if (const auto bits = SubsetBits(*head.fields, *head.client_fields)) {
    PutU8(to, kSubset);
    to += *bits;
    return;
  }
  PutU8(to, kOwn);
  PutFields(to, *head.client_fields);
}

std::shared_ptr<const http::Fields> TakeClientFields(
    ByteReader& from, const std::shared_ptr<const http::Fields>& fields) {
  switch (from.U8()) {
    case kSame: return fields;
    case kSubset: {
      const std::string_view bits = from.Take((fields->size() + 7) / 8);
      http::Fields some;
      size_t i = 0;
      for (const http::Field& field : *fields) {
        if (!from.ok()) break;
        if ((static_cast<uint8_t>(bits[i / 8]) >> (i % 8) & 1) != 0) {
          some.Add(field.name, field.value);
        }
        ++i;
      }
      return std::make_shared<const http::Fields>(std::move(some));
    }
    case kOwn: return std::make_shared<const http::Fields>(Fields(from));
    default: return nullptr;
  }
}

void PutLifetimes(std::string& to, const Lifetimes& lifetimes) {
  PutI64(to, lifetimes.fresh.count());
  PutI64(to, lifetimes.swr.count());
  PutI64(to, lifetimes.sie.count());
  PutU8(to, static_cast<uint8_t>((lifetimes.explicit_fresh ? kExplicitFresh : 0) |
                                 (lifetimes.validate_always ? kValidateAlways : 0) |
                                 (lifetimes.must_revalidate ? kMustRevalidate : 0) |
                                 (lifetimes.immutable ? kImmutable : 0)));
  PutNames(to, lifetimes.no_cache_fields);
}

Lifetimes TakeLifetimes(ByteReader& from) {
  Lifetimes lifetimes;
  lifetimes.fresh = Seconds(I64(from));
  lifetimes.swr = Seconds(I64(from));
  lifetimes.sie = Seconds(I64(from));
  const uint8_t flags = from.U8();
  lifetimes.explicit_fresh = (flags & kExplicitFresh) != 0;
  lifetimes.validate_always = (flags & kValidateAlways) != 0;
  lifetimes.must_revalidate = (flags & kMustRevalidate) != 0;
  lifetimes.immutable = (flags & kImmutable) != 0;
  lifetimes.no_cache_fields = Names(from);
  return lifetimes;
}

void PutRuns(std::string& to, const std::vector<uint64_t>& positions) {
  std::vector<std::pair<uint64_t, uint32_t>> runs;
  for (const uint64_t position : positions) {
    if (!runs.empty() && runs.back().first + runs.back().second == position) {
      ++runs.back().second;
    } else {
      runs.emplace_back(position, 1);
    }
  }
  PutLe32(to, static_cast<uint32_t>(runs.size()));
  for (const auto& [first, count] : runs) {
    PutLe64(to, first);
    PutLe32(to, count);
  }
}

// `expected` bounds what a few bytes can make us allocate.
std::vector<uint64_t> TakeRuns(ByteReader& from, size_t expected) {
  std::vector<uint64_t> positions;
  for (size_t runs = Count(from, 12); runs > 0; --runs) {
    const uint64_t first = from.Le64();
    const uint32_t count = from.Le32();
    if (count > expected - positions.size()) return {};
    for (uint32_t i = 0; i < count; ++i) positions.push_back(first + i);
  }
  return positions;
}

}  // namespace

std::string EncodeChunkHeader(const ChunkName& name, std::string_view head, std::string_view body) {
  std::string header;
  header.reserve(kChunkHeaderBytes);
  PutLe32(header, kChunkMagic);
  PutLe32(header, name.number);
  PutLe64(header, name.fill_id);
  PutLe64(header, name.position);
  PutLe32(header, static_cast<uint32_t>(head.size()));
  PutLe32(header, static_cast<uint32_t>(body.size()));
  PutLe64(header, CheckOf(header, name, head, body));
  return header;
}

std::optional<ParsedChunkHeader> ParseChunkHeader(std::string_view bytes) {
  // A head is a response's fields, far below this.
  constexpr uint64_t kLargestHead = 16_MiB;
  ByteReader from(bytes.substr(0, kChunkHeaderBytes));
  const bool magic = from.Le32() == kChunkMagic;
  ParsedChunkHeader header;
  header.name.number = from.Le32();
  header.name.fill_id = from.Le64();
  header.name.position = from.Le64();
  const uint64_t head = from.Le32(), body = from.Le32();
  from.Le64();
  if (!from.ok() || !magic || head > kLargestHead || body > kChunkBytes) return std::nullopt;
  header.size = kChunkHeaderBytes + head + body;
  return header;
}

std::optional<ParsedChunk> DecodeChunk(std::string_view bytes, const ChunkName& expected) {
  ByteReader reader(bytes);
  const bool named = reader.Le32() == kChunkMagic && reader.Le32() == expected.number &&
                     reader.Le64() == expected.fill_id && reader.Le64() == expected.position;
  if (!named) return std::nullopt;
  const uint32_t head_size = reader.Le32();
  const uint32_t body_size = reader.Le32();
  const uint64_t check = reader.Le64();
  ParsedChunk chunk;
  chunk.head = reader.Take(head_size);
  chunk.body = reader.Take(body_size);
  if (!reader.AtEnd()) return std::nullopt;
  if (check != CheckOf(bytes.substr(0, 32), expected, chunk.head, chunk.body)) return std::nullopt;
  return chunk;
}

std::string EncodeHead(const StoredHead& head) {
  SKERRY_CHECK(head.fields != nullptr);
  std::string to;
  to.reserve(512 + head.key.text.size() + head.fields->ByteSize());
  PutSized(to, head.key.text);
  PutSized(to, head.variant_text);
  PutLe64(to, head.variant_hash);
  PutVary(to, head.vary);
  PutLe32(to, static_cast<uint32_t>(head.status));
  PutFields(to, *head.fields);
  PutClientFields(to, head);
  PutI64(to, head.request_time.time_since_epoch().count());
  PutI64(to, head.response_time.time_since_epoch().count());
  PutI64(to, head.initial_age.count());
  PutLifetimes(to, head.lifetimes);
  PutLe32(to, static_cast<uint32_t>(head.tags.size()));
  for (const uint64_t tag : head.tags) PutLe64(to, tag);
  PutLe64(to, head.stamp.seq);
  PutLe64(to, head.stamp.local);
  PutU8(to, head.content_hashed);
  return to;
}

std::optional<StoredHead> DecodeHead(std::string_view bytes) {
  ByteReader from(bytes);
  StoredHead head;
  head.key = Key::Of(std::string(from.Sized()));
  head.variant_text = from.Sized();
  head.variant_hash = from.Le64();
  head.vary = Vary(from);
  head.status = static_cast<int>(from.Le32());
  head.fields = std::make_shared<const http::Fields>(Fields(from));
  head.client_fields = TakeClientFields(from, head.fields);
  head.request_time = WallTime(Millis(I64(from)));
  head.response_time = WallTime(Millis(I64(from)));
  head.initial_age = Seconds(I64(from));
  head.lifetimes = TakeLifetimes(from);
  std::vector<uint64_t> tags(Count(from, 8));
  for (uint64_t& tag : tags) tag = from.Le64();
  head.tags = tags;
  head.stamp.seq = from.Le64();
  head.stamp.local = from.Le64();
  head.content_hashed = from.U8() != 0;
  if (!from.AtEnd()) return std::nullopt;
  return head;
}

std::string RowPrefix(const Hash128& key) {
  std::string bytes;
  PutBe64(bytes, key.high);
  PutBe64(bytes, key.low);
  return bytes;
}

std::vector<uint64_t> RunFrom(uint64_t first, uint64_t body_size) {
  std::vector<uint64_t> positions(ChunkCount(body_size));
  std::iota(positions.begin(), positions.end(), first);
  return positions;
}

bool IsPlainRun(const MetaRow& row) {
  return row.trailers.empty() && row.positions == RunFrom(row.positions.front(), row.body_size);
}

std::string RowKey(const Hash128& key, uint64_t variant_hash) {
  std::string bytes = RowPrefix(key);
  PutBe64(bytes, variant_hash);
  return bytes;
}

std::optional<ParsedRowKey> ParseRowKey(std::string_view bytes) {
  ByteReader from(bytes);
  ParsedRowKey parsed;
  parsed.key.high = from.Be64();
  parsed.key.low = from.Be64();
  parsed.variant_hash = from.Be64();
  if (!from.AtEnd()) return std::nullopt;
  return parsed;
}

std::string EncodeRow(std::string_view row_key, const MetaRow& row) {
  std::string to;
  PutU8(to, kRowVersion);
  PutLe64(to, row.fill_id);
  PutLe64(to, row.body_size);
  PutLe64(to, row.seq);
  PutRuns(to, row.positions);
  PutVary(to, row.vary);
  PutFields(to, row.trailers);
  PutLe64(to, Xxh3(to, Xxh3(row_key)));
  return to;
}

std::optional<MetaRow> DecodeRow(std::string_view row_key, std::string_view bytes) {
  if (bytes.size() < 8) return std::nullopt;
  const std::string_view checked = bytes.substr(0, bytes.size() - 8);
  ByteReader check(bytes.substr(checked.size()));
  if (check.Le64() != Xxh3(checked, Xxh3(row_key))) return std::nullopt;
  ByteReader from(checked);
  if (from.U8() != kRowVersion) return std::nullopt;
  MetaRow row;
  row.fill_id = from.Le64();
  row.body_size = from.Le64();
  row.seq = from.Le64();
  if (row.body_size > kLargestBody) return std::nullopt;
  row.positions = TakeRuns(from, ChunkCount(row.body_size));
  row.vary = Vary(from);
  row.trailers = Fields(from);
  if (!from.AtEnd() || row.positions.size() != ChunkCount(row.body_size)) return std::nullopt;
  return row;
}

size_t ChunkCount(uint64_t body_size) {
  return body_size == 0 ? 1 : (body_size - 1) / kChunkBytes + 1;
}

size_t ChunkBodySize(uint64_t body_size, size_t number) {
  const uint64_t before = uint64_t{number} * kChunkBytes;
  if (before >= body_size) return 0;
  return std::min<uint64_t>(kChunkBytes, body_size - before);
}

std::string EncodeFormatFile(uint32_t version) {
  std::string text = "skerry-disk " + std::to_string(version) + " ";
  std::string check;
  PutBe64(check, Xxh3(text));
  return text + ToHex(check) + "\n";
}

std::optional<uint32_t> DecodeFormatFile(std::string_view text) {
  constexpr std::string_view kBegin = "skerry-disk ";
  if (!text.starts_with(kBegin)) return std::nullopt;
  uint32_t version = 0;
  const auto [end, error] =
      std::from_chars(text.data() + kBegin.size(), text.data() + text.size(), version);
  if (error != std::errc() || text != EncodeFormatFile(version)) return std::nullopt;
  return version;
}

}  // namespace skerry::cache::disk
