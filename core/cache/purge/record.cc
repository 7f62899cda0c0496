#include "core/cache/purge/record.h"

#include "core/cache/purge/record_json.h"

namespace skerry::cache {

std::string_view Name(RecordKind kind) {
  return kind == RecordKind::kPurge ? "purge" : "activation";
}
std::string_view Name(PurgeMode mode) { return mode == PurgeMode::kHard ? "hard" : "soft"; }

std::string ToJson(const Record& record) { return DumpJson(RecordToValue(record)); }

Result<Record> RecordFromJson(std::string_view text) {
  Result<nlohmann::json> value = ParseJson(text, "record");
  if (!value) return Fail(std::move(value.error()));
  return RecordFromValue(*value);
}

}  // namespace skerry::cache
