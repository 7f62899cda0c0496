#include "core/gateway/digest_field.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/http/structured.h"

namespace skerry::gateway {

namespace structured = http::structured;

using Algorithm = BodyDigest::Algorithm;

std::optional<uint64_t> ContentLength(const http::Fields& fields) {
  const auto text = fields.Find("content-length");
  if (!text) return std::nullopt;
  uint64_t length = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return length;
}

namespace {

struct Known {
  Algorithm algorithm;
  std::string_view name;
  size_t size;
};
constexpr Known kKnown[] = {{Algorithm::kSha256, "sha-256", 32},
                            {Algorithm::kSha512, "sha-512", 64}};

void AddDigests(const http::Fields& fields, std::string_view name, std::vector<BodyDigest>& to) {
  const auto text = fields.Combined(name);
  if (!text) return;
  const auto parsed = structured::ParseDictionary(*text);
  if (!parsed) return;
  for (const Known& known : kKnown) {
    const auto* bytes = structured::As<structured::Bytes>(structured::Find(*parsed, known.name));
    if (bytes == nullptr || bytes->bytes.size() != known.size) continue;
    to.push_back({known.algorithm, std::string(bytes->bytes.begin(), bytes->bytes.end())});
  }
}

std::vector<BodyDigest> DigestsIn(const http::Fields& fields, bool partial) {
  std::vector<BodyDigest> digests;
  AddDigests(fields, "content-digest", digests);
  if (!partial) AddDigests(fields, "repr-digest", digests);
  return digests;
}

bool AnnouncesDigests(const http::Fields& head) {
  const auto names = head.Combined("trailer");
  if (!names) return false;
  const std::string lower = http::AsciiLower(*names);
  return lower.find("content-digest") != lower.npos || lower.find("repr-digest") != lower.npos;
}

bool Uses(const std::vector<BodyDigest>& digests, Algorithm algorithm) {
  return std::any_of(digests.begin(), digests.end(),
                     [&](const BodyDigest& digest) { return digest.algorithm == algorithm; });
}

}  // namespace

std::vector<BodyDigest> BodyDigests(const http::Fields& fields) {
  return DigestsIn(fields, fields.Has("content-range"));
}

void RemoveOfContent(http::Fields& fields) { fields.Remove("content-digest"); }

std::optional<BodyCheck> BodyCheck::Of(const http::Fields& head) {
  BodyCheck check;
  check.partial_ = head.Has("content-range");
  check.expected_ = DigestsIn(head, check.partial_);
  const bool announced = AnnouncesDigests(head);
  if (announced || Uses(check.expected_, Algorithm::kSha256)) check.sha256_.emplace();
  if (announced || Uses(check.expected_, Algorithm::kSha512)) check.sha512_.emplace();
  if (!check.sha256_ && !check.sha512_) return std::nullopt;
  return check;
}

void BodyCheck::Update(std::string_view bytes) {
  if (sha256_) sha256_->Update(bytes);
  if (sha512_) sha512_->Update(bytes);
}

bool BodyCheck::Matches(const http::Fields& trailers) {
  std::vector<BodyDigest> found;
  if (sha256_) {
    found.push_back({Algorithm::kSha256, std::string(sha256_->Finish().raw())});
    sha256_.emplace();
  }
  if (sha512_) {
    found.push_back({Algorithm::kSha512, sha512_->Finish()});
    sha512_.emplace();
  }
  std::vector<BodyDigest> said = DigestsIn(trailers, partial_);
  // Of an algorithm that the head neither used nor announced there is no hash.
  std::erase_if(said, [&](const BodyDigest& digest) { return !Uses(found, digest.algorithm); });
  said.insert(said.end(), expected_.begin(), expected_.end());
  return std::all_of(said.begin(), said.end(), [&](const BodyDigest& digest) {
    return std::find(found.begin(), found.end(), digest) != found.end();
  });
}

}  // namespace skerry::gateway
