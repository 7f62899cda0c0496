// What clients and origins say about variants: tags of ours, dictionaries, digests, links.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/gateway/digest_field.h"
#include "core/gateway/early_hints.h"
#include "core/gateway/forward.h"
#include "core/gateway/variant.h"

namespace {

using namespace skerry;
using namespace skerry::gateway;

void Tags(std::string_view text) {
  const std::string origin = OriginTag(text);
  SKERRY_CHECK(origin.size() <= text.size());
  SameContentTag(text, "\"v1~br5.77\"");
  if (SameContentTag("\"v1~br5.77\"", text)) SKERRY_CHECK(origin == "\"v1\"");
  http::Fields fields{{"etag", std::string(text)}};
  MarkEncoded(fields, asset::kFastBrotli, "9f2c0a1b");
  const std::optional<CodedTag> coded = ParseCodedTag(*fields.Find("etag"));
  SKERRY_CHECK(coded && coded->recipe == asset::kFastBrotli);
}

void Hints(std::string_view text) {
  const http::Fields hints = EarlyHints({{"link", std::string(text)}});
  SKERRY_CHECK(hints.size() <= 16);
  SKERRY_CHECK(EarlyHints(hints) == hints);
}

void Dictionaries(std::string_view text) {
  const http::RequestHead request{
      "GET",
      "https",
      "a.example",
      "/",
      {{"accept-encoding", "br, dcz"}, {"available-dictionary", std::string(text)}}};
  const Forwarded sent =
      ForwardShared(request, *cache::NormalizeTarget(request), Route{}, /*to_shield=*/true);
  const auto dictionary = sent.head.fields.Find("available-dictionary");
  SKERRY_CHECK(!dictionary || dictionary->size() == 46);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Tags(text);
  Hints(text);
  Dictionaries(text);
  const http::Fields trailers{{"repr-digest", std::string(text)}};
  SKERRY_CHECK(BodyDigests(trailers).size() <= 2);
  std::optional<BodyCheck> check = BodyCheck::Of({{"trailer", "repr-digest"}});
  SKERRY_CHECK(check->Matches({}));
  check->Update(text);
  if (!BodyDigests(trailers).empty()) SKERRY_CHECK(!check->Matches(trailers));
  return 0;
}
