#include "core/gateway/digest_field.h"

#include <algorithm>
#include <charconv>

#include "core/http/structured.h"

namespace skerry::gateway {

namespace structured = http::structured;

std::optional<uint64_t> ContentLength(const http::Fields& fields) {
  const auto text = fields.Find("content-length");
  if (!text) return std::nullopt;
  uint64_t length = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return length;
}

namespace {

std::optional<Sha256Digest> DigestOf(const http::Fields& fields, std::string_view name) {
  const auto text = fields.Combined(name);
  if (!text) return std::nullopt;
  const auto parsed = structured::ParseDictionary(*text);
  if (!parsed) return std::nullopt;
  const auto* bytes = structured::As<structured::Bytes>(structured::Find(*parsed, "sha-256"));
  if (bytes == nullptr || bytes->bytes.size() != 32) return std::nullopt;
  Sha256Digest digest;
  std::copy(bytes->bytes.begin(), bytes->bytes.end(), digest.bytes.begin());
  return digest;
}

}  // namespace

std::vector<Sha256Digest> BodyDigests(const http::Fields& fields) {
  std::vector<Sha256Digest> digests;
  if (const auto content = DigestOf(fields, "content-digest")) digests.push_back(*content);
  if (fields.Has("content-range")) return digests;
  if (const auto whole = DigestOf(fields, "repr-digest")) digests.push_back(*whole);
  return digests;
}

}  // namespace skerry::gateway
