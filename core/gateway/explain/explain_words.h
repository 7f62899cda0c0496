// The sentences of /explain. Private to explain.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/cache/entry.h"
#include "core/cache/fill/fill.h"
#include "core/cache/freshness.h"
#include "core/cache/purge/generations.h"
#include "core/cache/purge/node.h"
#include "core/gateway/forward.h"
#include "core/gateway/lookup.h"
#include "core/gateway/route.h"
#include "core/gateway/write.h"

namespace skerry::gateway {

// What has been found out about a request that was looked up.
struct Situation {
  const Verdict& verdict;
  const Lookup& lookup;
  const cache::RequestDirectives& directives;
  const Route& route;
  const cache::Entry* entry;  // what is stored, purged or not; null: nothing
  // Why the last answer was not stored; nothing: it was, or that is not known any more.
  std::optional<cache::Storable> last = {};
};

std::string Summary(const Situation& situation);
std::string WhyAnswer(const Situation& situation);
std::string Remedy(const Situation& situation);

// Of the fetch that the request would share; null: there is none. `hit`: it would not
// wait for it.
std::string WhatIsUnderWay(const cache::Fill* fill, bool hit);

std::string WhyCacheable(Cacheability cacheability, std::string_view method);
std::string Remedy(Cacheability cacheability);
std::string WhyNothing(Found found, std::optional<cache::Storable> last);
std::string WhyLifetime(const cache::StoreDecision& decision, const http::Fields& fields,
                        const cache::Policy& policy);
std::string WhyFence(cache::Fence fence);
// "tag news", "host www.example.com", …
std::string Selector(const cache::Covering& covering, const cache::Key& key,
                     const cache::Entry* entry);
std::string RecordInWords(cache::Seq record, const std::optional<cache::AppliedRecord>& known);
// Lines of VariantText in one: "accept-language: de; no save-data".
std::string OneLine(std::string_view variant_text);

}  // namespace skerry::gateway
