// Columns that line up, for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace skerry::pipeline {

// Rows of cells; the first column is aligned to the left, the others to the right.
class TextTable {
 public:
  void Row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Each row a line, columns two blanks apart, `indent` blanks in front.
  std::string ToString(size_t indent = 2) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "999 B", "12.3 KiB", "4.0 MiB".
std::string HumanBytes(uint64_t bytes);

// "1 file", "2 files".
std::string Count(uint64_t number, std::string_view what);

// How wide `text` is on a terminal: code points of UTF-8.
size_t Columns(std::string_view text);

// `text` in at most `columns`: what is too much is left out before its last third, with "…" there.
std::string Shortened(const std::string& text, size_t columns);

}  // namespace skerry::pipeline
