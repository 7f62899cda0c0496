#include "core/cache/purge/record.h"

#include "core/cache/purge/record_json.h"

namespace skerry::cache {
namespace {

// Ten thousand URLs need no tree of values: most texts are written as they are.
void PutText(std::string& to, const std::string& text) {
  bool plain = true;  // without a way out, so that many bytes are looked at together
  for (const char c : text) {
    plain &= static_cast<unsigned char>(c - 0x20) <= 0x7e - 0x20 && c != '"' && c != '\\';
  }
  if (!plain) {
    to += DumpJson(text);
    return;
  }
  to += '"';
  to += text;
  to += '"';
}

void PutMember(std::string& to, const char* name, const std::string& text) {
  if (text.empty()) return;
  to.append(",\"").append(name).append("\":");
  PutText(to, text);
}

void PutMember(std::string& to, const char* name, const std::vector<std::string>& list) {
  if (list.empty()) return;
  to.append(",\"").append(name).append("\":[");
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) to += ',';
    PutText(to, list[i]);
  }
  to += ']';
}

}  // namespace

std::string_view Name(RecordKind kind) {
  return kind == RecordKind::kPurge ? "purge" : "activation";
}
std::string_view Name(PurgeMode mode) { return mode == PurgeMode::kHard ? "hard" : "soft"; }

std::string ToJson(const Record& record) {
  std::string text = "{\"seq\":" + std::to_string(record.seq) + ",\"id\":";
  PutText(text, record.id);
  PutMember(text, "kind", std::string(Name(record.kind)));
  if (record.mode != PurgeMode::kHard) PutMember(text, "mode", std::string(Name(record.mode)));
  if (record.immutable) text += ",\"immutable\":true";
  const Selectors& named = record.selectors;
  PutMember(text, "urls", named.urls);
  PutMember(text, "tags", named.tags);
  PutMember(text, "prefixes", named.prefixes);
  PutMember(text, "hosts", named.hosts);
  if (named.all) text += ",\"all\":true";
  PutMember(text, "site", record.site);
  PutMember(text, "release", record.release);
  text += '}';
  return text;
}

Result<Record> RecordFromJson(std::string_view text) {
  const Result<ParsedJson> value = ParsedJson::Of(text, "record");
  if (!value) return Fail(value.error());
  return RecordFromValue(value->root());
}

}  // namespace skerry::cache
