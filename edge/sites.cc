#include "edge/sites.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/http/message.h"

namespace skerry::edge {

size_t UpstreamList::Add(const std::string& url, bool shield) {
  const auto found = std::find(urls.begin(), urls.end(), url);
  if (found != urls.end()) return static_cast<size_t>(found - urls.begin());
  urls.push_back(url);
  is_shield.push_back(shield);
  return urls.size() - 1;
}

bool GlobMatches(std::string_view glob, std::string_view path) {
  // Greedy with one point to come back to: linear in practice, never exponential.
  size_t g = 0;
  size_t p = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  while (p < path.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = p;
    } else if (g < glob.size() && glob[g] == path[p]) {
      ++g;
      ++p;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      p = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
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

cache::Policy BasePolicy(const Options& options) {
  return options.profile == Profile::kRfc ? cache::Policy::Rfc() : cache::Policy::Careful();
}

gateway::Route RouteOf(const RuleOptions& rule, gateway::Route route) {
  cache::Policy& policy = route.policy;
  policy.bypass = rule.bypass;
  policy.edge_ttl = rule.edge_ttl;
  policy.browser_ttl = rule.browser_ttl;
  if (rule.default_ttl) policy.default_ttl = rule.default_ttl;
  if (rule.negative_ttl) policy.negative_ttl = rule.negative_ttl;
  if (rule.stale_while_revalidate) policy.swr = rule.stale_while_revalidate;
  if (rule.stale_if_error) policy.sie = rule.stale_if_error;
  policy.store_set_cookie |= rule.store_set_cookie;
  route.key_rules = {rule.sort_query, rule.query_allow, rule.query_deny};
  route.compress = route.compress && rule.compress;
  route.serve_on_partition = rule.on_partition == OnPartition::kServe;
  for (const std::string& field : rule.set_fields) {
    const size_t colon = field.find(':');
    route.set_fields.Add(http::AsciiLower(field.substr(0, colon)),
                         http::TrimBlanks(std::string_view(field).substr(colon + 1)));
  }
  for (const std::string& name : rule.remove_fields) {
    route.remove_fields.push_back(http::AsciiLower(name));
  }
  return route;
}

// Immutable: a snapshot of the configuration. Thread: any.
class Sites : public gateway::Classifier {
 public:
  Sites(const Options& options, UpstreamList& upstreams) {
    for (const SiteOptions& site : options.sites) Add(options, site, upstreams);
  }

  std::shared_ptr<const gateway::Route> Classify(const http::RequestHead& request) const override {
    const Site* site = Find(HostOf(request.authority));
    if (site == nullptr) return nullptr;
    const std::string_view path = std::string_view(request.path).substr(0, request.path.find('?'));
    for (const Rule& rule : site->rules) {
      const bool matches = std::any_of(rule.match.begin(), rule.match.end(),
                                       [&](const auto& glob) { return GlobMatches(glob, path); });
      if (matches) return rule.route;
    }
    return site->otherwise;
  }

 private:
  struct Rule {
    std::vector<std::string> match;
    std::shared_ptr<const gateway::Route> route;
  };
  struct Site {
    std::vector<Rule> rules;
    std::shared_ptr<const gateway::Route> otherwise;
  };

  static std::string HostOf(std::string_view authority) {
    const size_t colon = authority.rfind(':');
    const size_t bracket = authority.rfind(']');
    const bool has_port = colon != authority.npos && (bracket == authority.npos || colon > bracket);
    return http::AsciiLower(has_port ? authority.substr(0, colon) : authority);
  }

  void Add(const Options& options, const SiteOptions& from, UpstreamList& upstreams) {
    const std::string& own_origin = from.origin.empty() ? options.origin : from.origin;
    gateway::Route base;
    base.site = from.name;
    base.policy = BasePolicy(options);
    base.compress = options.profile != Profile::kRfc;
    base.early_hints = options.early_hints;
    const bool by_shield = !options.shield.empty() && from.origin.empty();
    base.upstream =
        by_shield ? upstreams.Add(options.shield, true) : upstreams.Add(own_origin, false);
    Site site;
    site.otherwise = std::make_shared<const gateway::Route>(base);
    for (const RuleOptions& rule : from.rules) {
      gateway::Route route = RouteOf(rule, base);
      if (rule.use == Use::kShield) route.upstream = upstreams.Add(options.shield, true);
      if (rule.use == Use::kOrigin) route.upstream = upstreams.Add(own_origin, false);
      site.rules.push_back({rule.match, std::make_shared<const gateway::Route>(std::move(route))});
    }
    sites_.push_back(std::move(site));
    for (const std::string& host : from.hosts) hosts_[http::AsciiLower(host)] = sites_.size() - 1;
  }

  // The name itself, then "*.rest" from the longest rest on, then "*".
  const Site* Find(const std::string& host) const {
    if (const auto exact = hosts_.find(host); exact != hosts_.end()) return &sites_[exact->second];
    for (size_t dot = host.find('.'); dot != host.npos; dot = host.find('.', dot + 1)) {
      const auto found = hosts_.find("*" + host.substr(dot));
      if (found != hosts_.end()) return &sites_[found->second];
    }
    const auto any = hosts_.find("*");
    return any == hosts_.end() ? nullptr : &sites_[any->second];
  }

  std::vector<Site> sites_;
  std::map<std::string, size_t, std::less<>> hosts_;
};

}  // namespace

std::shared_ptr<const gateway::Classifier> MakeClassifier(const Options& options,
                                                          UpstreamList& upstreams) {
  if (!options.sites.empty()) return std::make_shared<Sites>(options, upstreams);
  gateway::Route route;
  route.policy = BasePolicy(options);
  route.compress = options.profile != Profile::kRfc;
  route.early_hints = options.early_hints;
  route.upstream = options.shield.empty() ? upstreams.Add(options.origin, false)
                                          : upstreams.Add(options.shield, true);
  return std::make_shared<gateway::OneRoute>(std::move(route));
}

}  // namespace skerry::edge
