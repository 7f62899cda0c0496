#include "core/cache/fill/state.h"

#include <utility>

#include "core/cache/representation.h"

namespace skerry::cache {

std::string_view Name(Joined joined) {
  switch (joined) {
    case Joined::kJoined: return "joined";
    case Joined::kPurged: return "purged";
    case Joined::kPrivate: return "private";
    case Joined::kOtherVariant: return "other-variant";
    case Joined::kEnded: return "ended";
    case Joined::kFenced: return "fenced";
  }
  return "unknown";
}

Joined FillState::MayJoin(const Generations& generations, bool fenced) const {
  if (phase_ == Phase::kFailed) return Joined::kEnded;
  if (gathers_) return Joined::kJoined;  // whatever was purged until now lies before it
  if (fenced) return Joined::kFenced;
  if (!shared_) return Joined::kPrivate;
  const Purged purged = generations.Judge(key_, tags_, stamp_);
  return purged == Purged::kNo ? Joined::kJoined : Joined::kPurged;
}

void FillState::OnHead(bool shared, const StoredHead& head) {
  phase_ = Phase::kStreaming;
  shared_ = shared;
  vary_ = head.vary;
  variant_text_ = head.variant_text;
  fields_ = head.fields;
  tags_ = head.tags;
}

Joined FillState::MayStay(const Generations& generations, const http::Fields& request) const {
  if (!shared_) return Joined::kPrivate;
  if (!vary_.empty() && !MatchesVariant(vary_, variant_text_, *fields_, request)) {
    return Joined::kOtherVariant;
  }
  const Purged purged = generations.Judge(key_, tags_, stamp_);
  return purged == Purged::kNo ? Joined::kJoined : Joined::kPurged;
}

bool FillState::MayStore(const Generations& generations) const {
  return generations.Judge(key_, tags_, stamp_) == Purged::kNo;
}

}  // namespace skerry::cache
