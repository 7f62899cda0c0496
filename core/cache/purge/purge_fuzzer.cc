// Bytes from outside that a node parses: pull answers, records, tags of responses,
// the tier field, URL selectors, stored generations.
#include <cstdint>

#include "core/base/result.h"
#include "core/cache/purge/generations.h"
#include "core/cache/purge/node.h"
#include "core/cache/purge/scopes.h"
#include "core/cache/purge/tier.h"

using namespace skerry::cache;  // NOLINT: a fuzzer's whole world

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto answer = PullAnswerFromJson(text)) {
    const auto again = PullAnswerFromJson(ToJson(*answer));
    SKERRY_CHECK(again && *again == *answer);
  }
  if (auto record = RecordFromJson(text)) {
    const auto again = RecordFromJson(ToJson(*record));
    SKERRY_CHECK(again && *again == *record);
    record->seq = 1;
    Generations generations;
    generations.Apply(*record);
    Generations restored;
    SKERRY_CHECK(restored.Restore(generations.Serialize()).has_value());
    SKERRY_CHECK(restored.size() == generations.size());
  }
  TagsOf({{"cache-tag", std::string(text)},
          {"surrogate-key", std::string(text)},
          {"cache-groups", std::string(text)}});
  if (const auto applied = ParseAppliedAt(text)) {
    SKERRY_CHECK(ParseAppliedAt(ToFieldValue(*applied)) == applied);
  }
  PurgeUrlOf(text);
  if (const auto changes = DecodeChanges(text)) SKERRY_CHECK(EncodeChanges(*changes).size() > 0);
  Generations generations;
  (void)generations.Restore(text);
  return 0;
}
