// Records as JSON values, for this room's formats that hold several of them.
// Private to the room: nlohmann/json stays in its .cc files.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/cache/purge/record.h"

namespace skerry::cache {

// What did not fit is kInvalid, upstream: "record: seq: expected …".
Error UnexpectedJson(std::string_view what, std::string_view expected);

// An object none of whose members is unknown, read member by member. The first
// mismatch is kept; later reads leave their target alone.
class JsonMembers {
 public:
  JsonMembers(const nlohmann::json& value, std::string_view what);
  void Read(std::string_view name, uint64_t& to, bool required = false);
  void Read(std::string_view name, bool& to);
  void Read(std::string_view name, std::string& to, bool required = false);
  void Read(std::string_view name, std::vector<std::string>& to);
  void Read(std::string_view name, std::vector<Record>& to);
  // Fails if something did not fit, or a member was not asked for.
  Status Finish();

 private:
  const nlohmann::json* Member(std::string_view name, bool required);
  void Fail(std::string_view name, std::string_view expected);

  const nlohmann::json& value_;
  std::string what_;
  size_t seen_ = 0;
  Status status_;
};

nlohmann::json RecordToValue(const Record& record);
Result<Record> RecordFromValue(const nlohmann::json& value);
// Malformed bytes are an error with their position.
Result<nlohmann::json> ParseJson(std::string_view text, std::string_view what);
// Bytes that are not UTF-8 are replaced: no text from outside stops a writer.
std::string DumpJson(const nlohmann::json& value);

}  // namespace skerry::cache
