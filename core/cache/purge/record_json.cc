#include "core/cache/purge/record_json.h"

#include <utility>

namespace skerry::cache {

using nlohmann::json;

Error UnexpectedJson(std::string_view what, std::string_view expected) {
  return Error{Code::kInvalid, Side::kUpstream, false,
               std::string(what) + ": expected " + std::string(expected)};
}

// In the words of a parser that knows where it stopped.
Result<ParsedJson> ParsedJson::Of(std::string_view text, std::string_view what) {
  ParsedJson parsed;
  parsed.parser_ = std::make_unique<simdjson::dom::parser>();
  const auto error = parsed.parser_->parse(text.data(), text.size()).get(parsed.root_);
  if (error == simdjson::SUCCESS) return parsed;
  try {
    const json told = json::parse(text);
  } catch (const json::parse_error& malformed) {
    return skerry::Fail(
        UnexpectedJson(what, "JSON; malformed at byte " + std::to_string(malformed.byte)));
  } catch (const json::exception& malformed) {
    return skerry::Fail(UnexpectedJson(what, std::string("JSON: ") + malformed.what()));
  }
  return skerry::Fail(UnexpectedJson(what, std::string("JSON: ") + simdjson::error_message(error)));
}

JsonMembers::JsonMembers(JsonValue value, std::string_view what) : what_(what) {
  if (value.get(value_) != simdjson::SUCCESS) {
    status_ = skerry::Fail(UnexpectedJson(what, "an object"));
  }
}

bool JsonMembers::Member(std::string_view name, bool required, JsonValue& to) {
  if (!status_) return false;
  if (value_.at_key(name).get(to) != simdjson::SUCCESS) {
    if (required) Fail(name, "the member to be there");
    return false;
  }
  ++seen_;
  return true;
}

void JsonMembers::Fail(std::string_view name, std::string_view expected) {
  status_ = skerry::Fail(UnexpectedJson(what_ + ": " + std::string(name), expected));
}

void JsonMembers::Read(std::string_view name, uint64_t& to, bool required) {
  JsonValue member;
  if (!Member(name, required, member)) return;
  if (member.get(to) != simdjson::SUCCESS) Fail(name, "a whole number");
}

void JsonMembers::Read(std::string_view name, bool& to) {
  JsonValue member;
  if (!Member(name, false, member)) return;
  if (member.get(to) != simdjson::SUCCESS) Fail(name, "true or false");
}

void JsonMembers::Read(std::string_view name, std::string& to, bool required) {
  JsonValue member;
  if (!Member(name, required, member)) return;
  std::string_view text;
  if (member.get(text) != simdjson::SUCCESS) return Fail(name, "a string");
  to = text;
}

void JsonMembers::Read(std::string_view name, std::vector<std::string>& to) {
  JsonValue member;
  if (!Member(name, false, member)) return;
  simdjson::dom::array list;
  if (member.get(list) != simdjson::SUCCESS) return Fail(name, "a list of strings");
  to.reserve(list.size());
  for (const JsonValue element : list) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) return Fail(name, "a list of strings");
    to.emplace_back(text);
  }
}

void JsonMembers::Read(std::string_view name, std::vector<Record>& to) {
  JsonValue member;
  if (!Member(name, false, member)) return;
  simdjson::dom::array list;
  if (member.get(list) != simdjson::SUCCESS) return Fail(name, "a list of records");
  for (const JsonValue element : list) {
    Result<Record> record = RecordFromValue(element);
    if (!record) {
      status_ = skerry::Fail(std::move(record.error()).In(what_ + ": " + std::string(name)));
      return;
    }
    to.push_back(std::move(*record));
  }
}

Status JsonMembers::Finish() {
  if (status_ && seen_ != value_.size()) {
    status_ = skerry::Fail(UnexpectedJson(what_, "no members but the documented ones"));
  }
  return std::move(status_);
}

json RecordToValue(const Record& record) {
  json value = {{"seq", record.seq}, {"id", record.id}, {"kind", Name(record.kind)}};
  if (record.mode != PurgeMode::kHard) value["mode"] = Name(record.mode);
  if (record.immutable) value["immutable"] = true;
  const Selectors& named = record.selectors;
  if (!named.urls.empty()) value["urls"] = named.urls;
  if (!named.tags.empty()) value["tags"] = named.tags;
  if (!named.prefixes.empty()) value["prefixes"] = named.prefixes;
  if (!named.hosts.empty()) value["hosts"] = named.hosts;
  if (named.all) value["all"] = true;
  if (!record.site.empty()) value["site"] = record.site;
  if (!record.release.empty()) value["release"] = record.release;
  return value;
}

namespace {

Status ReadKindAndMode(JsonMembers& members, Record& record) {
  std::string kind;
  std::string mode = "hard";
  members.Read("kind", kind, true);
  members.Read("mode", mode);
  if (Status status = members.Finish(); !status) return status;
  if (kind == Name(RecordKind::kActivation)) {
    record.kind = RecordKind::kActivation;
  } else if (kind != Name(RecordKind::kPurge)) {
    return Fail(UnexpectedJson("record: kind", "purge or activation"));
  }
  if (mode == Name(PurgeMode::kSoft)) {
    record.mode = PurgeMode::kSoft;
  } else if (mode != Name(PurgeMode::kHard)) {
    return Fail(UnexpectedJson("record: mode", "hard or soft"));
  }
  return {};
}

}  // namespace

Result<Record> RecordFromValue(JsonValue value) {
  Record record;
  JsonMembers members(value, "record");
  members.Read("seq", record.seq, true);
  members.Read("id", record.id, true);
  members.Read("immutable", record.immutable);
  members.Read("urls", record.selectors.urls);
  members.Read("tags", record.selectors.tags);
  members.Read("prefixes", record.selectors.prefixes);
  members.Read("hosts", record.selectors.hosts);
  members.Read("all", record.selectors.all);
  members.Read("site", record.site);
  members.Read("release", record.release);
  if (Status status = ReadKindAndMode(members, record); !status) return Fail(status.error());
  if (record.seq == 0) return Fail(UnexpectedJson("record: seq", "a number above 0"));
  const bool activation = record.kind == RecordKind::kActivation;
  if (activation != !record.site.empty() || activation != !record.release.empty()) {
    return Fail(UnexpectedJson("record: site, release", "both in an activation, none in a purge"));
  }
  return record;
}

std::string DumpJson(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace skerry::cache
