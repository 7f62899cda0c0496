#include "core/gateway/store.h"

#include <algorithm>
#include <utility>

#include "core/cache/purge/scopes.h"
#include "core/cache/representation.h"
#include "core/gateway/digest_field.h"
#include "core/gateway/rules/masked_page.h"
#include "core/gateway/variant.h"
#include "core/http/date.h"

namespace skerry::gateway {
namespace {

// The rule's policy, or what is left of it for a page behind the name of a file; then
// `own` holds it.
const cache::Policy& PolicyFor(const StoreInput& input, const http::ResponseHead& response,
                               std::optional<cache::Policy>& own) {
  const cache::Policy& policy = input.route.policy;
  if (policy.profile == cache::Policy::Profile::kRfc) return policy;
  if (!IsMaskedPage(input.sent.path, response)) return policy;
  return own.emplace(PolicyOfMaskedPage(policy));
}

cache::StoredHead MakeHead(StoreInput& input, const cache::StoreDecision& decision,
                           const cache::Policy& policy) {
  cache::StoredHead head;
  head.key = input.key;
  head.vary = cache::ParseVary(input.response.fields);
  head.variant_text = cache::VariantText(head.vary, input.sent.fields);
  head.variant_hash =
      cache::RepresentationHash(head.vary, input.response.fields, input.sent.fields);
  head.status = input.response.status;
  head.request_time = input.request_time;
  head.response_time = input.response_time;
  head.initial_age =
      cache::InitialAge(input.response.fields, input.request_time, input.response_time);
  head.lifetimes = decision.lifetimes;
  head.tags = cache::TagsOf(input.response.fields, input.key.url());
  head.stamp = input.stamp;
  head.content_hashed = IsContentHashed(input.sent.path, head.lifetimes);
  if (!input.response.fields.Has("date")) {
    input.response.fields.Add("date", http::FormatDate(input.response_time));  // RFC 9110 6.6.1
  }
  const bool stays = decision.storable == cache::Storable::kYes;
  if (stays) input.response.fields.ShrinkToFit();
  head.fields = std::make_shared<const http::Fields>(std::move(input.response.fields));
  http::Fields client = cache::ClientFields(*head.fields, policy, input.keep_tags, head.status);
  if (stays) client.ShrinkToFit();
  // Most often the same: once in memory is enough.
  head.client_fields = client == *head.fields
                           ? head.fields
                           : std::make_shared<const http::Fields>(std::move(client));
  return head;
}

}  // namespace

bool IsContentHashed(std::string_view path, const cache::Lifetimes& lifetimes) {
  if (!lifetimes.immutable) return false;
  path = path.substr(0, path.find('?'));
  const std::string_view name = path.substr(path.rfind('/') + 1);
  // A run of at least eight hash characters between separators, with a digit in it.
  size_t run = 0;
  bool digit = false;
  for (const char c : name) {
    const bool hash =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!hash) {
      if (run >= 8 && digit) return true;
      run = 0;
      digit = false;
      continue;
    }
    ++run;
    digit |= c >= '0' && c <= '9';
  }
  return false;
}

void LearnFrom(const std::vector<cache::EntryPtr>& siblings, cache::StoredHead* head) {
  for (const cache::EntryPtr& sibling : siblings) {
    const cache::StoredHead& before = sibling->head;
    if (before.variant_hash != head->variant_hash || before.vary != head->vary) continue;
    head->variant_text = cache::MergeVariantTexts(head->vary, *head->fields, before.variant_text,
                                                  head->variant_text);
  }
}

cache::Answer MakeAnswer(StoreInput input) {
  cache::Answer answer;
  std::optional<cache::Policy> own;
  const cache::Policy& policy = PolicyFor(input, input.response, own);
  const cache::StoreDecision decision =
      cache::Decide({input.client_request, input.response, input.response_time}, policy);
  answer.storable = decision.storable;
  if (input.sent.method != "HEAD") {
    answer.length = ContentLength(input.response.fields);
    input.response.fields.Remove("content-length");
  }
  answer.head = MakeHead(input, decision, policy);
  if (answer.storable == cache::Storable::kYes && answer.head.vary->any) {
    answer.storable = cache::Storable::kVaryAny;
  }
  if (answer.storable == cache::Storable::kYes) {
    if (!input.may_store) answer.storable = cache::Storable::kBypass;
    if (input.sent.method == "HEAD") answer.storable = cache::Storable::kHead;
  }
  return answer;
}

bool IsConfirmed(const cache::Entry& stored, const http::Fields& from_304) {
  http::Fields as_origin_knows = *stored.head.fields;
  const auto etag = stored.head.etag();
  if (etag && from_304.Find("etag") != etag) {
    const std::string origin = OriginTag(*etag);
    as_origin_knows.Remove("etag");
    if (!origin.empty()) as_origin_knows.Add("etag", origin);
  }
  return cache::Confirms(as_origin_knows, from_304);
}

bool IsConfirmedByHead(const cache::Entry& stored, const http::Fields& from_head) {
  if (stored.head.status != 200) return false;
  const http::Fields& ours = *stored.head.fields;
  const auto tag = from_head.Find("etag");
  const auto our_tag = stored.head.etag();
  if (tag && tag != our_tag && (!our_tag || OriginTag(*our_tag) != *tag)) return false;
  const auto modified = from_head.Find("last-modified");
  if (modified && ours.Find("last-modified") != modified) return false;
  // Of what we have encoded ourselves the length is ours.
  if (ours.Find("content-encoding") != from_head.Find("content-encoding")) return true;
  const std::optional<uint64_t> length = ContentLength(from_head);
  return !length || *length == stored.body_size;
}

std::shared_ptr<cache::Entry> Freshen(const cache::Entry& stored, StoreInput input,
                                      cache::Storable* storable) {
  auto entry = std::make_shared<cache::Entry>();
  // Tag and Vary of what we have encoded are ours, and the same bytes stay.
  if (const auto etag = stored.head.etag(); etag && OriginTag(*etag) != *etag) {
    input.response.fields.Remove("etag");
    RemoveOfUncoded(input.response.fields);
  }
  input.response.fields.Remove("vary");
  // A 304 without Date was made when it came (RFC 9110 6.6.1): the age starts there.
  if (!input.response.fields.Has("date")) {
    input.response.fields.Add("date", http::FormatDate(input.response_time));
  }
  http::ResponseHead updated{
      stored.head.status,
      cache::UpdateFields(*stored.head.fields, input.response.fields, input.route.policy)};
  std::optional<cache::Policy> own;
  const cache::Policy& policy = PolicyFor(input, updated, own);
  const cache::StoreDecision decision =
      cache::Decide({input.client_request, updated, input.response_time}, policy);
  *storable = decision.storable;
  input.response = std::move(updated);
  // The age of the stored response starts anew with the 304's own Age, if any.
  entry->head = MakeHead(input, decision, policy);
  entry->head.vary = stored.head.vary;
  entry->head.variant_text = stored.head.variant_text;
  entry->head.variant_hash = stored.head.variant_hash;
  entry->body_size = stored.body_size;
  entry->chunks = stored.chunks;
  entry->extents = stored.extents;
  entry->trailers = stored.trailers;
  entry->hits_to_upgrade = stored.hits_to_upgrade.load(std::memory_order_relaxed);
  return entry;
}

}  // namespace skerry::gateway
