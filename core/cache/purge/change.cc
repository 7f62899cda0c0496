#include "core/cache/purge/change.h"

#include <utility>

#include "core/base/bytes.h"
#include "core/base/digest.h"

namespace skerry::cache {
namespace {

constexpr std::string_view kMagic = "SKTAIL01";
constexpr uint8_t kSoft = 1;
constexpr uint8_t kAll = 2;

// Behind the last of the scopes from `begin` on that share its wider one.
size_t EndOfRun(const std::vector<Change::Scope>& scopes, size_t begin) {
  size_t end = begin;
  while (end < scopes.size() && scopes[end].wider == scopes[begin].wider) ++end;
  return end;
}

void PutScopes(std::string& to, const std::vector<Change::Scope>& scopes) {
  uint32_t runs = 0;
  for (size_t at = 0; at < scopes.size(); at = EndOfRun(scopes, at)) ++runs;
  PutLe32(to, runs);
  for (size_t at = 0; at < scopes.size();) {
    const size_t end = EndOfRun(scopes, at);
    PutLe64(to, scopes[at].wider);
    PutLe32(to, static_cast<uint32_t>(end - at));
    for (; at < end; ++at) PutLe64(to, scopes[at].hash);
  }
}

void PutChange(std::string& to, const Change& change) {
  PutLe64(to, change.seq);
  to += static_cast<char>((change.mode == PurgeMode::kSoft ? kSoft : 0) | (change.all ? kAll : 0));
  PutScopes(to, change.scopes);
  PutLe32(to, static_cast<uint32_t>(change.prefixes.size()));
  for (const Change::Prefix& prefix : change.prefixes) {
    PutSized(to, prefix.text);
    PutLe64(to, prefix.wider);
  }
}

Change TakeChange(ByteReader& from) {
  Change change;
  change.seq = from.Le64();
  const uint8_t flags = from.U8();
  if ((flags & kSoft) != 0) change.mode = PurgeMode::kSoft;
  change.all = (flags & kAll) != 0;
  for (uint32_t runs = from.Le32(); runs > 0 && from.ok(); --runs) {
    const uint64_t wider = from.Le64();
    for (uint32_t left = from.Le32(); left > 0 && from.ok(); --left) {
      change.scopes.push_back({from.Le64(), wider});
    }
  }
  for (uint32_t left = from.Le32(); left > 0 && from.ok(); --left) {
    std::string text(from.Sized());
    change.prefixes.push_back({std::move(text), from.Le64()});
  }
  return change;
}

}  // namespace

std::string EncodeChanges(const std::vector<Change>& changes) {
  std::string bytes(kMagic);
  for (const Change& change : changes) PutChange(bytes, change);
  PutLe64(bytes, Xxh3(bytes));
  return bytes;
}

std::optional<std::vector<Change>> DecodeChanges(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + 8) return std::nullopt;
  const std::string_view body = bytes.substr(0, bytes.size() - 8);
  ByteReader sum(bytes.substr(body.size()));
  ByteReader from(body);
  if (from.Take(kMagic.size()) != kMagic || sum.Le64() != Xxh3(body)) return std::nullopt;
  std::vector<Change> changes;
  while (from.ok() && !from.AtEnd()) changes.push_back(TakeChange(from));
  if (!from.ok()) return std::nullopt;
  return changes;
}

}  // namespace skerry::cache
