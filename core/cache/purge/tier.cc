#include "core/cache/purge/tier.h"

#include <charconv>

namespace skerry::cache {

std::string ToFieldValue(const AppliedAt& applied) {
  std::string value = std::to_string(applied.seq);
  if (!applied.log_id.empty()) value += ";log=\"" + applied.log_id + '"';
  return value;
}

std::optional<AppliedAt> ParseAppliedAt(std::string_view value) {
  AppliedAt applied;
  const char* const end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, applied.seq);
  if (error != std::errc()) return std::nullopt;
  std::string_view log(rest, static_cast<size_t>(end - rest));
  if (log.empty()) return applied;
  if (!log.starts_with(";log=\"") || !log.ends_with('"') || log.size() < 8) return std::nullopt;
  log = log.substr(6, log.size() - 7);
  if (log.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  applied.log_id = log;
  return applied;
}

std::string_view Name(Tier tier) {
  switch (tier) {
    case Tier::kAnswers: return "answers";
    case Tier::kBehind: return "behind";
    case Tier::kOtherLog: return "other-log";
  }
  return "?";
}

Tier CheckTier(const AppliedAt& asker, const AppliedAt& own) {
  if (!asker.log_id.empty() && asker.log_id != own.log_id) return Tier::kOtherLog;
  return own.seq >= asker.seq ? Tier::kAnswers : Tier::kBehind;
}

}  // namespace skerry::cache
