// Bytes from outside that the purge service parses: bodies and the query of a pull.
#include <cstdint>

#include "core/base/result.h"
#include "purge-api/accept/request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace skerry::purge;  // NOLINT: a fuzzer's whole world
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto purge = ParsePurge(text);
  // What was accepted can be written and read as a record.
  if (purge) {
    skerry::cache::Record record = purge->record;
    record.seq = 1;
    const auto again = skerry::cache::RecordFromJson(ToJson(record));
    SKERRY_CHECK(again && *again == record);
  }
  (void)ParseActivation(text);
  (void)ParseLogQuery(text);
  (void)ParseDuration(text);
  return 0;
}
