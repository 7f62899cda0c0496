#include "core/gateway/rules/answer_fields.h"

#include <algorithm>

namespace skerry::gateway {
namespace {

bool Replaces(const AnswerFields& changes, std::string_view name) {
  return changes.set.Has(name) ||
         std::find(changes.remove.begin(), changes.remove.end(), name) != changes.remove.end();
}

}  // namespace

std::shared_ptr<const http::Fields> WithoutReplaced(const AnswerFields& changes,
                                                    std::shared_ptr<const http::Fields> stored) {
  if (changes.set.empty() && changes.remove.empty()) return stored;
  const auto replaced = [&](const http::Field& field) { return Replaces(changes, field.name); };
  if (std::none_of(stored->begin(), stored->end(), replaced)) return stored;
  auto rest = std::make_shared<http::Fields>(*stored);
  rest->RemoveIf(replaced);
  return rest;
}

void AddAnswerFields(const AnswerFields& changes, const http::Fields& stored, bool https,
                     http::Fields& own) {
  if (changes.empty()) return;
  own.Reserve(own.size() + changes.set.size() + changes.defaults.size() + 1);
  const size_t ours = own.size();
  const auto taken = [&own, ours](std::string_view name) {
    auto line = own.begin();
    for (size_t i = 0; i < ours; ++i, ++line) {
      if (line->name == name) return true;
    }
    return false;
  };
  // A name may be set several times: Link, Set-Cookie.
  for (const http::Field& field : changes.set) {
    if (!taken(field.name)) own.Add(field.name, field.value);
  }
  for (const http::Field& field : changes.defaults) {
    if (!https && field.name == "strict-transport-security") continue;
    if (stored.Has(field.name) || own.Has(field.name)) continue;
    own.Add(field.name, field.value);
  }
  if (!changes.vary.empty()) own.Add("vary", changes.vary);
}

}  // namespace skerry::gateway
