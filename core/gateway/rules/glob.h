// "*" in paths and values of the configuration.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skerry::gateway {

// A pattern, split at its stars once. "*" stands for any characters, "/" included;
// everything else for itself. Immutable. Thread: any.
class Glob {
 public:
  explicit Glob(std::string_view pattern);

  // Without allocation: a comparison of beginning and end where there is one star.
  bool Matches(std::string_view text) const { return Walk(text, nullptr); }
  // What each star stands for, the earlier ones as short as possible; nothing where
  // the text does not match. Views into `text`.
  std::optional<std::vector<std::string_view>> Capture(std::string_view text) const;

  size_t stars() const { return pieces_.size() - 1; }

 private:
  bool Walk(std::string_view text, std::vector<std::string_view>* captured) const;

  std::vector<std::string> pieces_;  // between the stars; one where there is none
};

}  // namespace skerry::gateway
