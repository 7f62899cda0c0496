// For tests: what the reference finders see in files, to hold against other people's parsers.
//
// A line on standard input is "MEDIA-TYPE<TAB>PATH"; for each a line of JSON is printed:
//   {"refused": why, or "",
//    "references": [{"at", "length": bytes in the file, "url", "exact": bool}],
//    "values": attributes that are no references: names in them stay alive}
// A reference in an attribute with character references cannot be placed within it: `exact` is
// false, and the place is the attribute's value.
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "pipeline/references/reference.h"

namespace {

using Json = nlohmann::json;
using namespace skerry::pipeline;  // NOLINT: the whole file is about it

Json Described(std::string_view file, const Document& document) {
  Json references = Json::array();
  for (const Fragment& fragment : document.fragments) {
    const bool exact = file.substr(fragment.offset, fragment.length) == fragment.text;
    for (const Reference& reference : fragment.references) {
      references.push_back({{"at", fragment.offset + (exact ? reference.offset : 0)},
                            {"length", exact ? reference.length : fragment.length},
                            {"url", reference.url},
                            {"exact", exact}});
    }
  }
  return {{"refused", document.refused}, {"references", references}, {"values", document.values}};
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const size_t tab = line.find('\t');
    if (tab == std::string::npos) return 2;
    std::ifstream file(line.substr(tab + 1), std::ios::binary);
    if (!file) return 1;
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const Document document = ReadReferences(line.substr(0, tab), text);
    std::cout << Described(text, document).dump(-1, ' ', false, Json::error_handler_t::replace)
              << "\n";
  }
  return 0;
}
