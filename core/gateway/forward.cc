#include "core/gateway/forward.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/digest.h"
#include "core/gateway/options_request.h"
#include "core/gateway/tier.h"
#include "core/http/accept.h"
#include "core/http/structured.h"

namespace skerry::gateway {
namespace {

// Fields that shape a shared answer, and only by way of Vary.
constexpr std::array<std::string_view, 6> kShared = {
    "accept", "accept-encoding", "accept-language", "host", "cdn-loop", "available-dictionary"};

// Fields that browsers always send and that say nothing about who is asking: losing
// them is no reason to ask again.
constexpr std::array<std::string_view, 22> kHarmless = {"cache-control",
                                                        "pragma",
                                                        "dnt",
                                                        "priority",
                                                        "purpose",
                                                        "referer",
                                                        "save-data",
                                                        "upgrade-insecure-requests",
                                                        "user-agent",
                                                        "if-match",
                                                        "if-none-match",
                                                        "if-modified-since",
                                                        "if-range",
                                                        "if-unmodified-since",
                                                        "range",
                                                        "te",
                                                        "connection",
                                                        "accept-charset",
                                                        "content-length",
                                                        "transfer-encoding",
                                                        "expect",
                                                        "from"};

constexpr std::array<std::string_view, 5> kConditions = {
    "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"};

bool Among(const auto& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsHarmless(std::string_view name) {
  return Among(kHarmless, name) || name.starts_with("sec-") || name.starts_with("x-forwarded-");
}

bool IsSpoofable(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "forwarded",     "x-real-ip",      "x-original-url",   "x-rewrite-url",
      "x-host",        "true-client-ip", "x-original-host",  "x-http-method-override",
      "x-http-method", "x-client-ip",    "cf-connecting-ip", "x-cluster-client-ip"};
  return Among(kNames, name) || name.starts_with("x-forwarded-") || name.starts_with("skerry-");
}

// An <img> asks for image types first. Only which of the formats that are made in
// several versions it takes can matter. Other Accept fields stay as they are: APIs
// negotiate with them.
void NormalizeAccept(http::Fields& fields) {
  const auto accept = fields.Combined("accept");
  if (!accept || !http::TrimBlanks(*accept).starts_with("image/")) return;
  const http::ImageFormats formats = http::AcceptedImageFormats(fields);
  std::string normal;
  if (formats.avif) normal += "image/avif,";
  if (formats.webp) normal += "image/webp,";
  fields.Set("accept", normal + "*/*");
}

// The dictionary that the client has, ":base64:"; nothing unless it is one SHA-256.
std::optional<std::string> AvailableDictionary(const http::Fields& fields) {
  const auto text = fields.Combined("available-dictionary");
  if (!text) return std::nullopt;
  const auto parsed = http::structured::ParseItem(*text);
  if (!parsed || !parsed->parameters.empty()) return std::nullopt;
  const auto* bytes = std::get_if<http::structured::Bytes>(&parsed->value);
  if (bytes == nullptr || bytes->bytes.size() != 32) return std::nullopt;
  return ":" + ToBase64(bytes->bytes) + ":";
}

void NormalizeAcceptEncoding(http::Fields& fields, bool to_shield) {
  if (!fields.Has("accept-encoding") && !fields.Has("available-dictionary")) return;
  const http::CodingSet accepts = http::ParseAcceptEncoding(fields).set();
  const std::optional<std::string> dictionary = AvailableDictionary(fields);
  fields.Remove("accept-encoding");
  fields.Remove("available-dictionary");
  std::string normal;
  for (const http::Coding coding : {http::Coding::kBr, http::Coding::kZstd, http::Coding::kGzip}) {
    if (!accepts.Has(coding)) continue;
    normal += (normal.empty() ? "" : ", ") + std::string(http::Name(coding));
  }
  if (to_shield && dictionary && accepts.Has(http::Coding::kDcz)) {
    normal += (normal.empty() ? "dcz" : ", dcz");
    fields.Add("available-dictionary", *dictionary);
  }
  if (!normal.empty()) fields.Add("accept-encoding", normal);
}

bool IsTold(const std::vector<Dimension>& dimensions, std::string_view name) {
  return std::any_of(dimensions.begin(), dimensions.end(),
                     [name](const Dimension& dimension) { return dimension.field == name; });
}

void ChangeFields(const RequestChanges& changes, http::Fields& fields) {
  for (const std::string& name : changes.remove) fields.Remove(name);
  for (const http::Field& field : changes.set) fields.Set(field.name, field.value);
}

}  // namespace

bool IsSettled(const Route& route, std::string_view name) {
  return route.request.set.Has(name) || Among(route.request.remove, name) || route.key.Covers(name);
}

std::string_view Name(Cacheability cacheability) {
  switch (cacheability) {
    case Cacheability::kShared: return "shared";
    case Cacheability::kMethod: return "method";
    case Cacheability::kBypass: return "bypass";
    case Cacheability::kAuthorized: return "bypass";
    case Cacheability::kRequest: return "request";
  }
  return "unknown";
}

Cacheability Classify(const http::RequestHead& request, const Route& route) {
  if (request.method != "GET" && request.method != "HEAD") return Cacheability::kMethod;
  if (route.policy.bypass) return Cacheability::kBypass;
  if (!route.bypass_on.empty() && !route.bypass_on.Cause(request.fields).empty()) {
    return Cacheability::kBypass;
  }
  const bool careful = route.policy.profile == cache::Policy::Profile::kCareful;
  if (careful && request.fields.Has("authorization")) return Cacheability::kAuthorized;
  if (cache::ParseRequestDirectives(request.fields, route.policy).no_store) {
    return Cacheability::kRequest;
  }
  return Cacheability::kShared;
}

Forwarded ForwardShared(const http::RequestHead& request, const cache::Target& target,
                        const Route& route, bool to_shield,
                        const std::vector<Dimension>& dimensions) {
  Forwarded forwarded;
  forwarded.head.method = "GET";
  forwarded.head.scheme = target.scheme;
  forwarded.head.authority = target.host;
  forwarded.head.path = target.path;
  if (target.has_query) forwarded.head.path.append("?").append(target.query);
  const bool careful = route.policy.profile == cache::Policy::Profile::kCareful;
  for (const http::Field& field : request.fields) {
    if (Among(kConditions, field.name) || field.name == "range" || IsTierField(field.name)) {
      continue;
    }
    if (!careful || Among(kShared, field.name)) {
      forwarded.head.fields.Add(field.name, field.value);
    } else if (!IsHarmless(field.name) && !IsSpoofable(field.name) &&
               !IsSettled(route, field.name) && !IsTold(dimensions, field.name)) {
      forwarded.lost = true;
    }
  }
  http::RemoveHopByHop(forwarded.head.fields);
  if (careful) {
    NormalizeAcceptEncoding(forwarded.head.fields, to_shield);
    NormalizeAccept(forwarded.head.fields);
  }
  ChangeFields(route.request, forwarded.head.fields);
  TellOrigin(dimensions, forwarded.head.fields);
  return forwarded;
}

bool VariesOnUnforwarded(const cache::VaryNames& vary, const http::Fields& asked,
                         const http::Fields& sent, const Route& route) {
  if (route.policy.profile == cache::Policy::Profile::kRfc) return false;
  // Left out and answered here, or normalised to nothing.
  static constexpr std::array<std::string_view, 3> kOurs = {"accept-encoding",
                                                            "available-dictionary", "range"};
  return std::any_of(vary.names.begin(), vary.names.end(), [&](const std::string& name) {
    const http::FieldName field(name);
    return asked.Has(field) && !sent.Has(field) && !IsSettled(route, name) && !Among(kOurs, name) &&
           !Among(kConditions, name);
  });
}

http::RequestHead ForwardAlone(const http::RequestHead& request, const net::Address& peer,
                               const Route& route, const std::vector<Dimension>& dimensions) {
  http::RequestHead head = request;
  http::RemoveHopByHop(head.fields);
  head.fields.Remove("expect");  // answered by our own session
  CountHop(head);
  if (route.policy.profile != cache::Policy::Profile::kRfc) {
    head.fields.RemoveIf([](const http::Field& field) { return IsSpoofable(field.name); });
    head.fields.Add("x-forwarded-for", peer.host);
    head.fields.Add("x-forwarded-proto", request.scheme);
  }
  ChangeFields(route.request, head.fields);
  TellOrigin(dimensions, head.fields);
  return head;
}

}  // namespace skerry::gateway
