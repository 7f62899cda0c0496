#include "edge/config/rule_options.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/config/kind.h"
#include "core/http/message.h"

namespace skerry::edge {

using namespace std::chrono_literals;
using config::Bool;
using config::Choice;
using config::Integer;
using config::ParsedList;
using config::Text;
using config::TextList;
using config::WholeSeconds;

namespace {

constexpr Seconds kYear = 24h * 366;

// A member of a base as one of the derived struct, which is what a row binds.
template <class S, class V>
constexpr V S::*Of(V SecurityOptions::*member) {
  return member;
}

config::Kind<SecurityPreset> Preset() {
  return Choice<SecurityPreset>({{"none", SecurityPreset::kNone},
                                 {"basic", SecurityPreset::kBasic},
                                 {"strict", SecurityPreset::kStrict}});
}

constexpr std::string_view kHsts = "Strict-Transport-Security over https, or \"off\".";
constexpr std::string_view kCsp = "Content-Security-Policy, or \"off\".";
constexpr std::string_view kFrame = "X-Frame-Options, or \"off\".";
constexpr std::string_view kReferrer = "Referrer-Policy, or \"off\".";
constexpr std::string_view kContentType = "X-Content-Type-Options, or \"off\".";

// Long: the table is one list, in the order of the manual.
const config::Table<RuleOptions>& RuleTable() {
  using Rule = RuleOptions;
  using Security = SecurityOptions;
  using Browser = cache::Policy::Browser;
  static const config::Table<Rule> table = {
      {"match", &Rule::match, TextList(),
       "Paths this rule is for: \"/assets/*\", \"*.css\"; * stands for any characters."},
      {"name", &Rule::name, Text(""), "What explanations call it; else its first path."},
      {"bypass", &Rule::bypass, Bool(false), "Never looked up, never stored."},
      {"bypass_on", &Rule::bypass_on,
       ParsedList<gateway::FieldTest>("NAME or \"NAME: VALUE\"", std::vector<gateway::FieldTest>()),
       "Requests with such a field go past the cache; * in values stands for anything."},
      {"bypass_on_cookies", &Rule::bypass_on_cookies,
       ParsedList<gateway::CookieTest>("NAME or \"NAME=VALUE\"",
                                       std::vector<gateway::CookieTest>()),
       "Requests with such a cookie go past the cache: \"session\", \"wp_*\", \"preview=1\"."},
      {"edge_ttl", &Rule::edge_ttl, WholeSeconds(0s, kYear),
       "Freshness at the edge, whatever the origin says; not of errors."},
      {"browser_ttl", &Rule::browser_ttl, WholeSeconds(0s, kYear),
       "max-age that browsers are sent; not with errors."},
      {"browser_cache", &Rule::browser_cache,
       Choice<Browser>({{"origin", Browser::kAsOrigin},
                        {"no-cache", Browser::kNoCache},
                        {"no-store", Browser::kNoStore}},
                       Browser::kAsOrigin),
       "Cache-Control for browsers: as the origin says, ask every time, or keep nothing."},
      {"immutable", &Rule::immutable, Bool(false),
       "The bytes behind a URL never change: a year at the edge and in browsers, unless "
       "edge_ttl or browser_ttl say otherwise."},
      {"default_ttl", &Rule::default_ttl, WholeSeconds(0s, kYear),
       "Freshness where the origin says nothing, instead of a heuristic."},
      {"negative_ttl", &Rule::negative_ttl, WholeSeconds(0s, kYear),
       "Freshness of 404 and 410 where the origin says nothing."},
      {"status_ttl", &Rule::status_ttl,
       ParsedList<StatusLifetime>("\"STATUS: TIME\"", std::vector<StatusLifetime>()),
       "Freshness of statuses from 300 on, whatever the origin says: \"404: 2m\", \"5xx: 10s\". "
       "An error never takes the place of a usable stale answer."},
      {"stale_while_revalidate", &Rule::stale_while_revalidate, WholeSeconds(0s, kYear),
       "How long after expiry an answer is served while it is refreshed behind."},
      {"stale_if_error", &Rule::stale_if_error, WholeSeconds(0s, kYear),
       "How long after expiry an answer is served when upstream fails."},
      {"store_set_cookie", &Rule::store_set_cookie, Bool(false),
       "Store answers with Set-Cookie: only where the cookie is the same for everyone."},
      {"sort_query", &Rule::sort_query, Bool(false),
       "The order of query parameters does not count."},
      {"query_allow", &Rule::query_allow, TextList(),
       "Only these query parameters count (\"p_*\" is all that begin so; [] none); the others do "
       "not reach the origin."},
      {"query_deny", &Rule::query_deny, TextList({{}}),
       "These query parameters do not count and do not reach the origin."},
      {"key.country", &Rule::key_country, Bool(false),
       "The country of the client's address is part of the key; needs country_database."},
      {"key.country_as", &Rule::key_country_as, Text("X-Country"),
       "The field by which the origin is told; \"\": it is not."},
      {"key.device", &Rule::key_device, Bool(false),
       "The class of device is part of the key: desktop, mobile, tablet, bot."},
      {"key.device_as", &Rule::key_device_as, Text("X-Device"),
       "The field by which the origin is told; \"\": it is not."},
      {"key.tier_cookie", &Rule::key_tier_cookie, Text(""),
       "The cookie whose value is part of the key, if it is one of key.tier_values."},
      {"key.tier_field", &Rule::key_tier_field, Text(""), "The same for a field of the request."},
      {"key.tier_values", &Rule::key_tier_values, TextList({{}}),
       "The tiers; any other value counts as \"default\"."},
      {"key.tier_as", &Rule::key_tier_as, Text("X-Tier"),
       "The field by which the origin is told; \"\": it is not."},
      {"key.fields", &Rule::key_fields,
       ParsedList<KeyFieldText>("NAME or \"NAME: VALUE|VALUE\"", std::vector<KeyFieldText>()),
       "Fields that are part of the key and go to the origin; with values, others count as "
       "absent."},
      {"compress", &Rule::compress, Bool(true),
       "Brotli, zstd and gzip for compressible answers that come uncoded."},
      {"on_partition", &Rule::on_partition,
       Choice<OnPartition>(
           {{"revalidate", OnPartition::kRevalidate}, {"serve", OnPartition::kServe}},
           OnPartition::kRevalidate),
       "While the purge log is out of reach: ask upstream before serving, or serve."},
      {"use", &Rule::use, Choice<Use>({{"shield", Use::kShield}, {"origin", Use::kOrigin}}),
       "Where these paths come from; the shield where there is one."},
      {"set_fields", &Rule::set_fields,
       ParsedList<gateway::FieldLine>("\"NAME: VALUE\"", std::vector<gateway::FieldLine>()),
       "Fields of every answer, instead of the origin's."},
      {"remove_fields", &Rule::remove_fields,
       ParsedList<gateway::FieldName>("NAME", std::vector<gateway::FieldName>()),
       "Fields taken from every answer."},
      {"request_set_fields", &Rule::request_set_fields,
       ParsedList<gateway::FieldLine>("\"NAME: VALUE\"", std::vector<gateway::FieldLine>()),
       "Fields the origin is sent, instead of the client's."},
      {"request_remove_fields", &Rule::request_remove_fields,
       ParsedList<gateway::FieldName>("NAME", std::vector<gateway::FieldName>()),
       "Fields of the client that the origin is not sent."},
      {"spa_fallback", &Rule::spa_fallback, Text(""),
       "The page for navigations that find a 404 at a path that names no file: \"/index.html\"."},
      {"error_pages", &Rule::error_pages,
       ParsedList<gateway::ErrorPage>("\"STATUS: /path\"", std::vector<gateway::ErrorPage>()),
       "Pages in place of errors, the origin's and our own: \"404: /404.html\", \"5xx: "
       "/sorry.html\"."},
      {"redirect.to", &Rule::redirect_to, Text(""),
       "Answer with a redirect to this path or URL; $1 is what the first * stands for."},
      {"redirect.status", &Rule::redirect_status, Integer(301, 308, 308),
       "301 or 308 for ever, 302 or 307 for now; 307 and 308 keep the method."},
      {"redirect.query", &Rule::redirect_query,
       Choice<bool>({{"keep", true}, {"drop", false}}, true), "Whether the query goes along."},
      {"security.preset", Of<Rule>(&Security::preset), Preset(),
       "Fields that make browsers careful (docs/recipes.md lists them); else the site's."},
      {"security.hsts", Of<Rule>(&Security::hsts), Text(), kHsts},
      {"security.csp", Of<Rule>(&Security::csp), Text(), kCsp},
      {"security.frame", Of<Rule>(&Security::frame), Text(), kFrame},
      {"security.referrer", Of<Rule>(&Security::referrer), Text(), kReferrer},
      {"security.content_type", Of<Rule>(&Security::content_type), Text(), kContentType},
  };
  return table;
}

}  // namespace

Result<StatusLifetime> StatusLifetime::Parse(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == text.npos) {
    return Fail(Code::kInvalid, Side::kConfig,
                "expected \"STATUS: TIME\", found \"" + std::string(text) + "\"");
  }
  auto status = gateway::StatusRange::Parse(http::TrimBlanks(text.substr(0, colon)));
  if (!status) return Fail(std::move(status.error()));
  const std::string time(http::TrimBlanks(text.substr(colon + 1)));
  auto ttl = WholeSeconds(0s, kYear).parse(config::Written(time));
  if (!ttl) return Fail(std::move(ttl.error()));
  return StatusLifetime{*status, *ttl};
}

std::string StatusLifetime::ToString() const {
  return status.ToString() + ": " + WholeSeconds(0s, kYear).print(ttl);
}

Result<KeyFieldText> KeyFieldText::Parse(std::string_view text) {
  const size_t colon = text.find(':');
  auto name = gateway::FieldName::Parse(text.substr(0, colon));
  if (!name) return Fail(std::move(name.error()));
  KeyFieldText parsed;
  parsed.field.name = std::move(name->name);
  std::string_view rest = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  while (!rest.empty()) {
    const size_t bar = std::min(rest.find('|'), rest.size());
    const std::string_view value = http::TrimBlanks(rest.substr(0, bar));
    if (!value.empty()) parsed.field.values.emplace_back(value);
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  if (colon != text.npos && parsed.field.values.empty()) {
    return Fail(Code::kInvalid, Side::kConfig,
                "expected \"Name\" or \"Name: value|value\", found \"" + std::string(text) + "\"");
  }
  return parsed;
}

std::string KeyFieldText::ToString() const {
  std::string text;
  for (const std::string& value : field.values) text += (text.empty() ? ": " : "|") + value;
  return field.name + text;
}

const config::Table<SiteOptions>& SiteTable() {
  using Site = SiteOptions;
  using Security = SecurityOptions;
  static const config::Table<Site> table = {
      {"name", &Site::name, Text(), "The site in metrics, logs and purges."},
      {"hosts", &Site::hosts, TextList(),
       "Host names, \"www.example.com\" or \"*.example.com\"; \"*\" is every other host."},
      {"origin", &Site::origin, Text(""), "Its origin, instead of the program's."},
      {"https_redirect", &Site::https_redirect, Bool(false),
       "Requests over http are sent to https (308), but for ACME challenges."},
      {"https_port", &Site::https_port, Integer(1, 65535, 443), "The port they are sent to."},
      {"security.preset", Of<Site>(&Security::preset), Preset(),
       "Fields that make browsers careful (docs/recipes.md lists them), where the origin sends "
       "none itself."},
      {"security.hsts", Of<Site>(&Security::hsts), Text(), kHsts},
      {"security.csp", Of<Site>(&Security::csp), Text(), kCsp},
      {"security.frame", Of<Site>(&Security::frame), Text(), kFrame},
      {"security.referrer", Of<Site>(&Security::referrer), Text(), kReferrer},
      {"security.content_type", Of<Site>(&Security::content_type), Text(), kContentType},
      {"rule", &Site::rules, RuleTable(), "Policy of some paths; the first that matches."},
  };
  return table;
}

}  // namespace skerry::edge
