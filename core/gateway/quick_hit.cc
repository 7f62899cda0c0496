#include "core/gateway/quick_hit.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "core/base/digest.h"
#include "core/gateway/body.h"
#include "core/gateway/forward.h"
#include "core/gateway/gateway.h"
#include "core/gateway/lookup.h"
#include "core/gateway/precondition.h"
#include "core/gateway/upgrade.h"
#include "core/gateway/verdict.h"
#include "core/gateway/write.h"
#include "core/http/url.h"

namespace skerry::gateway {
namespace {

// Rules that requests of one head are for, and lists that stored responses vary on:
// more of them are not remembered.
constexpr size_t kMostRoutes = 8;
constexpr size_t kMostVaries = 8;

uint64_t NextNumber() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

bool IsPlain(const http::RequestHead& head) {
  if (head.method != "GET" || head.websocket || HasOriginsCondition(head)) return false;
  return std::none_of(head.fields.begin(), head.fields.end(),
                      [](const http::Field& field) { return IsTierField(field.name); });
}

// Whether the steps "classify" and "key" look at nothing but the head and the path.
bool IsPlain(const Route& route, const http::RequestHead& head) {
  if (route.redirect || !route.key.empty()) return false;
  if (route.https_port && head.scheme != "https") return false;
  if (route.early_hints && head.fields.Find("sec-fetch-mode") == "navigate") return false;
  return Classify(head, route) == Cacheability::kShared;
}

}  // namespace

// What follows from a head for the requests of one route.
struct QuickHits::OfRoute {
  // The values that these requests have for what a response varies on.
  struct Variant {
    cache::VaryNames names;
    std::string text;
  };

  std::shared_ptr<const Route> route;
  uint64_t number = 0;  // no other one ever has it
  bool quick = false;
  http::Fields sent;
  bool personal = false;
  cache::RequestDirectives directives;
  std::vector<Variant> variants;

  const std::string* TextFor(const cache::VaryNames& names) {
    for (const Variant& variant : variants) {
      if (variant.names == names) return &variant.text;
    }
    if (variants.size() == kMostVaries) return nullptr;
    variants.push_back({names, cache::VariantText(names, sent)});
    return &variants.back().text;
  }
};

// What follows from a head: the note at a SharedHead.
struct QuickHits::OfHead {
  uint64_t configuration = 0;
  bool quick = false;
  std::string scheme_and_host;  // "https://example.com"
  size_t host_begins = 0;
  std::vector<std::unique_ptr<OfRoute>> routes;

  std::string_view host() const { return std::string_view(scheme_and_host).substr(host_begins); }
};

// An answer but for its body.
struct QuickHits::Answered : LocalCounted {
  LocalPtr<const http::PreparedHead> head;
  bool has_body = true;
  Counter* hits = nullptr;
  Counter* requests = nullptr;
  std::unique_ptr<const AccessLine> line;  // null: no log is written
};

// The answer to requests of a head and route from an entry of this age.
struct QuickHits::Ready {
  std::weak_ptr<const cache::Entry> entry;  // its address is not given to another one
  uint64_t route = 0;
  Seconds age{0};
  LocalPtr<const Answered> answer;

  bool Is(const cache::EntryPtr& wanted, uint64_t wanted_route, Seconds wanted_age) const {
    return route == wanted_route && age == wanted_age && !entry.owner_before(wanted) &&
           !wanted.owner_before(entry);
  }
};

// What hears of the end of an answer.
class QuickHits::Events : public http::StreamEvents {
 public:
  Events(Gateway& gateway, http::ServerStream& stream, LocalPtr<const Answered> answered)
      : gateway_(gateway), stream_(stream), answered_(std::move(answered)) {}

  void OnBody(std::string_view) override {}
  void OnBodyEnd(http::Fields) override {}
  void OnGone(bool complete) override {
    const std::optional<SteadyTime> ended = stream_.ended();
    const SteadyTime now = ended ? *ended : gateway_.loop().clock().Steady();
    const double seconds = static_cast<double>((now - stream_.begun()).count()) / 1e6;
    const uint64_t bytes = stream_.bytes_sent();
    gateway_.counters().Answered(*answered_->requests, seconds, bytes);
    AccessLog* const log = gateway_.access_log();
    if (log == nullptr || answered_->line == nullptr) return;
    log->Write(*answered_->line, {gateway_.shared().clock->Wall(), stream_.peer().host,
                                  Name(stream_.protocol()), bytes, seconds * 1e3, complete});
  }

 private:
  Gateway& gateway_;
  http::ServerStream& stream_;  // alive until OnGone has been called
  LocalPtr<const Answered> answered_;
};

QuickHits::QuickHits(Gateway& gateway)
    : gateway_(gateway), configuration_(NextNumber()), ready_(kReady) {}

QuickHits::~QuickHits() = default;

void QuickHits::ConfigurationChanged() { configuration_ = NextNumber(); }

std::shared_ptr<http::StreamEvents> QuickHits::Answer(http::ServerStream& stream) {
  if (!stream.end_of_body()) return nullptr;
  const LocalPtr<http::SharedHead>& common = stream.shared_head();
  if (common == nullptr) return nullptr;
  const http::RequestHead& head = common->head;
  OfHead& of_head = HeadOf(*common);
  const std::string_view path = stream.path();
  if (!of_head.quick || !http::IsNormalTarget(path)) return nullptr;
  OfRoute* const of_route = RouteOf(of_head, head, path);
  if (of_route == nullptr || !of_route->quick) return nullptr;
  MakeKey(of_head, path);

  Shared& shared = gateway_.shared();
  shared.ram->FindKept(key_, kept_);
  cache::EntryPtr entry = Select(*of_route);
  if (entry == nullptr || entry->head.status != 200) return nullptr;
  const LookupInput input{key_,        of_route->sent, of_route->directives, *of_route->route,
                          head.fields, false,          NowFor(stream)};
  Lookup lookup = Assess(shared, input, std::move(entry), "ram");
  if (lookup.found != Found::kFresh || lookup.soft_purged) return nullptr;

  auto answered = AnswerOf(head, path, *of_route, lookup);
  if (answered == nullptr) return nullptr;
  if (shared.upgrades != nullptr) shared.upgrades->OnHit(lookup.entry);
  answered->hits->Add();
  http::Response response;
  response.prepared = answered->head;
  if (answered->has_body) {
    response.body =
        MakeStoredBody(std::move(lookup.entry), {}, shared.disk, shared.ram, gateway_.loop());
  }
  auto events = std::make_shared<Events>(gateway_, stream, std::move(answered));
  stream.Respond(std::move(response));
  return events;
}

QuickHits::OfHead& QuickHits::HeadOf(http::SharedHead& common) const {
  auto* noted = static_cast<OfHead*>(common.note.get());
  if (noted != nullptr && noted->configuration == configuration_) return *noted;
  auto made = std::make_shared<OfHead>();
  made->configuration = configuration_;
  const http::RequestHead& head = common.head;
  const auto target = cache::NormalizeTarget(head.scheme, head.authority, "/");
  made->quick = IsPlain(head) && target;
  if (target) {
    made->scheme_and_host = target->scheme + "://";
    made->host_begins = made->scheme_and_host.size();
    made->scheme_and_host += target->host;
  }
  common.note = made;
  return *made;
}

QuickHits::OfRoute* QuickHits::RouteOf(OfHead& of_head, const http::RequestHead& head,
                                       std::string_view path) const {
  const size_t question = std::min(path.find('?'), path.size());
  const std::shared_ptr<const Route>& route =
      gateway_.classifier().Classify(of_head.host(), path.substr(0, question));
  if (route == nullptr || gateway_.upstream(route->upstream) == nullptr) return nullptr;
  if (question < path.size() && route->key_rules.shape_query()) return nullptr;
  for (const auto& known : of_head.routes) {
    if (known->route == route) return known.get();
  }
  if (of_head.routes.size() == kMostRoutes) return nullptr;
  auto made = std::make_unique<OfRoute>();
  made->route = route;
  made->number = NextNumber();
  made->quick = IsPlain(*route, head);
  if (made->quick) {
    const bool to_shield = gateway_.upstream_is_shield(route->upstream);
    Forwarded forwarded = ForwardShared(head, {}, *route, to_shield);
    made->sent = std::move(forwarded.head.fields);
    made->personal = forwarded.lost;
    made->directives = cache::ParseRequestDirectives(head.fields, route->policy);
  }
  of_head.routes.push_back(std::move(made));
  return of_head.routes.back().get();
}

void QuickHits::MakeKey(const OfHead& of_head, std::string_view path) {
  key_.text.assign(of_head.scheme_and_host).append(path);
  key_.hash = Xxh3_128(key_.text);
}

cache::EntryPtr QuickHits::Select(OfRoute& of_route) {
  cache::EntryPtr selected;
  if (kept_.size() == 1) {
    const cache::StoredHead& only = kept_.front()->head;
    const std::string* const text = only.vary->any ? nullptr : of_route.TextFor(only.vary);
    if (text != nullptr && *text == only.variant_text) selected = std::move(kept_.front());
  }
  if (selected == nullptr) selected = cache::SelectVariant(kept_, of_route.sent);
  kept_.clear();
  return selected;
}

WallTime QuickHits::NowFor(const http::ServerStream& stream) {
  const SteadyTime read_at = stream.begun();
  if (read_at != read_at_) {
    read_at_ = read_at;
    now_ = gateway_.shared().clock->Wall();
  }
  return now_;
}

// Null: it is one for the long way after all.
LocalPtr<const QuickHits::Answered> QuickHits::AnswerOf(const http::RequestHead& head,
                                                        std::string_view path,
                                                        const OfRoute& of_route,
                                                        const Lookup& lookup) {
  const cache::EntryPtr& entry = lookup.entry;
  const WallTime now = lookup.at;
  const Seconds age = cache::CurrentAge(entry->head.initial_age, entry->head.response_time, now);
  Ready& ready = ready_[(entry->head.key.hash.low ^ of_route.number) % kReady];
  if (ready.Is(entry, of_route.number, age)) return ready.answer;
  Verdict verdict;
  verdict.hit = true;
  verdict.tier = lookup.tier;
  verdict.ttl = FreshnessLeft(lookup, true, now);
  Writing writing = WritingOf(head, *entry, *of_route.route, now);
  writing.unvalidated = true;
  writing.name = gateway_.shared().name;
  writing.cache_status = CacheStatusOf(writing.name, verdict);
  bool whole = false;
  writing.body = [&whole](BodyPart part) -> std::unique_ptr<http::BodySource> {
    whole = part.from == 0 && !part.count;
    return nullptr;
  };
  http::Response response = Write(writing);
  if (response.status != 304 && !(response.status == 200 && whole)) return nullptr;
  auto made = LocalPtr<Answered>::Make();
  std::optional<uint64_t> length;
  if (whole && entry->trailers.empty()) length = entry->body_size;
  made->head = LocalPtr<const http::PreparedHead>::Make(response.status, std::move(response.stored),
                                                        std::move(response.own), length);
  made->has_body = whole;
  Counters& counters = gateway_.counters();
  made->hits = &counters.hits(lookup.tier);
  made->requests =
      &counters.requests(of_route.route->site, made->head->status(), CacheLabel(verdict));
  if (gateway_.access_log() != nullptr) {
    made->line = LineOf(head, path, of_route, *entry, *made, writing.cache_status);
  }
  ready = {entry, of_route.number, age, std::move(made)};
  return ready.answer;
}

std::unique_ptr<const AccessLine> QuickHits::LineOf(const http::RequestHead& head,
                                                    std::string_view path, const OfRoute& of_route,
                                                    const cache::Entry& entry,
                                                    const Answered& answered,
                                                    std::string_view cache_status) {
  AccessRecord record;
  record.method = head.method;
  record.scheme = head.scheme;
  record.authority = head.authority;
  record.path = path;
  record.site = of_route.route->site;
  record.status = answered.head->status();
  record.cache_status = cache_status;
  record.step = "write";
  record.rule = of_route.route->rule;
  record.place = of_route.route->place;
  record.answer = entry.head.fields.get();
  record.answer_status = entry.head.status;
  record.size = entry.body_size;
  const std::string variant = cache::VariantText(entry.head.vary, of_route.sent);
  record.variant = variant;
  record.range = head.fields.Find("range").value_or("");
  record.authorized = head.fields.Has("authorization");
  record.personal = of_route.personal;
  return std::make_unique<AccessLine>(record);
}

}  // namespace skerry::gateway
