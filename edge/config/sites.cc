#include "edge/config/sites.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/bytes.h"
#include "core/gateway/rules/glob.h"
#include "core/http/message.h"
#include "edge/config/country_file.h"
#include "edge/config/rules.h"

namespace skerry::edge {

size_t UpstreamList::Add(const std::string& url, bool shield) {
  const auto found = std::find(urls.begin(), urls.end(), url);
  if (found != urls.end()) return static_cast<size_t>(found - urls.begin());
  urls.push_back(url);
  is_shield.push_back(shield);
  return urls.size() - 1;
}

std::string QueryRules(const Options& options) {
  std::string text;
  bool any = false;
  const auto add = [&text](char what, const std::vector<std::string>& list) {
    text += what;
    for (const std::string& one : list) PutSized(text, one);
  };
  for (const SiteOptions& site : options.sites) {
    add('s', site.hosts);
    for (const RuleOptions& rule : site.rules) {
      any = any || rule.sort_query || rule.query_allow || !rule.query_deny.empty();
      add('r', rule.match);
      if (rule.sort_query) text += 'o';
      if (rule.query_allow) add('a', *rule.query_allow);
      add('d', rule.query_deny);
    }
  }
  return any ? text : "";
}

bool ServesOnPartition(const Options& options) {
  for (const SiteOptions& site : options.sites) {
    for (const RuleOptions& rule : site.rules) {
      if (rule.on_partition == OnPartition::kServe) return true;
    }
  }
  return false;
}

namespace {

// Immutable: a snapshot of the configuration. Thread: any.
class Sites : public gateway::Classifier {
 public:
  Sites(const Options& options, std::shared_ptr<const gateway::Countries> countries,
        UpstreamList& upstreams)
      : countries_(std::move(countries)) {
    for (const SiteOptions& site : options.sites) Add(options, site, upstreams);
  }

  const std::shared_ptr<const gateway::Route>& Classify(std::string_view host,
                                                        std::string_view path) const override {
    const Site* site = Find(HostOf(host));
    if (site == nullptr) return none_;
    for (const Rule& rule : site->rules) {
      const bool matches =
          std::any_of(rule.match.begin(), rule.match.end(),
                      [&](const gateway::Glob& glob) { return glob.Matches(path); });
      if (matches) return rule.route;
    }
    return site->otherwise;
  }

 private:
  struct Rule {
    std::vector<gateway::Glob> match;
    std::shared_ptr<const gateway::Route> route;
  };
  struct Site {
    std::vector<Rule> rules;
    std::shared_ptr<const gateway::Route> otherwise;
  };

  // Without its port; the target's host is in lower case.
  static std::string_view HostOf(std::string_view host) {
    const size_t colon = host.rfind(':');
    const size_t bracket = host.rfind(']');
    const bool has_port = colon != host.npos && (bracket == host.npos || colon > bracket);
    return has_port ? host.substr(0, colon) : host;
  }

  void Add(const Options& options, const SiteOptions& from, UpstreamList& upstreams) {
    const std::string& own_origin = from.origin.empty() ? options.origin : from.origin;
    gateway::Route base = SiteRoute(options, from);
    const bool by_shield = !options.shield.empty() && from.origin.empty();
    base.upstream =
        by_shield ? upstreams.Add(options.shield, true) : upstreams.Add(own_origin, false);
    Site site;
    site.otherwise = std::make_shared<const gateway::Route>(base);
    for (const RuleOptions& rule : from.rules) {
      gateway::Route route = RuleRoute(from, rule, countries_, base);
      if (rule.use == Use::kShield) route.upstream = upstreams.Add(options.shield, true);
      if (rule.use == Use::kOrigin) route.upstream = upstreams.Add(own_origin, false);
      site.rules.push_back({{rule.match.begin(), rule.match.end()},
                            std::make_shared<const gateway::Route>(std::move(route))});
    }
    sites_.push_back(std::move(site));
    for (const std::string& host : from.hosts) hosts_[http::AsciiLower(host)] = sites_.size() - 1;
  }

  // The name itself, then "*.rest" from the longest rest on, then "*".
  const Site* Find(std::string_view host) const {
    if (const auto exact = hosts_.find(host); exact != hosts_.end()) return &sites_[exact->second];
    for (size_t dot = host.find('.'); dot != host.npos; dot = host.find('.', dot + 1)) {
      const auto found = hosts_.find("*" + std::string(host.substr(dot)));
      if (found != hosts_.end()) return &sites_[found->second];
    }
    const auto any = hosts_.find("*");
    return any == hosts_.end() ? nullptr : &sites_[any->second];
  }

  std::shared_ptr<const gateway::Countries> countries_;  // null: no database
  const std::shared_ptr<const gateway::Route> none_;
  std::vector<Site> sites_;
  std::map<std::string, size_t, std::less<>> hosts_;
};

}  // namespace

Result<std::shared_ptr<const gateway::Classifier>> MakeClassifier(const Options& options,
                                                                  UpstreamList& upstreams) {
  std::shared_ptr<const gateway::Countries> countries;
  if (!options.country_database.empty()) {
    auto opened = CountryFile::Open(options.country_database);
    if (!opened) return Fail(std::move(opened.error()).In("country_database"));
    countries = std::move(*opened);
  }
  if (!options.sites.empty()) {
    return std::make_shared<Sites>(options, std::move(countries), upstreams);
  }
  gateway::Route route = SimpleRoute(options);
  route.upstream = options.shield.empty() ? upstreams.Add(options.origin, false)
                                          : upstreams.Add(options.shield, true);
  return std::make_shared<gateway::OneRoute>(std::move(route));
}

}  // namespace skerry::edge
