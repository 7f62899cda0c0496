// Which file names occur in text that nobody can rewrite: scripts, JSON, data- attributes.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace skerry::pipeline {

// A script may fetch "/img/a.png", or put the path together; the file's last path segment
// almost always stands in it as written. Files so mentioned keep their names alive.
class Mentions {
 public:
  // In scripts only what ends like a string or a URL counts: "a.js" in a comment's prose
  // or in a licence's banner is nothing that is fetched.
  void ReadScript(std::string_view script);
  void ReadText(std::string_view text);

  // Does the file name of `path`, as it is or percent-encoded, stand in what was read?
  bool Has(std::string_view path) const;

 private:
  template <class Counts>
  void Read(std::string_view text, Counts counts);

  std::unordered_set<std::string> words_;  // runs of the characters of plain file names
  std::vector<std::string> texts_;         // for names with other characters
};

}  // namespace skerry::pipeline
