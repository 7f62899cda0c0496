#include "core/http/conditional.h"

#include <algorithm>

#include "core/http/date.h"

namespace skerry::http {
namespace {

using Match = bool (*)(const EntityTag&, const EntityTag&);

bool Matches(std::string_view field, const Validators& current, Match match) {
  if (!current.exists) return false;
  const EntityTagList list = ParseEntityTagList(field);
  if (list.any) return true;
  return current.etag && std::any_of(list.tags.begin(), list.tags.end(), [&](const EntityTag& tag) {
           return match(tag, *current.etag);
         });
}

// Whether the representation was modified after the date in the field; nothing
// where that cannot be told and the field is to be ignored.
std::optional<bool> ModifiedSince(const Fields& request, std::string_view name, bool exists,
                                  std::optional<WallTime> modified, WallTime now) {
  const std::optional<std::string> field = request.Combined(name);
  if (!field || !exists || !modified) return std::nullopt;
  const std::optional<WallTime> since = ParseDate(*field, now);
  if (!since) return std::nullopt;
  return *modified > *since;
}

Validators TagOf(const Fields& response) {
  Validators validators;
  if (const auto etag = response.Combined("etag")) {
    validators.etag = ParseEntityTag(*etag);
    const bool one = !etag->empty() && etag->find(',') == etag->npos;
    if (!validators.etag && one) validators.malformed_etag = *etag;
  }
  return validators;
}

}  // namespace

Validators ValidatorsOf(const Fields& response, WallTime now) {
  Validators validators = TagOf(response);
  if (const auto date = response.Combined("last-modified")) {
    validators.last_modified = ParseDate(*date, now);
  }
  if (const auto date = response.Combined("date")) validators.date = ParseDate(*date, now);
  return validators;
}

Validators ValidatorsFor(const Fields& request, const Fields& response, WallTime now) {
  const bool compares_dates = request.Has("if-range") ||
                              (request.Has("if-modified-since") && !request.Has("if-none-match")) ||
                              (request.Has("if-unmodified-since") && !request.Has("if-match"));
  return compares_dates ? ValidatorsOf(response, now) : TagOf(response);
}

bool AsksOnCondition(const Fields& request) {
  return std::any_of(request.begin(), request.end(), [](const Field& field) {
    return field.name.starts_with("if-") || field.name == "range";
  });
}

std::string_view Name(Condition condition) {
  switch (condition) {
    case Condition::kProceed: return "proceed";
    case Condition::kNotModified: return "not-modified";
    case Condition::kPreconditionFailed: return "precondition-failed";
  }
  return "";
}

Condition Evaluate(std::string_view method, const Fields& request, const Validators& current,
                   WallTime now) {
  if (const auto if_match = request.Combined("if-match")) {
    if (!Matches(*if_match, current, StrongMatch)) return Condition::kPreconditionFailed;
  } else if (ModifiedSince(request, "if-unmodified-since", current.exists, current.last_modified,
                           now)
                 .value_or(false)) {
    return Condition::kPreconditionFailed;
  }
  const bool reads = method == "GET" || method == "HEAD";
  if (const auto if_none_match = request.Combined("if-none-match")) {
    const bool same_bytes = reads && current.exists && current.malformed_etag == *if_none_match;
    if (!same_bytes && !Matches(*if_none_match, current, WeakMatch)) return Condition::kProceed;
    return reads ? Condition::kNotModified : Condition::kPreconditionFailed;
  }
  const auto modified = current.last_modified ? current.last_modified : current.not_modified_since;
  if (reads &&
      !ModifiedSince(request, "if-modified-since", current.exists, modified, now).value_or(true)) {
    return Condition::kNotModified;
  }
  return Condition::kProceed;
}

}  // namespace skerry::http
