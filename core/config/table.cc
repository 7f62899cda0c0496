#include "core/config/table.h"

#include <algorithm>

namespace skerry::config {
namespace {

bool Differ(const Shape& shape, const void* a, const void* b) {
  for (const Option& option : shape.options) {
    if (option.print(a) != option.print(b)) return true;
  }
  for (const Section& section : shape.sections) {
    if (section.size(a) != section.size(b)) return true;
    for (size_t i = 0; i < section.size(a); ++i) {
      if (Differ(*section.shape, section.at(a, i), section.at(b, i))) return true;
    }
  }
  return false;
}

template <class List>
auto Find(const List& list, std::string_view name) -> decltype(list.data()) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.name == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

std::string Option::FlagName() const {
  std::string flag = name;
  std::replace(flag.begin(), flag.end(), '.', '_');
  return flag;
}

const Option* Shape::FindOption(std::string_view name) const { return Find(options, name); }

const Section* Shape::FindSection(std::string_view name) const { return Find(sections, name); }

const Option* Shape::FindFlag(std::string_view flag) const {
  for (const Option& option : options) {
    if ((option.use & kFlag) != 0 && option.FlagName() == flag) return &option;
  }
  return nullptr;
}

bool Shape::IsTable(std::string_view name) const {
  const auto below = [&](const auto& item) {
    return item.name.size() > name.size() && item.name.starts_with(name) &&
           item.name[name.size()] == '.';
  };
  return std::any_of(options.begin(), options.end(), below) ||
         std::any_of(sections.begin(), sections.end(), below);
}

void Shape::Reset(void* object) const {
  for (const Option& option : options) option.reset(object);
  for (const Section& section : sections) section.clear(object);
}

std::vector<std::string> NeedRestart(const Shape& shape, const void* running, const void* fresh) {
  std::vector<std::string> names;
  for (const Option& option : shape.options) {
    if ((option.use & kReload) == 0 && option.print(running) != option.print(fresh)) {
      names.push_back(option.name);
    }
  }
  for (const Section& section : shape.sections) {
    if ((section.use & kReload) != 0) continue;
    bool differ = section.size(running) != section.size(fresh);
    for (size_t i = 0; !differ && i < section.size(running); ++i) {
      differ = Differ(*section.shape, section.at(running, i), section.at(fresh, i));
    }
    if (differ) names.push_back(section.name);
  }
  return names;
}

}  // namespace skerry::config
