// Options of sites and their rules: the tables behind [[site]] and [[site.rule]].
// docs/recipes.md shows them at work; rules.h makes routes of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/cache/freshness.h"
#include "core/config/place.h"
#include "core/config/table.h"
#include "core/gateway/rules/dimensions.h"
#include "core/gateway/rules/field_rule.h"
#include "core/gateway/rules/status_range.h"
#include "core/gateway/rules/substitute.h"

namespace skerry::edge {

enum class OnPartition : uint8_t { kRevalidate, kServe };
enum class Use : uint8_t { kShield, kOrigin };
enum class SecurityPreset : uint8_t { kNone, kBasic, kStrict };

// "404: 2m", "5xx: 10s": how long answers of a status are fresh.
struct StatusLifetime {
  gateway::StatusRange status;
  Seconds ttl{0};

  static Result<StatusLifetime> Parse(std::string_view text);
  std::string ToString() const;
};

// "Save-Data: on|off": a field of the key, and which of its values count; any without.
struct KeyFieldText {
  gateway::KeyField field;

  static Result<KeyFieldText> Parse(std::string_view text);
  std::string ToString() const;
};

// security.*: fields for browsers, of a site and of single rules. What is not set
// comes from the preset; "off" is none.
struct SecurityOptions {
  std::optional<SecurityPreset> preset;
  std::optional<std::string> hsts;
  std::optional<std::string> csp;
  std::optional<std::string> frame;
  std::optional<std::string> referrer;
  std::optional<std::string> content_type;
};

// [[site.rule]]: what happens to the paths it names. The first that matches counts.
struct RuleOptions : SecurityOptions {
  std::string name;
  std::vector<std::string> match;
  bool bypass = false;
  std::vector<gateway::FieldTest> bypass_on;
  std::vector<gateway::CookieTest> bypass_on_cookies;
  std::optional<Seconds> edge_ttl;
  std::optional<Seconds> browser_ttl;
  cache::Policy::Browser browser_cache = cache::Policy::Browser::kAsOrigin;
  bool immutable = false;
  std::optional<Seconds> default_ttl;
  std::optional<Seconds> negative_ttl;
  std::vector<StatusLifetime> status_ttl;
  std::optional<Seconds> stale_while_revalidate;
  std::optional<Seconds> stale_if_error;
  bool store_set_cookie = false;
  bool sort_query = false;
  std::optional<std::vector<std::string>> query_allow;
  std::vector<std::string> query_deny;
  bool key_country = false;
  std::string key_country_as;
  bool key_device = false;
  std::string key_device_as;
  std::string key_tier_cookie;
  std::string key_tier_field;
  std::vector<std::string> key_tier_values;
  std::string key_tier_as;
  std::vector<KeyFieldText> key_fields;
  bool compress = true;
  OnPartition on_partition = OnPartition::kRevalidate;
  std::optional<Use> use;
  std::vector<gateway::FieldLine> set_fields;
  std::vector<gateway::FieldName> remove_fields;
  std::vector<gateway::FieldLine> request_set_fields;
  std::vector<gateway::FieldName> request_remove_fields;
  std::string spa_fallback;
  std::vector<gateway::ErrorPage> error_pages;
  std::string redirect_to;
  int64_t redirect_status = 308;
  bool redirect_query = true;
  config::Places places;
};

// [[site]]: a set of host names, where its answers come from, and its rules.
struct SiteOptions : SecurityOptions {
  std::string name;
  std::vector<std::string> hosts;
  std::string origin;
  bool https_redirect = false;
  int64_t https_port = 443;
  std::vector<RuleOptions> rules;
  config::Places places;
};

const config::Table<SiteOptions>& SiteTable();

}  // namespace skerry::edge
