// A request, a blank line, a response, each as lines "name: value": stored and judged
// under both profiles. Whatever is said, windows stay in their bounds, a response
// never gets fresher with time, and the request it answered selects it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/cache/entry.h"
#include "core/cache/freshness.h"
#include "core/cache/key.h"
#include "core/cache/representation.h"
#include "core/cache/vary.h"
#include "core/http/age.h"

namespace {

using namespace skerry;
using namespace skerry::cache;

constexpr WallTime kNow = WallTime(Seconds(1'700'000'000));

http::Fields TakeFields(std::string_view& text) {
  http::Fields fields;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) break;
    const size_t colon = std::min(line.find(':'), line.size());
    const std::string_view value = http::TrimBlanks(line.substr(std::min(colon + 1, line.size())));
    const std::string name = http::AsciiLower(line.substr(0, colon));
    if (http::IsToken(name) && http::IsFieldValue(value)) fields.Add(name, value);
  }
  return fields;
}

void CheckTime(const Lifetimes& lifetimes, const http::Fields& request,
               const http::Fields& response, const Policy& policy) {
  for (const Seconds span : {lifetimes.fresh, lifetimes.swr, lifetimes.sie}) {
    SKERRY_CHECK(span >= Seconds(0) && span <= http::kMaxDelta);
  }
  const Seconds initial_age = InitialAge(response, kNow - Seconds(1), kNow);
  SKERRY_CHECK(initial_age >= Seconds(0) && initial_age <= http::kMaxDelta);
  const RequestDirectives directives = ParseRequestDirectives(request, policy);
  Usable last = Usable::kFresh;
  for (const int64_t later : {-10, 0, 1, 59, 3600, 86400, 1 << 30}) {
    const WallTime now = kNow + Seconds(later);
    const Usable usable = Judge({lifetimes, initial_age, kNow, now}, directives, policy);
    SKERRY_CHECK(usable >= last);
    SKERRY_CHECK(CurrentAge(initial_age, kNow, now) >= initial_age);
    last = usable;
  }
}

void CheckVariant(const http::Fields& request, const http::Fields& response) {
  const VaryNames names = ParseVary(response);
  const std::string text = VariantText(names, request);
  SKERRY_CHECK(MatchesVariant(names, text, response, request) == !names.any);
  SKERRY_CHECK((VariantHash(names, request) == 0) == names.empty());
  SKERRY_CHECK((RepresentationHash(names, response, request) == 0) == names.empty());
  SKERRY_CHECK(RepresentationHashes(names, request).size() <= 64);
  // What is merged with what others were answered still answers nobody it should not.
  const std::string merged = MergeVariantTexts(names, response, VariantText(names, response), text);
  MatchesVariant(names, merged, response, response);
  for (const http::Field& field : request) {
    const std::string once = NormalizeVaryValue(field.name, request);
    SKERRY_CHECK(NormalizeVaryValue(field.name, {{field.name, once}}) == once);
  }
}

void CheckFields(const http::Fields& request, const http::Fields& response, const Policy& policy) {
  const http::Fields sent = ClientFields(response, policy, false);
  SKERRY_CHECK(!sent.Has("age") && !sent.Has("connection") && !sent.Has("skerry-variants"));
  SKERRY_CHECK(ClientFields(sent, policy, false) == sent);
  const http::Fields updated = UpdateFields(response, request, policy);
  SKERRY_CHECK(updated.Combined("content-length") == response.Combined("content-length"));
  SKERRY_CHECK(Confirms(response, response));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  http::RequestHead request{
      .method = "GET", .scheme = "https", .authority = "a", .path = "/", .fields = {}};
  request.fields = TakeFields(text);
  http::ResponseHead response{.status = 200, .fields = TakeFields(text)};
  if (const auto status = response.fields.Find("status"); status && status->size() == 3) {
    response.status = 100 + static_cast<uint8_t>((*status)[0]);
  }
  Policy browser = Policy::Careful();
  browser.browser_ttl = Seconds(60);
  for (const Policy& policy : {Policy::Careful(), Policy::Rfc(), browser}) {
    const StoreDecision decision = Decide({request, response, kNow}, policy);
    SKERRY_CHECK(!Name(decision.storable).empty());
    CheckTime(decision.lifetimes, request.fields, response.fields, policy);
    CheckFields(request.fields, response.fields, policy);
  }
  CheckVariant(request.fields, response.fields);
  return 0;
}
