#include "edge/config/security.h"

#include <string_view>

namespace skerry::edge {
namespace {

// A field, the option that overrides it, and what the presets say. docs/recipes.md
// shows the same table, and a test compares them.
struct SecurityField {
  std::string_view name;
  std::optional<std::string> SecurityOptions::*value;
  std::string_view basic;
  std::string_view strict;
};

constexpr SecurityField kFields[] = {
    {"strict-transport-security", &SecurityOptions::hsts, "max-age=31536000",
     "max-age=63072000; includeSubDomains"},
    {"content-security-policy", &SecurityOptions::csp, "frame-ancestors 'self'",
     "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
     "frame-ancestors 'none'; upgrade-insecure-requests"},
    {"x-frame-options", &SecurityOptions::frame, "SAMEORIGIN", "DENY"},
    {"referrer-policy", &SecurityOptions::referrer, "strict-origin-when-cross-origin",
     "same-origin"},
    {"x-content-type-options", &SecurityOptions::content_type, "nosniff", "nosniff"},
};

}  // namespace

http::Fields SecurityFields(const SecurityOptions& site, const SecurityOptions& rule) {
  const SecurityPreset preset = rule.preset.value_or(site.preset.value_or(SecurityPreset::kNone));
  http::Fields fields;
  for (const SecurityField& field : kFields) {
    std::string_view value;
    if (preset == SecurityPreset::kBasic) value = field.basic;
    if (preset == SecurityPreset::kStrict) value = field.strict;
    if (const auto& own = site.*field.value) value = *own;
    if (const auto& own = rule.*field.value) value = *own;
    if (!value.empty() && value != "off") fields.Add(field.name, value);
  }
  return fields;
}

}  // namespace skerry::edge
