// The rest of a body for a reader that was too slow for the memory of a shared fetch, and
// whose bytes are not on the disk: asked for by Range, as long as upstream has the same.
#include <memory>
#include <string>
#include <utility>

#include "core/gateway/exchange.h"
#include "core/gateway/gateway.h"
#include "core/gateway/variant.h"

namespace skerry::gateway {
namespace {

// Bytes of two answers are of one representation only where a strong tag says so (RFC
// 9110 15.3.7.3), and only if the tag is the origin's: what we encode it does not have.
bool ComesInParts(const cache::StoredHead& head) {
  const auto etag = head.etag();
  return head.status == 200 && etag && !etag->starts_with("W/") && OriginTag(*etag) == *etag;
}

std::string RangeOf(const BodyPart& part) {
  std::string range = "bytes=" + std::to_string(part.from) + "-";
  if (part.count) range += std::to_string(part.from + *part.count - 1);
  return range;
}

}  // namespace

FetchPart Exchange::FetchesParts() {
  if (as_it_came_ || request_.method != "GET" || !ComesInParts(fill_->answer()->head)) return {};
  return [weak = weak_from_this(), of = fill_](const BodyPart& part) {
    const auto self = weak.lock();
    return self == nullptr ? nullptr : self->Fetch(*of, part);
  };
}

std::shared_ptr<cache::Fill> Exchange::Fetch(const cache::Fill& of, const BodyPart& part) {
  cache::Fill::Options options;
  options.key = of.key();
  options.stamp = of.stamp();
  options.keep_bytes = 0;
  auto fill = std::make_shared<cache::Fill>(options);
  FetchPlan plan = PlanFor(fill);
  plan.may_share = plan.may_store = false;
  plan.on_interim = nullptr;  // the answer has begun
  plan.sent = forwarded_.head;
  for (const char* name : {"if-none-match", "if-modified-since"}) plan.sent.fields.Remove(name);
  plan.sent.fields.Set("range", RangeOf(part));
  plan.sent.fields.Set("if-match", *of.answer()->head.etag());
  Retrieval::Begin(gateway_, std::move(plan));
  seat_.reset();  // those who are left set the pace
  return fill;
}

}  // namespace skerry::gateway
