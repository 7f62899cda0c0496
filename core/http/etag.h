// Entity tags and their comparison (RFC 9110 8.8.3).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skerry::http {

struct EntityTag {
  bool weak = false;
  std::string opaque;  // without the quotes
  bool operator==(const EntityTag&) const = default;

  std::string ToString() const;  // "\"abc\"", "W/\"abc\""
};

// Nothing unless the text is one entity tag: quoted, "W/" in this letter case.
std::optional<EntityTag> ParseEntityTag(std::string_view text);

// Both strong and equal.
bool StrongMatch(const EntityTag& a, const EntityTag& b);
// Equal but for weakness.
bool WeakMatch(const EntityTag& a, const EntityTag& b);

// What If-Match and If-None-Match carry.
struct EntityTagList {
  bool any = false;  // "*", and nothing else
  std::vector<EntityTag> tags;
  bool operator==(const EntityTagList&) const = default;
};

// Members that are no entity tags match nothing and are left out.
EntityTagList ParseEntityTagList(std::string_view text);

}  // namespace skerry::http
