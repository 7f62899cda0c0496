// Where configuration was written, and what is wrong with it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace skerry::config {

// A position in a file, or a flag. Immutable value.
struct Place {
  std::string source = {};  // "edge.toml", "--ram_cache"; empty: a default
  uint32_t line = 0;        // counted from 1; 0 where there are no lines
  uint32_t column = 0;      // in code points, counted from 1

  // "edge.toml:12:3", "--ram_cache", "default".
  std::string ToString() const;
};

struct Problem {
  Place place;
  std::string message;  // names the cause and, where there is one, the remedy

  // "edge.toml:12:3: unknown key …"; a flag's name is said once, a default has no place.
  std::string ToString() const;
};

// Everything that is wrong, so that an operator mends a file in one go.
class Problems {
 public:
  void Add(Place place, std::string message);
  bool empty() const { return list_.empty(); }
  // In the order of the file; flags and defaults last.
  const std::vector<Problem>& list() const { return list_; }
  // One line each: "edge.toml:12:3: unknown key …".
  std::string ToString() const;

 private:
  std::vector<Problem> list_;
};

// Which options of one struct were set, and where: for checks that look at more
// than one value. A struct gets one by having a member `Places places`.
class Places {
 public:
  // True when the file or a flag set this option; false when it has its default.
  bool Has(std::string_view name) const { return set_.find(name) != set_.end(); }
  // Where the option was set, else where its section begins.
  const Place& Of(std::string_view name) const;
  const Place& start() const { return start_; }
  // What messages about an option begin with: "--cert", "edge.toml:3:1: cert", "cert".
  std::string Title(std::string_view name) const;

  void Begin(Place start) { start_ = std::move(start); }
  void Set(std::string_view name, Place place) {
    set_.insert_or_assign(std::string(name), std::move(place));
  }

 private:
  Place start_;
  std::map<std::string, Place, std::less<>> set_;
};

}  // namespace skerry::config
