#include "core/gateway/precondition.h"

#include "core/http/conditional.h"

namespace skerry::gateway {
namespace {

constexpr const char* kOrigins[] = {"if-match", "if-unmodified-since"};

}  // namespace

bool HasOriginsCondition(const http::RequestHead& request) {
  for (const char* name : kOrigins) {
    if (request.fields.Has(name)) return true;
  }
  return false;
}

bool OriginsConditionHolds(const http::RequestHead& request, const cache::StoredHead& head,
                           WallTime now) {
  if (!HasOriginsCondition(request)) return true;
  http::Fields conditions;
  for (const char* name : kOrigins) {
    if (const auto value = request.fields.Combined(name)) conditions.Add(name, *value);
  }
  return http::Evaluate(request.method, conditions, http::ValidatorsOf(*head.fields, now), now) ==
         http::Condition::kProceed;
}

}  // namespace skerry::gateway
