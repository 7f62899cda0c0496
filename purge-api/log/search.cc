#include "purge-api/log/search.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/cache/key.h"
#include "core/cache/purge/scopes.h"

namespace skerry::purge {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShown = 5;

bool Has(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool CoversUrl(const cache::Selectors& named, std::string_view url) {
  const std::string_view text = cache::PurgeUrl(url);
  const auto same = [&](const std::string& its) { return cache::PurgeUrl(its) == text; };
  const auto begins = [&](const std::string& its) {
    return text.starts_with(cache::PurgeUrl(its));
  };
  return named.all || Has(named.hosts, cache::PurgeHost(url)) ||
         std::any_of(named.urls.begin(), named.urls.end(), same) ||
         std::any_of(named.prefixes.begin(), named.prefixes.end(), begins);
}

// An activation names the paths of its site that changed, by their hashes.
bool CoversUrl(const cache::Record& record, std::string_view url) {
  if (CoversUrl(record.selectors, url)) return true;
  if (record.kind != cache::RecordKind::kActivation) return false;
  std::string_view path = cache::PurgeUrl(url);
  path.remove_prefix(cache::PurgeHost(url).size());
  path = path.substr(0, path.find('?'));
  const std::vector<std::string>& tags = record.selectors.tags;
  return Has(tags, cache::SiteTag(record.site)) ||
         Has(tags, cache::SitePathTag(record.site, path.empty() ? "/" : path));
}

bool TouchesHost(const cache::Selectors& named, std::string_view host) {
  const auto on_it = [&](const std::string& url) { return cache::PurgeHost(url) == host; };
  return named.all || Has(named.hosts, host) ||
         std::any_of(named.urls.begin(), named.urls.end(), on_it) ||
         std::any_of(named.prefixes.begin(), named.prefixes.end(), on_it);
}

Json First(const cache::Selectors& named) {
  Json first = Json::array();
  for (const auto* list : {&named.urls, &named.tags, &named.prefixes, &named.hosts}) {
    const bool prefixes = list == &named.prefixes;
    for (const std::string& text : *list) {
      if (first.size() == kShown) return first;
      first.push_back(prefixes ? text + '*' : text);
    }
  }
  return first;
}

Json ValueOf(const Past& past) {
  const cache::Record& record = past.record;
  const cache::Selectors& named = record.selectors;
  Json value = {{"id", record.id},
                {"seq", record.seq},
                {"at", past.at},
                {"who", past.who},
                {"kind", Name(record.kind)},
                {"state", past.complete ? "complete" : "accepted"}};
  if (record.kind == cache::RecordKind::kPurge) {
    value["mode"] = Name(record.mode);
    value["immutable"] = record.immutable;
  } else {
    value["site"] = record.site;
    value["release"] = record.release;
  }
  value["named"] = {{"urls", named.urls.size()},
                    {"tags", named.tags.size()},
                    {"prefixes", named.prefixes.size()},
                    {"hosts", named.hosts.size()},
                    {"all", named.all}};
  value["first"] = First(named);
  return value;
}

// Texts of one form, the shorter one the beginning of a time; its Z would be in the way.
std::string_view Time(std::string_view text) {
  return text.substr(0, text.size() - (text.ends_with('Z') ? 1 : 0));
}

}  // namespace

bool Fits(const Search& search, const Past& past) {
  const cache::Selectors& named = past.record.selectors;
  return (search.who.empty() || past.who == search.who) &&
         (search.since.empty() || past.at >= Time(search.since)) &&
         (search.until.empty() || past.at < Time(search.until)) &&
         (search.site.empty() || past.record.site == search.site) &&
         (search.tag.empty() || Has(named.tags, search.tag)) &&
         (search.url.empty() || CoversUrl(past.record, search.url)) &&
         (search.host.empty() || TouchesHost(named, search.host));
}

std::string ToJson(const Pasts& pasts) {
  Json value = {{"purges", Json::array()}};
  for (const Past& past : pasts.found) value["purges"].push_back(ValueOf(past));
  if (pasts.next != 0) value["next"] = pasts.next;
  return value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace skerry::purge
