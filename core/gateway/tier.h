// The hop between our own tiers: which fields an edge adds for its shield, and what
// a shield believes (the contract's Skerry-* fields). Pure functions over values.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/secrets.h"
#include "core/cache/purge/tier.h"
#include "core/gateway/rules/dimensions.h"
#include "core/http/message.h"

namespace skerry::gateway {

// Immutable after start. Thread: any.
struct Tier {
  std::string node;  // our --node
  // Lines of --purge_token_file: an edge sends the first to shields, a shield believes who
  // shows any. Null: none is sent, nobody is believed. What is in it may change.
  std::shared_ptr<const Secrets> tokens;
  bool is_shield = false;
};

// What an authenticated edge said about its request. `bad` when somebody used
// Skerry-* fields without a token we know: refused with 403.
struct FromEdge {
  bool trusted = false;
  bool bad = false;
  std::string node;
  std::string scheme;                       // of the client
  std::optional<cache::AppliedAt> applied;  // there: our answer must not be older
  std::vector<Dimension> dimensions;        // of the edge's key beside the URL
};
FromEdge ReadTierFields(const http::Fields& request, const Tier& tier);

// A shield's answer to a node whose token it does not know, told apart from a 403 of
// the application behind it.
void MarkRefused(http::Fields& answer);
bool IsRefused(const http::ResponseHead& answer);
// What such an answer is for the client: our failure. Tells the log, once a minute.
Error RefusedByShield(const Clock& clock);

// Skerry-*. (Skerry-Cache-Control and Skerry-Variants are answers' fields, not of this hop.)
bool IsTierField(std::string_view name);

// Removes every Skerry-* field.
void StripTierFields(http::Fields& fields);

// Adds ours to a request towards a shield. `dimensions`: what the edge's key holds
// beside the URL, so that the shield's does, too.
void AddTierFields(http::Fields& fields, const Tier& tier, std::string_view client_scheme,
                   const cache::AppliedAt& applied, const std::vector<Dimension>& dimensions = {});

}  // namespace skerry::gateway
