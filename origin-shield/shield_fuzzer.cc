// What CI, clients, the purge service and the disk may hand to a shield: the first
// byte says which of them the rest comes from.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "origin-shield/activation/receipt.h"
#include "origin-shield/requests/upload.h"
#include "origin-shield/respond/respond.h"
#include "origin-shield/store/bindings.h"
#include "origin-shield/store/blobs.h"
#include "origin-shield/store/build_release.h"

namespace skerry::shield {
namespace {

const SiteView& Site() {
  static const SiteView view = [] {
    asset::Entry photo = Hashed("/p.jpg", "jpg");
    photo.width = 8;
    photo.images = {{"image/avif", 8, 8, "/p.avif", Sha256("avif"), 4}};
    asset::Entry page = FileEntry("/index.html", "0123456789");
    page.coded = {{asset::Coding::kBrotli, std::nullopt, Sha256("br"), 2},
                  {asset::Coding::kDcz, Sha256("old"), Sha256("dcz"), 1}};
    asset::Manifest manifest = ManifestOf({page, photo, FileEntry("/a b/index.html", "d")});
    manifest.fallback = "/index.html";
    const ReleasePtr release = ReleaseOf(std::move(manifest));
    return SiteView{.site = "demo", .active = release->id(), .release = release, .kept = {release}};
  }();
  return view;
}

// Lines "name: value" behind a path.
void FuzzRequest(std::string_view text) {
  http::RequestHead request{"GET", "https", "example.com", "", {}};
  size_t end = std::min(text.find('\n'), text.size());
  request.path = text.substr(0, end);
  while (end < text.size()) {
    text.remove_prefix(end + 1);
    end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const size_t colon = line.find(':');
    if (colon == line.npos) continue;
    request.fields.Add(http::AsciiLower(line.substr(0, colon)),
                       http::TrimBlanks(line.substr(colon + 1)));
  }
  const Located located = Locate(Site(), request.path, false);
  const Answer answer = Respond({request, Site(), located, true, false}, WallTime(Seconds(1)));
  if (answer.body) SKERRY_CHECK(answer.body->from + answer.body->count <= answer.body->size);
  if (located.place == Place::kRedirect) {
    SKERRY_CHECK(located.location.starts_with('/') && !located.location.starts_with("//"));
  }
}

void FuzzReceipt(std::string_view text) {
  if (const auto receipt = Receipt::FromJson(text)) {
    const auto again = Receipt::FromJson(receipt->ToJson());
    SKERRY_CHECK(again && again->id.size() <= receipt->id.size() * 3);
  }
}

}  // namespace
}  // namespace skerry::shield

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace skerry::shield;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'r': FuzzRequest(text); break;
    case 'u': (void)ParseUploadRoute(text); break;
    case 'a': (void)ParseActivateBody(text); break;
    case 'p': FuzzReceipt(text); break;
    case 'b':
      if (const auto binding = Binding::Decode(text)) SKERRY_CHECK(binding->Encode() == text);
      break;
    case 's': (void)SumMatches(text, kPieceBytes * 2, 1, text); break;
    default: break;
  }
  return 0;
}
