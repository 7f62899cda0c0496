// Records as JSON values, for this room's formats that hold several of them.
// Private to the room: the libraries stay in its .cc files. Reading is simdjson's, for
// a node must not spend 10 ms on ten thousand URLs (0.6 ms; nlohmann's took 9).
#pragma once

#include <simdjson.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/cache/purge/record.h"

namespace skerry::cache {

using JsonValue = simdjson::dom::element;

// What did not fit is kInvalid, upstream: "record: seq: expected …".
Error UnexpectedJson(std::string_view what, std::string_view expected);

// A text that was read; its values live as long as it does.
class ParsedJson {
 public:
  // Malformed bytes are an error with their position.
  static Result<ParsedJson> Of(std::string_view text, std::string_view what);
  JsonValue root() const { return root_; }

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;  // owns what root_ looks at
  JsonValue root_;
};

// An object none of whose members is unknown, read member by member. The first
// mismatch is kept; later reads leave their target alone.
class JsonMembers {
 public:
  JsonMembers(JsonValue value, std::string_view what);
  void Read(std::string_view name, uint64_t& to, bool required = false);
  void Read(std::string_view name, bool& to);
  void Read(std::string_view name, std::string& to, bool required = false);
  void Read(std::string_view name, std::vector<std::string>& to);
  void Read(std::string_view name, std::vector<Record>& to);
  // Fails if something did not fit, or a member was not asked for.
  Status Finish();

 private:
  bool Member(std::string_view name, bool required, JsonValue& to);
  void Fail(std::string_view name, std::string_view expected);

  simdjson::dom::object value_;
  std::string what_;
  size_t seen_ = 0;
  Status status_;
};

nlohmann::json RecordToValue(const Record& record);
Result<Record> RecordFromValue(JsonValue value);
// Bytes that are not UTF-8 are replaced: no text from outside stops a writer.
std::string DumpJson(const nlohmann::json& value);

}  // namespace skerry::cache
