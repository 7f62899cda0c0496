#include "core/config/manual.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace skerry::config {
namespace {

using Json = nlohmann::ordered_json;

// Text in a cell of a Markdown table: bars would end the cell, "<img>" would be HTML.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|' || c == '<') cell += '\\';
    cell += c;
  }
  return cell;
}

// Only a bar counts inside of backticks.
std::string Code(std::string_view text) {
  if (text.empty()) return "";
  std::string code = "`";
  for (const char c : text) {
    if (c == '|') code += '\\';
    code += c;
  }
  return code + "`";
}

std::string Allowed(const KindText& about) {
  std::string text = about.form == Form::kWord ? "" : Cell(about.type);
  for (const std::string& word : about.words) text += (text.empty() ? "" : ", ") + Code(word);
  if (!about.range.empty()) text += ", " + Cell(about.range);
  return text;
}

std::string Default(const Option& option) {
  if (option.required) return "required";
  return option.fallback.empty() ? "–" : Code(option.fallback);
}

// Columns that say something for at least one option of the table.
struct Columns {
  bool flag = false;
  bool reload = false;
};

Columns ColumnsOf(const Shape& shape) {
  Columns columns;
  for (const Option& option : shape.options) {
    columns.flag |= (option.use & kFlag) != 0;
    columns.reload |= (option.use & kReload) != 0;
  }
  return columns;
}

std::string Rows(const Shape& shape) {
  const Columns columns = ColumnsOf(shape);
  const std::string head = std::string("| key |") + (columns.flag ? " flag |" : "") +
                           " value | default |" + (columns.reload ? " HUP |" : "") + " |\n";
  std::string text = head + "|";
  for (size_t bar = 1; bar < static_cast<size_t>(std::count(head.begin(), head.end(), '|'));
       ++bar) {
    text += "---|";
  }
  text += "\n";
  for (const Option& option : shape.options) {
    text += "| " + ((option.use & kFile) != 0 ? Code(option.name) : "–");
    if (columns.flag)
      text += " | " + ((option.use & kFlag) != 0 ? Code("--" + option.FlagName()) : "–");
    text += " | " + Allowed(option.about) + " | " + Default(option);
    if (columns.reload) text += (option.use & kReload) != 0 ? " | yes" : " | restart";
    text += " | " + Cell(option.text) + " |\n";
  }
  return text;
}

void Sections(const Shape& shape, const std::string& prefix, std::string& text) {
  for (const Section& section : shape.sections) {
    const std::string name = prefix + section.name;
    text += "\n### `[[" + name + "]]`\n\n" + section.text;
    if (prefix.empty())
      text += (section.use & kReload) != 0 ? " HUP changes it." : " A change needs a restart.";
    text += "\n\n" + Rows(*section.shape);
    Sections(*section.shape, name + ".", text);
  }
}

Json Amount(std::string_view units) {
  const std::string pattern = "^(0|[0-9]+(" + std::string(units) + "))$";
  return {{"anyOf", Json::array({{{"type", "string"}, {"pattern", pattern}}, {{"const", 0}}})}};
}

Json WithRange(Json schema, const KindText& about) {
  if (about.least) schema["minimum"] = *about.least;
  if (about.most) schema["maximum"] = *about.most;
  return schema;
}

Json SchemaOf(const KindText& about) {
  switch (about.form) {
    case Form::kBool: return {{"type", "boolean"}};
    case Form::kInteger: return WithRange({{"type", "integer"}}, about);
    case Form::kBytes: return Amount("B|KiB|MiB|GiB|TiB");
    case Form::kDuration: return Amount("ms|s|m|h|d");
    case Form::kText: return {{"type", "string"}};
    case Form::kWord: return {{"enum", about.words}};
    case Form::kTextList:
      return {{"type", "array"}, {"items", {{"type", "string"}, {"minLength", 1}}}};
    case Form::kIntegerList:
      return {{"type", "array"}, {"items", WithRange({{"type", "integer"}}, about)}};
  }
  return Json::object();
}

Json EmptyTable() {
  return {{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
}

// The table that holds `name`, made on the way: "limits" for "limits.streams".
// Leaves the last part in `name`.
Json& TableFor(Json& root, std::string& name) {
  Json* table = &root;
  for (size_t dot; (dot = name.find('.')) != name.npos; name.erase(0, dot + 1)) {
    Json& properties = (*table)["properties"];
    const std::string part = name.substr(0, dot);
    if (!properties.contains(part)) properties[part] = EmptyTable();
    table = &properties[part];
  }
  return *table;
}

Json SchemaOf(const Shape& shape) {
  Json root = EmptyTable();
  for (const Option& option : shape.options) {
    if ((option.use & kFile) == 0) continue;
    Json schema = SchemaOf(option.about);
    std::string description = option.text;
    if (!option.about.range.empty()) description += " Range: " + option.about.range + ".";
    if (!option.fallback.empty()) description += " Default: " + option.fallback + ".";
    schema["description"] = description;
    std::string name = option.name;
    Json& table = TableFor(root, name);
    table["properties"][name] = std::move(schema);
    // A flag may give what the file leaves out.
    if (option.required && (option.use & kFlag) == 0) table["required"].push_back(name);
  }
  for (const Section& section : shape.sections) {
    std::string name = section.name;
    Json& table = TableFor(root, name);
    table["properties"][name] = {
        {"type", "array"}, {"description", section.text}, {"items", SchemaOf(*section.shape)}};
  }
  return root;
}

}  // namespace

std::string Markdown(std::string_view program, const Shape& shape) {
  std::string text = "## " + std::string(program) + "\n\n" + Rows(shape);
  Sections(shape, "", text);
  return text;
}

std::string JsonSchema(std::string_view program, const Shape& shape) {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "Configuration of " + std::string(program)}};
  schema.update(SchemaOf(shape));
  // Text outside ASCII stays as it is; bytes that are no UTF-8 cannot come from a table.
  return schema.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace skerry::config
