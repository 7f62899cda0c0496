#include "edge/config/rules.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "core/gateway/rules/redirect.h"
#include "core/http/message.h"
#include "core/http/upstream/upstream.h"
#include "core/http/url.h"
#include "edge/config/security.h"

namespace skerry::edge {

using namespace std::chrono_literals;

namespace {

using config::Problems;

constexpr Seconds kForEver = 24h * 365;

cache::Policy BasePolicy(const Options& options) {
  return options.profile == Profile::kRfc ? cache::Policy::Rfc() : cache::Policy::Careful();
}

// "edge.toml:12".
std::string LineOf(const config::Place& place) {
  return place.line == 0 ? place.source : place.source + ":" + std::to_string(place.line);
}

void SetPolicy(const RuleOptions& rule, cache::Policy& policy) {
  policy.bypass = rule.bypass;
  policy.edge_ttl = rule.edge_ttl;
  policy.browser_ttl = rule.browser_ttl;
  policy.browser = rule.browser_cache;
  policy.immutable = rule.immutable;
  if (rule.immutable && !rule.edge_ttl) policy.edge_ttl = kForEver;
  if (rule.immutable && !rule.browser_ttl) policy.browser_ttl = kForEver;
  if (rule.default_ttl) policy.default_ttl = rule.default_ttl;
  if (rule.negative_ttl) policy.negative_ttl = rule.negative_ttl;
  for (const StatusLifetime& lifetime : rule.status_ttl) {
    policy.status_ttl.push_back({lifetime.status.first, lifetime.status.last, lifetime.ttl});
  }
  if (rule.stale_while_revalidate) policy.swr = rule.stale_while_revalidate;
  if (rule.stale_if_error) policy.sie = rule.stale_if_error;
  policy.store_set_cookie |= rule.store_set_cookie;
}

bool HasTier(const RuleOptions& rule) {
  return !rule.key_tier_cookie.empty() || !rule.key_tier_field.empty();
}

http::Fields LinesOf(const std::vector<gateway::FieldLine>& lines) {
  http::Fields fields;
  for (const gateway::FieldLine& line : lines) fields.Add(line.name, line.value);
  return fields;
}

std::vector<std::string> NamesOf(const std::vector<gateway::FieldName>& names) {
  std::vector<std::string> list;
  for (const gateway::FieldName& name : names) list.push_back(name.name);
  return list;
}

// Adds a name to a Vary list unless it is there.
void AddVary(std::string_view name, std::string& vary) {
  const std::string lower = http::AsciiLower(name);
  if ((", " + vary + ",").find(", " + lower + ",") != std::string::npos) return;
  vary += (vary.empty() ? "" : ", ") + lower;
}

// The fields by which the origin is told what is in the key, lower case.
std::vector<std::string> ToldBy(const RuleOptions& rule) {
  std::vector<std::string> names;
  const auto add = [&names](bool used, const std::string& name) {
    if (used && !name.empty()) names.push_back(http::AsciiLower(name));
  };
  add(rule.key_country, rule.key_country_as);
  add(rule.key_device, rule.key_device_as);
  add(HasTier(rule), rule.key_tier_as);
  return names;
}

void SetKey(const RuleOptions& rule, std::shared_ptr<const gateway::Countries> countries,
            gateway::Route& route) {
  gateway::KeySpec& key = route.key;
  std::string& vary = route.answer.vary;
  if (rule.key_country) key.countries = std::move(countries);
  key.country_as = http::AsciiLower(rule.key_country_as);
  key.device = rule.key_device;
  key.device_as = http::AsciiLower(rule.key_device_as);
  if (rule.key_device) {
    AddVary("user-agent", vary);
    AddVary("sec-ch-ua-mobile", vary);
  }
  if (HasTier(rule)) {
    key.tier = gateway::TierSource{rule.key_tier_cookie, http::AsciiLower(rule.key_tier_field),
                                   rule.key_tier_values};
    key.tier_as = http::AsciiLower(rule.key_tier_as);
    AddVary(rule.key_tier_cookie.empty() ? rule.key_tier_field : "cookie", vary);
  }
  for (const KeyFieldText& text : rule.key_fields) {
    key.fields.push_back(text.field);
    AddVary(text.field.name, vary);
  }
}

size_t LeastStars(const RuleOptions& rule) {
  size_t least = 9;
  for (const std::string& path : rule.match) least = std::min(least, gateway::Glob(path).stars());
  return least;
}

// The first rule that takes `path`; size() if none does. A pattern is taken as a text:
// one whose text another pattern matches can match nothing that this one does not.
size_t FirstMatch(const std::vector<RuleOptions>& rules, std::string_view path) {
  const auto takes = [path](const RuleOptions& rule) {
    return std::any_of(rule.match.begin(), rule.match.end(), [path](const std::string& glob) {
      return gateway::Glob(glob).Matches(path);
    });
  };
  return static_cast<size_t>(std::find_if(rules.begin(), rules.end(), takes) - rules.begin());
}

void CheckReached(const SiteOptions& site, size_t index, Problems& problems) {
  const RuleOptions& rule = site.rules[index];
  size_t before = index;
  for (const std::string& path : rule.match) {
    const size_t first = FirstMatch(site.rules, path);
    if (first >= index) return;
    before = first;
  }
  if (rule.match.empty()) {
    return problems.Add(rule.places.Of("match"), "match: name at least one path");
  }
  problems.Add(rule.places.Of("match"), "match: never reached, the rule at " +
                                            LineOf(site.rules[before].places.start()) +
                                            " comes first and matches the same paths");
}

void CheckMatch(const RuleOptions& rule, Problems& problems) {
  for (const std::string& path : rule.match) {
    if (path.starts_with('/') || path.starts_with('*')) continue;
    problems.Add(rule.places.Of("match"),
                 "match: a path begins with \"/\" or \"*\", found \"" + path + "\"");
  }
}

void CheckRedirect(const SiteOptions& site, size_t index, Problems& problems) {
  const RuleOptions& rule = site.rules[index];
  const config::Places& places = rule.places;
  if (rule.redirect_to.empty()) {
    for (const char* name : {"redirect.status", "redirect.query"}) {
      if (places.Has(name))
        problems.Add(places.Of(name), std::string(name) + ": there is no redirect.to");
    }
    return;
  }
  constexpr std::array<int64_t, 4> kStatuses = {301, 302, 307, 308};
  if (std::find(kStatuses.begin(), kStatuses.end(), rule.redirect_status) == kStatuses.end()) {
    problems.Add(places.Of("redirect.status"), "redirect.status: expected 301, 302, 307 or 308");
  }
  const std::string& to = rule.redirect_to;
  if (const Status good = gateway::CheckRedirectTarget(to, LeastStars(rule)); !good) {
    return problems.Add(places.Of("redirect.to"), "redirect.to: " + good.error().context);
  }
  if (!to.starts_with('/')) return;
  // Where it leads, with a letter for each capture.
  std::string sample = to.substr(0, to.find_first_of("?#"));
  for (size_t at; (at = sample.find('$')) != sample.npos;) sample.replace(at, 2, "x");
  if (FirstMatch(site.rules, sample) == index) {
    problems.Add(places.Of("redirect.to"),
                 "redirect.to: \"" + to + "\" is redirected by this same rule, round in a ring");
  }
}

// As a request's host is compared with it: without port, in ASCII, no dot at the end.
bool IsHost(std::string_view host) {
  constexpr std::string_view kAddress = "0123456789abcdefABCDEF:.";
  if (host == "*") return true;
  if (host.starts_with('[')) {
    return host.ends_with(']') &&
           host.substr(1, host.size() - 2).find_first_not_of(kAddress) == host.npos;
  }
  if (host.starts_with("*.")) host.remove_prefix(2);
  const bool dots = host.starts_with('.') || host.ends_with('.') || host.find("..") != host.npos;
  return !host.empty() && !dots && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

// Of a host that two sites name one would never see a request.
void CheckHost(const Options& options, const SiteOptions& site, const std::string& host,
               Problems& problems) {
  const config::Place& place = site.places.Of("hosts");
  if (!IsHost(host)) {
    problems.Add(place, "hosts: \"" + host +
                            "\" is no host name: expected \"www.example.com\", "
                            "\"*.example.com\" or \"*\", without scheme, port and path");
  }
  for (const SiteOptions& other : options.sites) {
    if (&other == &site) return;
    const bool taken = std::any_of(other.hosts.begin(), other.hosts.end(), [&](const auto& its) {
      return http::EqualsIgnoreCase(its, host);
    });
    if (taken) {
      problems.Add(place, "hosts: \"" + host + "\" is a host of site \"" + other.name +
                              "\" already, at " + LineOf(other.places.Of("hosts")));
    }
  }
}

// Metrics, logs and purges would take two sites for one.
void CheckName(const Options& options, const SiteOptions& site, Problems& problems) {
  for (const SiteOptions& other : options.sites) {
    if (&other == &site) return;
    if (other.name != site.name) continue;
    return problems.Add(site.places.Of("name"), "name: \"" + site.name +
                                                    "\" is the name of the site at " +
                                                    LineOf(other.places.start()) + " already");
  }
}

void CheckOrigin(const Options& options, const SiteOptions& site, Problems& problems) {
  if (site.hosts.empty()) problems.Add(site.places.Of("hosts"), "hosts: name at least one host");
  for (const std::string& host : site.hosts) CheckHost(options, site, host, problems);
  if (!site.origin.empty()) {
    if (const auto url = http::UpstreamUrl::Parse(site.origin); !url) {
      problems.Add(site.places.Of("origin"), "origin: " + url.error().context);
    }
  } else if (options.origin.empty() && options.shield.empty()) {
    problems.Add(site.places.start(),
                 "site \"" + site.name + "\" has no origin, and there is no --origin or --shield");
  }
}

void CheckUse(const Options& options, const SiteOptions& site, const RuleOptions& rule,
              Problems& problems) {
  if (rule.use == Use::kShield && options.shield.empty()) {
    problems.Add(rule.places.Of("use"), "use: there is no shield");
  }
  if (rule.use == Use::kOrigin && options.origin.empty() && site.origin.empty()) {
    problems.Add(rule.places.Of("use"), "use: there is no origin");
  }
}

// An option that means nothing without another one.
void CheckNeeds(const RuleOptions& rule, const char* name, bool there, const std::string& needed,
                Problems& problems) {
  if (there || !rule.places.Has(name)) return;
  problems.Add(rule.places.Of(name), std::string(name) + ": there is no " + needed);
}

void CheckFieldName(const RuleOptions& rule, const char* name, const std::string& value,
                    Problems& problems) {
  if (value.empty()) return;
  const auto parsed = gateway::FieldName::Parse(value);
  if (!parsed) {
    return problems.Add(rule.places.Of(name), std::string(name) + ": " + parsed.error().context);
  }
  // These decide by themselves who is answered, or have rules of their own.
  for (const char* own : {"authorization", "cookie", "range", "accept-encoding"}) {
    if (parsed->name == own) {
      problems.Add(rule.places.Of(name), std::string(name) + ": not " + value);
    }
  }
}

void CheckKey(const Options& options, const SiteOptions& site, const RuleOptions& rule,
              Problems& problems) {
  const config::Places& places = rule.places;
  if (rule.key_country && options.country_database.empty()) {
    problems.Add(places.Of("key.country"), "key.country: there is no country_database");
  }
  CheckNeeds(rule, "key.country_as", rule.key_country, "key.country", problems);
  CheckNeeds(rule, "key.device_as", rule.key_device, "key.device", problems);
  const bool tier = HasTier(rule);
  CheckNeeds(rule, "key.tier_values", tier, "key.tier_cookie or key.tier_field", problems);
  CheckNeeds(rule, "key.tier_as", tier, "key.tier_cookie or key.tier_field", problems);
  if (tier && rule.key_tier_values.empty()) {
    problems.Add(places.Of("key.tier_values"), "key.tier_values: name at least one tier");
  }
  if (!rule.key_tier_cookie.empty() && !rule.key_tier_field.empty()) {
    problems.Add(places.Of("key.tier_field"), "key.tier_field: there is key.tier_cookie already");
  }
  CheckFieldName(rule, "key.country_as", rule.key_country_as, problems);
  CheckFieldName(rule, "key.device_as", rule.key_device_as, problems);
  CheckFieldName(rule, "key.tier_as", rule.key_tier_as, problems);
  CheckFieldName(rule, "key.tier_field", rule.key_tier_field, problems);
  for (const KeyFieldText& text : rule.key_fields) {
    CheckFieldName(rule, "key.fields", text.field.name, problems);
  }
  // A shield believes an edge's key only with a token.
  const bool keyed = rule.key_country || rule.key_device || tier || !rule.key_fields.empty();
  const bool to_shield =
      rule.use == Use::kShield || (!rule.use && !options.shield.empty() && site.origin.empty());
  if ((keyed || !rule.request_set_fields.empty()) && to_shield &&
      options.purge_token_file.empty()) {
    problems.Add(rule.places.start(),
                 "key.* and request_set_fields on the way to a shield need purge_token_file");
  }
}

void CheckPages(const RuleOptions& rule, Problems& problems) {
  const std::string& page = rule.spa_fallback;
  if (page.empty() || (page.starts_with('/') && http::ParseTarget(page))) return;
  problems.Add(rule.places.Of("spa_fallback"),
               "spa_fallback: expected \"/path\", found \"" + page + "\"");
}

}  // namespace

void CheckSite(const Options& options, const SiteOptions& site, Problems& problems) {
  CheckName(options, site, problems);
  CheckOrigin(options, site, problems);
  if (site.places.Has("https_port") && !site.https_redirect) {
    problems.Add(site.places.Of("https_port"), "https_port: there is no https_redirect");
  }
  for (size_t i = 0; i < site.rules.size(); ++i) {
    CheckMatch(site.rules[i], problems);
    CheckReached(site, i, problems);
    CheckUse(options, site, site.rules[i], problems);
    CheckRedirect(site, i, problems);
    CheckKey(options, site, site.rules[i], problems);
    CheckPages(site.rules[i], problems);
  }
}

gateway::Route SimpleRoute(const Options& options) {
  gateway::Route route;
  route.policy = BasePolicy(options);
  route.compress = options.profile != Profile::kRfc;
  route.early_hints = options.early_hints;
  return route;
}

gateway::Route SiteRoute(const Options& options, const SiteOptions& site) {
  gateway::Route route = SimpleRoute(options);
  route.site = site.name;
  route.rule = "none";
  route.place = LineOf(site.places.start());
  if (site.https_redirect) route.https_port = static_cast<uint16_t>(site.https_port);
  route.answer.defaults = SecurityFields(site, {});
  for (const RuleOptions& rule : site.rules) {
    for (std::string& name : ToldBy(rule)) route.request.remove.push_back(std::move(name));
  }
  return route;
}

gateway::Route RuleRoute(const SiteOptions& site, const RuleOptions& rule,
                         std::shared_ptr<const gateway::Countries> countries,
                         gateway::Route route) {
  route.rule = rule.name.empty() ? rule.match.front() : rule.name;
  route.place = LineOf(rule.places.start());
  SetPolicy(rule, route.policy);
  route.key_rules = {rule.sort_query, rule.query_allow, rule.query_deny};
  route.compress = route.compress && rule.compress;
  route.serve_on_partition = rule.on_partition == OnPartition::kServe;
  route.bypass_on = {rule.bypass_on, rule.bypass_on_cookies};
  for (const gateway::FieldTest& test : rule.bypass_on) AddVary(test.name, route.answer.vary);
  if (!rule.bypass_on_cookies.empty()) AddVary("cookie", route.answer.vary);
  SetKey(rule, std::move(countries), route);
  // route.request.remove has what no client may tell the site's origin.
  route.request.set = LinesOf(rule.request_set_fields);
  for (std::string& name : NamesOf(rule.request_remove_fields)) {
    route.request.remove.push_back(std::move(name));
  }
  route.substitutes = {rule.error_pages, rule.spa_fallback};
  route.answer.set = LinesOf(rule.set_fields);
  route.answer.remove = NamesOf(rule.remove_fields);
  route.answer.defaults = SecurityFields(site, rule);
  if (!rule.redirect_to.empty()) {
    gateway::Redirect redirect;
    for (const std::string& path : rule.match) redirect.from.emplace_back(path);
    redirect.to = rule.redirect_to;
    redirect.status = static_cast<int>(rule.redirect_status);
    redirect.keep_query = rule.redirect_query;
    route.redirect = std::move(redirect);
  }
  return route;
}

}  // namespace skerry::edge
