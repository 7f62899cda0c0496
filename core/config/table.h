// The option table of a program: one row an option, beside the code it tunes.
//
//   const config::Table<EdgeOptions>& EdgeTable() {
//     static const config::Table<EdgeOptions> table = {
//         {"ram_cache", &EdgeOptions::ram_cache, Bytes(16_MiB, 1_TiB, 512_MiB),
//          "Bodies and headers kept in memory, all shards together.", kFile | kFlag},
//         {"limits.streams", &EdgeOptions::streams, Integer(1, 1000, 128),
//          "Requests at one time on one HTTP/2 connection.", kFile | kReload},
//         {"site", &EdgeOptions::sites, SiteTable(), "A site and its rules.", kFile | kReload},
//     };
//     return table;
//   }
//
// From it come the reader of files (reader.h), flags and --help (command_line.h),
// the manual and the JSON Schema (manual.h). A dot in a name is a table in the
// file: `[limits] streams = 128`; as a flag the name is `--limits_streams`.
//
// A row binds a member. A kind without a default makes the option required, unless
// the member is a std::optional, which then stays empty. A row that binds a vector
// and a table is a section that may be repeated: `[[site]]`; sections nest.
// A struct with a member `Places places` learns which options were set, and where.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/config/kind.h"
#include "core/config/place.h"

namespace skerry::config {

// Where an option may be set, and whether HUP changes it.
enum Use : unsigned {
  kFile = 1,
  kFlag = 2,
  kReload = 4,  // a running program takes the new value at HUP
};
constexpr Use operator|(Use a, Use b) {
  return static_cast<Use>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

// One option, without the type of its struct; `object` below is that struct.
struct Option {
  std::string name;
  KindText about;
  std::string fallback;  // as written behind a flag
  bool required = false;
  std::string text;
  Use use = kFile;
  std::function<Status(void* object, const Written&)> assign;
  std::function<void(void* object)> reset;
  std::function<std::string(const void* object)> print;

  std::string FlagName() const;  // dots are underscores
};

struct Shape;

// A repeated section, `[[name]]`.
struct Section {
  std::string name;
  std::string text;
  Use use = kFile;
  const Shape* shape = nullptr;
  std::function<void(void* object)> clear;
  std::function<void*(void* object)> append;  // valid until the next append
  std::function<size_t(const void* object)> size;
  std::function<const void*(const void* object, size_t index)> at;
};

// A table without the type of its struct: what readers and writers walk over.
// Immutable after construction.
struct Shape {
  std::vector<Option> options;
  std::vector<Section> sections;
  std::function<Places*(void* object)> places;  // null when the struct has none

  const Option* FindOption(std::string_view name) const;
  const Option* FindFlag(std::string_view flag) const;
  const Section* FindSection(std::string_view name) const;
  // Is there an option or section `name.…`?
  bool IsTable(std::string_view name) const;
  // Sets every option to its default and empties every section.
  void Reset(void* object) const;
};

// Names of what differs between two configurations and needs a restart: "https",
// "limits.idle". REQUIRES: both objects are of this shape's struct.
std::vector<std::string> NeedRestart(const Shape& shape, const void* running, const void* fresh);

template <class S>
class Table;

// One row of a Table<S>: an option or a section.
template <class S>
class Row {
 public:
  template <class V>
  Row(std::string_view name, V S::*member, Kind<V> kind, std::string_view text, Use use = kFile) {
    Option& option = Begin(name, kind, text, use);
    option.required = !kind.fallback;
    if (kind.fallback) option.fallback = kind.print(*kind.fallback);
    option.assign = [member, parse = kind.parse](void* object, const Written& written) -> Status {
      Result<V> value = parse(written);
      if (!value) return Fail(std::move(value.error()));
      static_cast<S*>(object)->*member = std::move(*value);
      return {};
    };
    option.reset = [member, fallback = kind.fallback](void* object) {
      static_cast<S*>(object)->*member = fallback ? *fallback : V{};
    };
    option.print = [member, print = kind.print](const void* object) {
      return print(static_cast<const S*>(object)->*member);
    };
  }

  // An option that may be left out: REQUIRES: the kind has no default.
  template <class V>
  Row(std::string_view name, std::optional<V> S::*member, Kind<V> kind, std::string_view text,
      Use use = kFile) {
    SKERRY_CHECK(!kind.fallback);
    Option& option = Begin(name, kind, text, use);
    option.assign = [member, parse = kind.parse](void* object, const Written& written) -> Status {
      Result<V> value = parse(written);
      if (!value) return Fail(std::move(value.error()));
      static_cast<S*>(object)->*member = std::move(*value);
      return {};
    };
    option.reset = [member](void* object) { (static_cast<S*>(object)->*member).reset(); };
    option.print = [member, print = kind.print](const void* object) {
      const std::optional<V>& value = static_cast<const S*>(object)->*member;
      return value ? print(*value) : std::string();
    };
  }

  // `rows` must outlive this table.
  template <class C>
  Row(std::string_view name, std::vector<C> S::*member, const Table<C>& rows, std::string_view text,
      Use use = kFile) {
    section_.emplace();
    section_->name = name;
    section_->text = text;
    section_->use = use;
    section_->shape = &rows.shape();
    section_->clear = [member](void* object) { (static_cast<S*>(object)->*member).clear(); };
    section_->append = [member](void* object) -> void* {
      return &(static_cast<S*>(object)->*member).emplace_back();
    };
    section_->size = [member](const void* object) {
      return (static_cast<const S*>(object)->*member).size();
    };
    section_->at = [member](const void* object, size_t index) -> const void* {
      return &(static_cast<const S*>(object)->*member)[index];
    };
  }

 private:
  friend class Table<S>;

  template <class V>
  Option& Begin(std::string_view name, const Kind<V>& kind, std::string_view text, Use use) {
    option_.emplace();
    option_->name = name;
    option_->about = kind.about;
    option_->text = text;
    option_->use = use;
    return *option_;
  }

  std::optional<Option> option_;
  std::optional<Section> section_;
};

// Thread: any, immutable. Lives as long as the program.
template <class S>
class Table {
 public:
  Table(std::initializer_list<Row<S>> rows) {
    for (const Row<S>& row : rows) {
      if (row.option_) shape_.options.push_back(*row.option_);
      if (row.section_) shape_.sections.push_back(*row.section_);
    }
    if constexpr (requires(S s) { s.places; }) {
      shape_.places = [](void* object) { return &static_cast<S*>(object)->places; };
    }
  }
  // Sections keep the address of shape().
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  const Shape& shape() const { return shape_; }

  // Every option at its default; required ones empty.
  S Defaults() const {
    S object{};
    shape_.Reset(&object);
    return object;
  }

 private:
  Shape shape_;
};

}  // namespace skerry::config
