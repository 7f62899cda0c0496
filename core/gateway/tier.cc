#include "core/gateway/tier.h"

#include <atomic>
#include <utility>

#include "core/base/log.h"

namespace skerry::gateway {
namespace {

constexpr std::string_view kRefused = "skerry-refused";
constexpr std::string_view kPrefix = "skerry-";

}  // namespace

bool IsTierField(std::string_view name) { return name.starts_with(kPrefix); }

FromEdge ReadTierFields(const http::Fields& request, const Tier& tier) {
  FromEdge from;
  if (!tier.is_shield) return from;
  bool any = false;
  for (const http::Field& field : request) any |= IsTierField(field.name);
  if (!any) return from;
  const auto token = request.Find("skerry-node-token");
  from.trusted = token && tier.tokens != nullptr && tier.tokens->Knows(*token);
  from.bad = !from.trusted;
  if (from.bad) return from;
  from.node = request.Find("skerry-node").value_or("");
  const std::string_view scheme = request.Find("skerry-scheme").value_or("");
  if (scheme == "http" || scheme == "https") from.scheme = scheme;
  if (const auto applied = request.Find("skerry-purge-seq")) {
    from.applied = cache::ParseAppliedAt(*applied);
    // What cannot be read may stand for any position: refused, not guessed.
    from.bad = !from.applied;
  }
  if (const auto key = request.Combined("skerry-key")) {
    auto dimensions = ParseDimensions(*key);
    from.bad |= !dimensions;
    if (dimensions) from.dimensions = std::move(*dimensions);
  }
  return from;
}

void MarkRefused(http::Fields& answer) { answer.Add(std::string(kRefused), "node-token"); }

bool IsRefused(const http::ResponseHead& answer) {
  return answer.status == 403 && answer.fields.Has(kRefused);
}

Error RefusedByShield(const Clock& clock) {
  static std::atomic<SteadyTime::rep> said{0};
  const SteadyTime::rep now = clock.Steady().time_since_epoch().count();
  SteadyTime::rep before = said;
  const bool due = before == 0 || now - before >= Micros(Seconds(60)).count();
  if (due && said.compare_exchange_strong(before, now)) {
    LogError("the shield refuses this node: its purge_token_file has none of our tokens");
  }
  return {Code::kRefused, Side::kUpstream, false, "the shield does not know this node's token"};
}

void StripTierFields(http::Fields& fields) {
  fields.RemoveIf([](const http::Field& field) { return IsTierField(field.name); });
}

void AddTierFields(http::Fields& fields, const Tier& tier, std::string_view client_scheme,
                   const cache::AppliedAt& applied, const std::vector<Dimension>& dimensions) {
  if (!tier.node.empty()) fields.Set("skerry-node", tier.node);
  const std::string token = tier.tokens != nullptr ? tier.tokens->first() : "";
  if (!token.empty()) {
    fields.Set("skerry-node-token", token);
    fields.Set("skerry-scheme", client_scheme);
    fields.Set("skerry-purge-seq", cache::ToFieldValue(applied));
    if (!dimensions.empty()) fields.Set("skerry-key", ToFieldValue(dimensions));
  }
}

}  // namespace skerry::gateway
