#include "core/gateway/write.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/gateway/digest_field.h"
#include "core/gateway/multipart.h"
#include "core/gateway/variant.h"
#include "core/http/conditional.h"
#include "core/http/problem.h"
#include "core/http/range.h"

namespace skerry::gateway {
namespace {

// What a 304 carries of the stored fields (RFC 9110 15.4.5), and nothing else.
constexpr std::array<std::string_view, 9> kOf304 = {
    "cache-control", "content-location", "date", "etag", "expires", "last-modified", "vary",
    "link",          "cache-status"};

void AddOwn(const Writing& writing, http::Fields& own) {
  own.Reserve(own.size() + 3);
  if (writing.send_age) own.Add("age", std::to_string(writing.age.count()));
  own.Add("cache-status", writing.cache_status);
  own.Add("via", "1.1 " + std::string(writing.name));
}

// Fields that a rule replaces, or that may not be sent unvalidated, make a list of
// its own for this answer; without them all answers share the stored one.
std::shared_ptr<const http::Fields> StoredFields(const Writing& writing) {
  std::shared_ptr<const http::Fields> fields = writing.head.client_fields;
  if (writing.unvalidated && writing.head.lifetimes.no_cache_fields.there()) {
    auto less = std::make_shared<http::Fields>(*fields);
    cache::RemoveUnvalidated(*less, writing.head.lifetimes);
    fields = std::move(less);
  }
  return WithoutReplaced(writing.route.answer, std::move(fields));
}

bool IsHttps(const Writing& writing) { return writing.request.scheme == "https"; }

// The whole answer's fields: the stored ones, ours, and the rule's.
void AddFields(const Writing& writing, http::Response& response) {
  response.stored = StoredFields(writing);
  AddOwn(writing, response.own);
  AddAnswerFields(writing.route.answer, *response.stored, IsHttps(writing), response.own);
}

bool IsOf304(const http::Field& field) {
  return std::find(kOf304.begin(), kOf304.end(), field.name) != kOf304.end();
}

// `held`: the tag of what the client has, if it is not the one of what we have.
http::Response NotModified(const Writing& writing, const std::optional<std::string>& held) {
  http::Response response;
  response.status = 304;
  const std::shared_ptr<const http::Fields> stored = StoredFields(writing);
  AddAnswerFields(writing.route.answer, *stored, IsHttps(writing), response.own);
  response.own.RemoveIf([](const http::Field& field) { return !IsOf304(field); });
  response.own.Reserve(response.own.size() + kOf304.size());
  for (const http::Field& field : *stored) {
    if (IsOf304(field)) response.own.Add(field.name, field.value);
  }
  // Else the client would take the answer for one about other bytes (RFC 9111 4.3.4).
  if (held) response.own.Set("etag", *held);
  AddOwn(writing, response.own);
  return response;
}

// What the client already has of this content, encoded by another run of ours.
std::optional<std::string> HeldUnderAnotherTag(const Writing& writing) {
  const auto etag = writing.head.etag();
  if (!etag || etag->find('~') == etag->npos) return std::nullopt;
  const auto asked = writing.request.fields.Combined("if-none-match");
  if (!asked || asked->find(*etag) != asked->npos) return std::nullopt;
  return SameContentTag(*asked, *etag);
}

http::Validators ValidatorsOf(const Writing& writing) {
  const cache::StoredHead& head = writing.head;
  http::Validators validators =
      http::ValidatorsFor(writing.request.fields, *head.fields, head.response_time);
  if (!writing.in_flight && !head.fields->Has("last-modified")) {
    validators.not_modified_since = validators.date.value_or(head.response_time);
  }
  return validators;
}

http::Response Failed(const Writing& writing, int status) {
  http::Response response;
  response.status = status;
  AddOwn(writing, response.own);
  if (status == 416) {
    response.own.Add("content-range", "bytes */" + std::to_string(*writing.length));
  }
  AddAnswerFields(writing.route.answer, {}, IsHttps(writing), response.own);
  response.body = std::make_unique<http::MemoryBody>("");
  return response;
}

// The ranges to send, in the order asked for; kWhole: all of it.
http::SelectedRanges SelectParts(const Writing& writing, const http::Validators& validators) {
  const auto range = writing.request.fields.Combined("range");
  if (!range || writing.request.method != "GET" || writing.head.status != 200 || !writing.length) {
    return {};
  }
  if (const auto if_range = writing.request.fields.Find("if-range")) {
    // A date stands for all encodings of the content.
    const bool one_of_many = writing.head.etag() && ParseCodedTag(*writing.head.etag());
    if (one_of_many && if_range->find('"') == if_range->npos) return {};
    if (!http::IfRangeHolds(*if_range, validators, writing.head.response_time)) return {};
  }
  http::SelectedRanges selected = http::SelectRanges(*range, *writing.length);
  selected.ranges = http::Coalesce(selected.ranges, kPartOverhead);
  const bool ascending = std::is_sorted(
      selected.ranges.begin(), selected.ranges.end(),
      [](const http::ByteRange& a, const http::ByteRange& b) { return a.first < b.first; });
  if (writing.in_flight && !ascending) return {};
  return selected;
}

http::Response Whole(const Writing& writing) {
  http::Response response;
  response.status = writing.head.status;
  AddFields(writing, response);
  response.body = writing.body({});
  return response;
}

http::Response Partial(const Writing& writing, const std::vector<http::ByteRange>& ranges,
                       http::Response response) {
  response.status = 206;
  if (ranges.size() == 1) {
    const http::ByteRange& range = ranges.front();
    response.own.Add("content-range", http::ContentRange{range, writing.length}.ToString());
    response.body = writing.body({range.first, range.size()});
    return response;
  }
  auto fields = std::make_shared<http::Fields>(*response.stored);
  // A rule may have set another one.
  std::optional<std::string> type = response.own.Combined("content-type");
  if (!type) type = fields->Combined("content-type");
  fields->Remove("content-type");
  response.own.Remove("content-type");
  Multipart multipart = MakeMultipart(ranges, *writing.length, type.value_or(""), writing.body);
  response.stored = std::move(fields);
  response.own.Add("content-type", multipart.type);
  response.body = std::move(multipart.body);
  return response;
}

}  // namespace

std::string CacheStatusOf(std::string_view name, const Verdict& verdict) {
  http::CacheStatus status;
  status.cache = name;
  status.generated = verdict.generated;
  if (!verdict.hit && !verdict.generated) {
    status.forward = verdict.fwd;
    if (verdict.fwd_status != 0) status.forward_status = verdict.fwd_status;
    status.stored = verdict.stored;
    status.collapsed = verdict.collapsed;
  }
  if (verdict.ttl) status.ttl = Seconds(*verdict.ttl);
  status.detail = verdict.detail;
  return status.ToString();
}

std::string_view CacheLabel(const Verdict& verdict) {
  if (verdict.generated) return "generated";
  if (verdict.hit) return verdict.ttl.value_or(0) < 0 ? "stale" : "hit";
  if (verdict.fwd_status == 0) return "error";
  if (verdict.fwd == http::Forward::kMethod || verdict.fwd == http::Forward::kBypass) return "pass";
  return verdict.fwd_status == 304 ? "revalidated" : "miss";
}

Writing WritingOf(const http::RequestHead& request, const cache::Entry& entry, const Route& route,
                  WallTime now) {
  const cache::StoredHead& head = entry.head;
  Writing writing{.request = request, .head = head, .route = route};
  writing.length = entry.body_size;
  writing.age = cache::CurrentAge(head.initial_age, head.response_time, now);
  // browser_ttl counts from now: an Age would have browsers take it for used up.
  writing.send_age = !route.policy.browser_ttl || head.status >= 400;
  return writing;
}

http::Response Write(const Writing& writing) {
  if (!writing.ours) return Whole(writing);
  const bool plain =
      writing.request.method != "HEAD" && !http::AsksOnCondition(writing.request.fields);
  if (plain) return Whole(writing);
  const WallTime now = writing.head.response_time;
  const http::Validators validators = ValidatorsOf(writing);
  if (writing.head.status >= 200 && writing.head.status < 300) {
    const std::optional<std::string> held = HeldUnderAnotherTag(writing);
    http::Fields conditions;
    if (held) {
      conditions = writing.request.fields;
      conditions.Set("if-none-match", *writing.head.etag());
    }
    switch (http::Evaluate(writing.request.method, held ? conditions : writing.request.fields,
                           validators, now)) {
      case http::Condition::kNotModified: return NotModified(writing, held);
      case http::Condition::kPreconditionFailed: return Failed(writing, 412);
      case http::Condition::kProceed: break;
    }
  }
  http::Response response;
  response.status = writing.head.status;
  AddFields(writing, response);
  const http::SelectedRanges parts = SelectParts(writing, validators);
  const bool other_bytes =
      writing.request.method == "HEAD" || parts.choice == http::RangeChoice::kPartial;
  if (other_bytes && response.stored->Has("content-digest")) {
    auto fields = std::make_shared<http::Fields>(*response.stored);
    RemoveOfContent(*fields);
    response.stored = std::move(fields);
  }
  if (parts.choice == http::RangeChoice::kUnsatisfiable) return Failed(writing, 416);
  if (parts.choice == http::RangeChoice::kPartial) {
    return Partial(writing, parts.ranges, std::move(response));
  }
  response.body = writing.body({});
  return response;
}

std::optional<http::Response> Redirected(const Route& route, const cache::Target& target,
                                         std::string_view name) {
  const bool https = target.scheme == "https";
  // Authorities ask for their proof over http (RFC 8555 8.3).
  const bool proof = target.path.starts_with("/.well-known/acme-challenge/");
  http::Response response;
  if (route.https_port && !https && !proof) {
    response.status = 308;
    response.own.Add("location", HttpsLocation(target, *route.https_port));
  } else if (route.redirect) {
    response.status = route.redirect->status;
    response.own.Add("location", LocationOf(*route.redirect, target));
  } else {
    return std::nullopt;
  }
  const bool permanent = response.status == 301 || response.status == 308;
  const Seconds kept = route.policy.browser_ttl.value_or(Seconds(permanent ? 3600 : 0));
  response.own.Add("cache-control",
                   kept > Seconds(0) ? "max-age=" + std::to_string(kept.count()) : "no-cache");
  response.own.Add("cache-status", std::string(name) + "; detail=redirect");
  response.own.Add("via", "1.1 " + std::string(name));
  AddAnswerFields(route.answer, {}, https, response.own);
  response.body = std::make_unique<http::MemoryBody>("");
  return response;
}

int StatusOf(const Error& error) {
  if (error.code == Code::kUnavailable && error.side == Side::kSelf) return 503;
  return error.code == Code::kTimeout ? 504 : 502;
}

namespace {

// The error types of RFC 9209 2.3.
std::string_view ProxyErrorType(const Error& error) {
  switch (error.code) {
    case Code::kTimeout: return error.retryable ? "connection_timeout" : "http_response_timeout";
    case Code::kDenied: return "tls_certificate_error";
    case Code::kRefused: return "connection_refused";
    case Code::kReset: return "connection_terminated";
    case Code::kLimit: return "http_response_header_section_size";
    case Code::kInvalid: return "http_protocol_error";
    case Code::kNotFound: return "dns_error";
    case Code::kCorrupt: return "http_response_incomplete";
    default: return "proxy_internal_error";
  }
}

std::string_view Title(int status) {
  switch (status) {
    case 502: return "The origin could not be reached or gave no valid answer.";
    case 504: return "The origin did not answer in time.";
    default: return http::ReasonPhrase(status);
  }
}

}  // namespace

http::Response WriteError(int status, const Error& error, std::string_view name,
                          std::string cache_status) {
  http::Response response;
  response.status = status;
  response.own.Add("content-type", http::kProblemType);
  response.own.Add("cache-control", "no-store");
  if (error.side == Side::kUpstream) {
    response.own.Add("proxy-status",
                     std::string(name) + "; error=" + std::string(ProxyErrorType(error)));
  }
  response.own.Add("cache-status", std::move(cache_status));
  response.own.Add("via", "1.1 " + std::string(name));
  http::Problem problem;
  problem.status = status;
  problem.title = Title(status);
  problem.detail = std::string(Name(error.code));
  response.body = std::make_unique<http::MemoryBody>(problem.ToJson());
  return response;
}

}  // namespace skerry::gateway
