#include "core/config/reader.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "core/config/nearest.h"
#include "core/config/toml_library.h"

namespace skerry::config {
namespace {

// A list whose elements are all of type T.
template <class T>
std::optional<Written> ListOf(const toml::array& array) {
  std::vector<T> values;
  for (const toml::node& element : array) {
    const std::optional<T> value = element.value_exact<T>();
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return Written(std::move(values));
}

// nullopt for what no option takes: fractions, dates, tables, mixed lists.
std::optional<Written> ToWritten(const toml::node& node) {
  if (const auto* truth = node.as_boolean()) return Written(truth->get());
  if (const auto* number = node.as_integer()) return Written(number->get());
  if (const auto* text = node.as_string()) return Written(text->get());
  const toml::array* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  if (std::optional<Written> texts = ListOf<std::string>(*array)) return texts;
  return ListOf<int64_t>(*array);
}

std::string_view KindOf(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list of mixed values";
    case toml::node_type::floating_point: return "a number with a fraction";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time: return "a date or time";
    default: return "a value";
  }
}

// Walks a document along a shape.
class Walk {
 public:
  Walk(std::string_view file, Problems& problems) : file_(file), problems_(problems) {}

  // `prefix`: "limits." inside [limits].
  void Table(const toml::table& table, const Shape& shape, const std::string& prefix, void* object,
             Given& given) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      if (const Option* option = shape.FindOption(name)) {
        Assign(*option, node, At(key.source()), shape, object, given);
      } else if (const Section* section = shape.FindSection(name)) {
        Elements(*section, node, object);
      } else if (!shape.IsTable(name)) {
        Unknown(shape, name, At(key.source()));
      } else if (const toml::table* inner = node.as_table()) {
        Table(*inner, shape, name + ".", object, given);
      } else {
        problems_.Add(At(node.source()),
                      name + " is a table: write [" + name + "] and its keys below");
      }
    }
  }

 private:
  Place At(const toml::source_region& region) const {
    return {std::string(file_), region.begin.line, region.begin.column};
  }

  void Assign(const Option& option, const toml::node& node, const Place& key, const Shape& shape,
              void* object, Given& given) {
    if ((option.use & kFile) == 0) {
      problems_.Add(key, option.name + " is a flag only: --" + option.FlagName());
      return;
    }
    const std::optional<Written> written = ToWritten(node);
    const Place place = At(node.source());
    given.insert(option.name);
    if (!written) {
      problems_.Add(place, option.name + ": expected " + option.about.type + ", found " +
                               std::string(KindOf(node)));
      return;
    }
    if (const Status assigned = option.assign(object, *written); !assigned) {
      problems_.Add(place, option.name + ": " + assigned.error().context);
      return;
    }
    if (shape.places) shape.places(object)->Set(option.name, place);
  }

  void Elements(const Section& section, const toml::node& node, void* object) {
    const toml::array* array = node.as_array();
    const bool tables = array != nullptr &&
                        std::all_of(array->begin(), array->end(),
                                    [](const toml::node& element) { return element.is_table(); });
    if (!tables) {
      problems_.Add(At(node.source()),
                    section.name + " may be repeated: write [[" + section.name + "]]");
      return;
    }
    section.clear(object);
    for (const toml::node& element : *array) {
      void* item = section.append(object);
      const Place start = At(element.source());
      section.shape->Reset(item);
      if (section.shape->places) section.shape->places(item)->Begin(start);
      Given given;
      Table(*element.as_table(), *section.shape, "", item, given);
      RequireAll(*section.shape, given, start, problems_);
    }
  }

  void Unknown(const Shape& shape, const std::string& name, const Place& place) {
    std::vector<std::string> names;
    for (const Option& option : shape.options) {
      if ((option.use & kFile) != 0) names.push_back(option.name);
    }
    for (const Section& section : shape.sections) names.push_back(section.name);
    // A key in the wrong table is as frequent as a misspelt one.
    for (const std::string& candidate : names) {
      const size_t dot = candidate.rfind('.');
      const std::string last = name.substr(name.rfind('.') + 1);
      if (dot != candidate.npos && candidate.substr(dot + 1) == last) {
        problems_.Add(place, "unknown key \"" + name + "\"; there is \"" + last + "\" in [" +
                                 candidate.substr(0, dot) + "]");
        return;
      }
    }
    const std::string_view nearest = Nearest(name, names);
    problems_.Add(place,
                  "unknown key \"" + name + "\"" +
                      (nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?"));
  }

  std::string_view file_;
  Problems& problems_;
};

// The first line that begins with "[" or "[[" and has no name behind it: where a
// BrokenAssertion comes from. Line 1 if there is none.
Place NamelessHeader(std::string_view text, std::string_view file) {
  constexpr std::string_view kBlanks = " \t";
  uint32_t number = 1;
  for (size_t begin = 0; begin < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const size_t bracket = std::min(line.find_first_not_of(kBlanks), line.size());
    size_t name = bracket;
    while (name < line.size() && name < bracket + 2 && line[name] == '[') ++name;
    const size_t first = std::min(line.find_first_not_of(kBlanks, name), line.size());
    const bool named =
        first < line.size() && (std::isalnum(static_cast<unsigned char>(line[first])) != 0 ||
                                std::string_view("_-\"'").find(line[first]) != line.npos);
    if (name > bracket && !named)
      return {std::string(file), number, static_cast<uint32_t>(first + 1)};
    begin = end + 1;
  }
  return {std::string(file), 1, 1};
}

}  // namespace

Result<std::string> ReadFile(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  const auto refuse = [&](std::string_view reason) {
    return Fail(Code::kIo, Side::kConfig, path + ": " + std::string(reason));
  };
  if (file == nullptr) return refuse(std::strerror(errno));
  std::string text;
  char buffer[64 << 10];
  size_t got = 0;
  while ((got = std::fread(buffer, 1, sizeof buffer, file.get())) > 0) {
    text.append(buffer, got);
    if (text.size() > kLargestFile) return refuse("larger than 16 MiB: not a configuration file");
  }
  if (std::ferror(file.get()) != 0) return refuse(std::strerror(errno));
  return text;
}

bool ReadToml(std::string_view text, std::string_view file, const Shape& shape, void* object,
              Given& given, Problems& problems) {
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    problems.Add({std::string(file), at.line, at.column}, std::string(error.description()));
    return false;
  } catch (const BrokenAssertion&) {
    problems.Add(NamelessHeader(text, file), "expected the name of a table in [brackets]");
    return false;
  }
  if (shape.places) shape.places(object)->Begin({std::string(file), 1, 1});
  Walk(file, problems).Table(document, shape, "", object, given);
  return true;
}

void RequireAll(const Shape& shape, const Given& given, const Place& start, Problems& problems) {
  for (const Option& option : shape.options) {
    if (!option.required || given.contains(option.name)) continue;
    const bool file = (option.use & kFile) != 0;
    problems.Add(start, (file ? option.name : "--" + option.FlagName()) + " is required (" +
                            option.about.type + "): " + option.text);
  }
}

}  // namespace skerry::config
