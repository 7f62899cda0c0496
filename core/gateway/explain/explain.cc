#include "core/gateway/explain/explain.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/cache/purge/scopes.h"
#include "core/gateway/explain/explain_words.h"
#include "core/gateway/key.h"
#include "core/gateway/lookup.h"
#include "core/gateway/precondition.h"
#include "core/gateway/verdict.h"
#include "core/gateway/words.h"
#include "core/http/cache_control.h"
#include "core/http/date.h"

namespace skerry::gateway {
namespace {

// One request on its way through the steps, and what is told of it. Lives until the
// disk has answered, if it is asked.
class Telling : public std::enable_shared_from_this<Telling> {
 public:
  Telling(const ExplainSources& sources, const ExplainQuery& query,
          std::function<void(Explanation)> done)
      : sources_(sources), request_(query.request), client_(query.client), done_(std::move(done)) {}

  void Begin(net::Loop& loop) {
    told_.url = request_.scheme + "://" + request_.authority + request_.path;
    if (!Classify()) return Finish();
    Key();
    if (cacheability_ != Cacheability::kShared) {
      verdict_ = Foretell(cacheability_);
      if (cacheability_ != Cacheability::kMethod) OnlyIfCached();
      return Finish();
    }
    Looked looked = Peek(sources_.shared, Input());
    lookup_ = std::move(looked.lookup);
    entry_ = std::move(looked.in_ram);
    rows_.assign(looked.rows.rbegin(), looked.rows.rend());
    LoadNext(loop);
  }

 private:
  LookupInput Input() const {
    return {keyed_.key,       keyed_.forwarded.head.fields, keyed_.directives, *route_,
            request_.fields,
            /*by_edge=*/false};
  }
  Part& Begin(std::string member, std::string title) {
    return told_.parts.emplace_back(Part{std::move(member), std::move(title), {}});
  }
  WallTime now() const { return sources_.shared.clock->Wall(); }
  Situation ThisSituation() const {
    return {verdict_, lookup_, keyed_.directives, *route_, entry_.get(), last_};
  }

  void LoadNext(net::Loop& loop);
  void OnLoaded(const Result<cache::EntryPtr>& loaded, net::Loop& loop);
  bool Classify();
  void Key();
  // The request forbids to go upstream: then it is answered with 504.
  void OnlyIfCached() {
    if (verdict_.hit || !keyed_.directives.only_if_cached) return;
    verdict_ = Verdict{};
    verdict_.generated = true;
    verdict_.detail = "only-if-cached";
  }
  void FollowAlias();
  void Judge();
  void TellLookup();
  void TellStored(Part& part) const;
  void TellFreshness();
  void TellRule(Part& part) const;
  void TellLifetime(Part& part) const;
  void TellPurges();
  void TellAnswer();
  // The fetch that this request would share, or that refreshes what it would be given.
  std::shared_ptr<const cache::Fill> FindFill() const;
  void Refuse(int status, std::string why);
  void Finish();

  const ExplainSources sources_;
  const http::RequestHead request_;
  const net::Address client_;
  std::function<void(Explanation)> done_;
  Explanation told_;
  FromEdge from_edge_;
  std::shared_ptr<const Route> route_;
  Cacheability cacheability_ = Cacheability::kShared;
  Keyed keyed_;
  Lookup lookup_;
  cache::EntryPtr entry_;             // what is stored, purged or not
  std::vector<cache::DiskRow> rows_;  // still to be looked at, the last one first
  std::shared_ptr<const cache::Fill> fill_;
  bool unreadable_ = false;
  bool refused_ = false;
  std::optional<cache::Key> alias_;  // under No-Vary-Search: where it is stored
  Verdict verdict_;
  std::optional<cache::Storable> last_;  // Situation::last
};

void Telling::Refuse(int status, std::string why) {
  refused_ = true;
  told_.summary = "It would be answered with " + std::to_string(status) + ": " + why + ".";
}

// --- classify

bool Telling::Classify() {
  Part& part = Begin("classify", "Which rule is it for?");
  from_edge_ = ReadTierFields(request_.fields, sources_.shared.tier);
  if (from_edge_.bad) {
    Refuse(403, "it has Skerry-* fields without the token of a node");
    return false;
  }
  auto target = TargetOf(request_, from_edge_.scheme);
  if (!target) {
    Refuse(400, target.error().context);
    return false;
  }
  route_ = sources_.classifier->Classify(target->host, target->path);
  if (route_ == nullptr) {
    Refuse(421, "no site of the configuration has the host " + request_.authority);
    return false;
  }
  part.facts.push_back({"site", route_->site});
  part.facts.push_back({"rule", route_->rule});
  if (!route_->place.empty()) part.facts.push_back({"written_in", route_->place});
  if (const auto redirected = Redirected(*route_, *target, sources_.shared.name)) {
    const std::string location(redirected->own.Find("location").value_or(""));
    part.facts.push_back({"redirected_to", location});
    Refuse(redirected->status, "the rule redirects it to " + location);
    return false;
  }
  keyed_.target = std::move(*target);
  cacheability_ = gateway::Classify(request_, *route_);
  part.facts.push_back({"cacheable", cacheability_ == Cacheability::kShared,
                        WhyCacheable(cacheability_, request_.method)});
  return true;
}

// --- key

void Telling::Key() {
  Part& part = Begin("key", "Under which key is it stored?");
  const bool to_shield = route_->upstream < sources_.upstream_is_shield.size() &&
                         sources_.upstream_is_shield[route_->upstream];
  std::vector<Dimension> dimensions = from_edge_.dimensions;
  if (!route_->key.empty()) dimensions = DimensionsOf(route_->key, request_.fields, client_);
  keyed_ = KeyOf(request_, std::move(keyed_.target), cacheability_, *route_, to_shield, dimensions);
  for (const Dimension& dimension : dimensions) {
    const bool guessed = dimension.name == "country" && client_.host.empty();
    part.facts.push_back({"dimension", dimension.name + "=" + dimension.value,
                          dimension.name + " = " + dimension.value +
                              (guessed ? " (say &client=ADDRESS for another country)" : "")});
  }
  part.facts.push_back({"url", keyed_.target.Url()});
  part.facts.push_back({"cache_key", keyed_.key.text});
  if (cacheability_ != Cacheability::kShared) return;
  std::string sent;
  for (const http::Field& field : keyed_.forwarded.head.fields) {
    sent.append(sent.empty() ? "" : "; ").append(field.name).append(": ").append(field.value);
  }
  part.facts.push_back({"sent_upstream", sent, sent.empty() ? "no field of the request" : ""});
  std::string left_out;
  for (const http::Field& field : request_.fields) {
    if (keyed_.forwarded.head.fields.Has(field.name)) continue;
    if (left_out.find(field.name) == left_out.npos) {
      left_out.append(left_out.empty() ? "" : ", ").append(field.name);
    }
  }
  if (!left_out.empty()) {
    part.facts.push_back({"not_sent", left_out,
                          left_out + " (an answer for everybody must not depend on " +
                              (left_out.find(',') == left_out.npos ? "it)" : "them)")});
  }
}

// --- lookup

// As the exchange does: the first row that turns out to be for this request.
void Telling::LoadNext(net::Loop& loop) {
  if (rows_.empty()) return Judge();
  const cache::DiskRow row = rows_.back();
  rows_.pop_back();
  sources_.shared.disk->Peek(row, keyed_.key, loop,
                             [self = shared_from_this(), &loop](Result<cache::EntryPtr> loaded) {
                               self->OnLoaded(loaded, loop);
                             });
}

void Telling::OnLoaded(const Result<cache::EntryPtr>& loaded, net::Loop& loop) {
  const bool usable = loaded && IsFor(**loaded, Input());
  if (!loaded) unreadable_ = true;
  if (loaded && !usable) lookup_.siblings.push_back(*loaded);
  if (!usable && rows_.empty() && lookup_.siblings.empty()) lookup_.found = Found::kMiss;
  if (!usable) return LoadNext(loop);
  entry_ = *loaded;
  lookup_ = Assess(sources_.shared, Input(), entry_, "disk");
  rows_.clear();
  Judge();
}

void Telling::FollowAlias() {
  if (lookup_.found != Found::kMiss) return;
  std::optional<cache::Key> alias = sources_.shared.aliases.Find(keyed_.key);
  if (!alias) return;
  LookupInput input = Input();
  Looked looked =
      Peek(sources_.shared, {*alias, input.sent, input.directives, *route_, input.asked});
  if (looked.lookup.entry == nullptr) return;
  if (!AnswersFor(sources_.shared, keyed_.key, *alias, looked.lookup.entry->head)) return;
  lookup_ = std::move(looked.lookup);
  entry_ = std::move(looked.in_ram);
  alias_ = std::move(alias);
}

void Telling::Judge() {
  if (!sources_.running) {
    Part& part = Begin("lookup", "What is stored?");
    part.facts.push_back({"found", std::string("unknown"),
                          "not known: no running node was asked, this is from the configuration"});
    TellFreshness();
    return Finish();
  }
  FollowAlias();
  last_ = sources_.shared.unshareable.Why(keyed_.key, sources_.shared.clock->Steady());
  verdict_ = Foretell(request_, lookup_, keyed_.directives, now());
  if (alias_ && !HasOriginsCondition(request_)) verdict_.detail = "no-vary-search";
  const bool ahead =
      from_edge_.applied &&
      cache::CheckTier(*from_edge_.applied, sources_.shared.generations->applied_at()) !=
          cache::Tier::kAnswers;
  if (ahead) {
    verdict_ = Foretell(Cacheability::kBypass);
    verdict_.detail = "behind-the-edge";
  }
  OnlyIfCached();
  if (verdict_.hit) verdict_.ttl = FreshnessLeft(lookup_, true, now());
  TellLookup();
  TellFreshness();
  TellPurges();
  TellAnswer();
  Finish();
}

void Telling::TellLookup() {
  Part& part = Begin("lookup", "What is stored?");
  if (entry_ != nullptr) return TellStored(part);
  if (unreadable_) {
    part.facts.push_back(
        {"unreadable", true, "something is on disk that cannot be read: it counts as a miss"});
  }
  part.facts.push_back(
      {"found", std::string(Name(lookup_.found)), WhyNothing(lookup_.found, last_)});
  for (const cache::EntryPtr& other : lookup_.siblings) {
    part.facts.push_back({"stored_for", OneLine(other->head.variant_text)});
  }
  const size_t most = sources_.shared.variants_per_key;
  if (lookup_.siblings.size() >= most) {
    part.facts.push_back(
        {"variants_kept", static_cast<int64_t>(most),
         std::to_string(most) + " at most (limits.variants): for one more the oldest goes"});
  }
}

void Telling::TellStored(Part& part) const {
  const cache::StoredHead& head = entry_->head;
  const bool disk = lookup_.tier == "disk";
  part.facts.push_back(
      {"found", std::string(disk ? "disk" : "ram"), disk ? "yes, on disk" : "yes, in memory"});
  if (alias_) {
    part.facts.push_back({"stored_under", std::string(alias_->url()),
                          std::string(alias_->url()) +
                              ": its No-Vary-Search says that this query makes no difference"});
  }
  part.facts.push_back({"status", int64_t{head.status}});
  part.facts.push_back(
      {"bytes", static_cast<int64_t>(entry_->body_size), Grouped(entry_->body_size) + " bytes"});
  const Seconds here = cache::CurrentAge(Seconds(0), head.response_time, now());
  part.facts.push_back({"stored_at", http::FormatDate(head.response_time),
                        http::FormatDate(head.response_time) + ", " + InWords(here) + " ago"});
  const Seconds age = cache::CurrentAge(head.initial_age, head.response_time, now());
  std::string age_text = InWords(age);
  if (head.initial_age > Seconds(0)) {
    age_text += " (it was " + InWords(head.initial_age) + " old when it came)";
  }
  part.facts.push_back({"age", age.count(), age_text});
  if (!head.vary.empty()) {
    const std::string variant = OneLine(head.variant_text);
    part.facts.push_back({"variant", variant, "the one for " + variant});
  }
  if (const auto etag = head.etag()) part.facts.push_back({"etag", std::string(*etag)});
  if (const auto modified = head.last_modified()) {
    part.facts.push_back({"last_modified", std::string(*modified)});
  }
  if (!head.etag() && !head.last_modified()) {
    part.facts.push_back(
        {"validator", false, "none: it cannot be validated, only fetched again in full"});
  }
}

// --- freshness

void Telling::TellFreshness() {
  Part& part = Begin("freshness", "How long may it be used?");
  if (entry_ == nullptr) return TellRule(part);
  TellLifetime(part);
  const cache::StoredHead& head = entry_->head;
  const int64_t left =
      (head.lifetimes.fresh - cache::CurrentAge(head.initial_age, head.response_time, now()))
          .count();
  part.facts.push_back({"left", left,
                        left > 0 ? InWords(Seconds(left)) + " more"
                                 : "expired " + InWords(Seconds(-left)) + " ago"});
  const cache::Lifetimes& lifetimes = head.lifetimes;
  part.facts.push_back({"stale_while_revalidate", lifetimes.swr.count(), InWords(lifetimes.swr)});
  part.facts.push_back({"stale_if_error", lifetimes.sie.count(), InWords(lifetimes.sie)});
  if (lifetimes.must_revalidate) {
    part.facts.push_back({"must_revalidate", true,
                          "yes: the origin forbids stale answers (must-revalidate, "
                          "proxy-revalidate or s-maxage)"});
  }
  const http::Fields sent =
      head.client_fields != nullptr
          ? *head.client_fields
          : cache::ClientFields(*head.fields, route_->policy, from_edge_.trusted, head.status);
  const std::string control = sent.Combined("cache-control").value_or("");
  const bool by_rule = control != head.fields->Combined("cache-control").value_or("");
  part.facts.push_back({"in_the_browser", control,
                        (control.empty() ? "no Cache-Control" : control) +
                            (by_rule ? " (as the rule says)" : " (as the origin says)")});
}

// What the rule alone says, where nothing is stored.
void Telling::TellRule(Part& part) const {
  const cache::Policy& policy = route_->policy;
  const auto ttl = [&](const char* name, const std::optional<Seconds>& value, const char* what) {
    if (!value) return;
    part.facts.push_back({name, value->count(), InWords(*value) + ", " + what});
  };
  ttl("edge_ttl", policy.edge_ttl, "whatever the origin says, but what forbids storing");
  for (const cache::StatusTtl& one : policy.status_ttl) {
    part.facts.push_back({"status_ttl", one.ttl.count(),
                          InWords(one.ttl) + ", answers with status " + std::to_string(one.first) +
                              " to " + std::to_string(one.last)});
  }
  ttl("default_ttl", policy.default_ttl, "where the origin says nothing");
  ttl("negative_ttl", policy.negative_ttl, "404 and 410 where the origin says nothing");
  ttl("browser_ttl", policy.browser_ttl, "max-age that browsers are sent");
  ttl("stale_while_revalidate", policy.swr, "instead of the origin's");
  ttl("stale_if_error", policy.sie, "instead of the origin's");
  if (!policy.edge_ttl) {
    part.facts.push_back({"at_the_edge", std::string("origin"),
                          "as the origin's next answer says: Skerry-Cache-Control before "
                          "CDN-Cache-Control before Cache-Control and Expires"});
  }
}

// The lifetime that was stored, and why: decided again with the fields that are kept.
void Telling::TellLifetime(Part& part) const {
  const cache::StoredHead& head = entry_->head;
  const http::ResponseHead response{head.status, *head.fields};
  const cache::StoreDecision decision =
      cache::Decide({keyed_.forwarded.head, response, head.response_time}, route_->policy);
  const Seconds fresh = head.lifetimes.fresh;
  const std::string from = WhyLifetime(decision, *head.fields, route_->policy);
  std::string text = InWords(fresh);
  if (decision.storable != cache::Storable::kYes) {
    text += ", by the rules of when it was stored; today it would not be stored: " +
            std::string(Name(decision.storable));
  } else if (decision.lifetimes.fresh != fresh) {
    text += ", by the rules of when it was stored; today " + InWords(decision.lifetimes.fresh) +
            ", " + from;
  } else {
    text += ", " + from;
  }
  part.facts.push_back({"at_the_edge", fresh.count(), text});
  part.facts.push_back({"from", std::string(Name(decision.from))});
  if (head.lifetimes.validate_always) {
    part.facts.push_back({"no_cache", true, "yes: the origin wants to be asked before every use"});
  }
}

// --- purges

void Telling::TellPurges() {
  Part& part = Begin("purge", "Has a purge taken it?");
  const cache::Generations& generations = *sources_.shared.generations;
  const Packed<uint64_t> tags = entry_ == nullptr ? Packed<uint64_t>() : entry_->head.tags;
  const cache::Stamp stamp = entry_ == nullptr ? cache::Stamp{} : entry_->stamp();
  bool any = false;
  for (const cache::Covering& covering : generations.FindCovering(keyed_.key, tags, stamp)) {
    // Without a stored response "records may have been missed" is true of anything.
    if (entry_ == nullptr && covering.kind == cache::ScopeKind::kMissed) continue;
    any = true;
    part.facts.push_back({"selector", Selector(covering, keyed_.key, entry_.get())});
    if (covering.kind == cache::ScopeKind::kMissed) continue;
    part.facts.push_back({"mode", std::string(Name(covering.mode)),
                          covering.mode == cache::PurgeMode::kHard
                              ? "hard: what was fetched before is never used again"
                              : "soft: what was fetched before is stale"});
    if (covering.kind == cache::ScopeKind::kUnsafeMethod) continue;
    const auto known = sources_.find_record ? sources_.find_record(covering.record) : std::nullopt;
    part.facts.push_back(
        {"record", static_cast<int64_t>(covering.record), RecordInWords(covering.record, known)});
    if (known) part.facts.push_back({"purge_id", known->id});
  }
  if (!any) {
    part.facts.push_back({"purged", false,
                          entry_ == nullptr ? "no purge of this URL, its host or a prefix is known"
                                            : "no: nothing newer than its fetch covers it"});
  } else if (entry_ == nullptr) {
    part.facts.push_back({"purged", std::string("unknown"),
                          "what these records took away, if anything, is no longer known"});
  }
  const cache::Fence fence = sources_.shared.fence();
  part.facts.push_back({"fence", std::string(Name(fence)), WhyFence(fence)});
  part.facts.push_back({"log_position", static_cast<int64_t>(generations.head())});
}

// --- the answer

std::shared_ptr<const cache::Fill> Telling::FindFill() const {
  const Shared& shared = sources_.shared;
  if (verdict_.generated || verdict_.detail == "behind-the-edge") return nullptr;
  if (HasOriginsCondition(request_) || lookup_.unforwarded) return nullptr;
  const bool head = !verdict_.hit && request_.method == "HEAD";
  if (head && lookup_.entry == nullptr) return nullptr;
  if (!verdict_.hit && last_) return nullptr;
  return shared.fills.Find(alias_ ? *alias_ : keyed_.key,
                           head ? ~lookup_.variant_hint : lookup_.variant_hint, *shared.generations,
                           IsFenced(shared, *route_, /*content_hashed=*/false));
}

void Telling::TellAnswer() {
  Part& part = Begin("answer", "What would happen?");
  const Situation situation = ThisSituation();
  part.facts.push_back({"why", WhyAnswer(situation)});
  fill_ = FindFill();
  part.facts.push_back({"under_way", fill_ != nullptr, WhatIsUnderWay(fill_.get(), verdict_.hit)});
  if (!verdict_.hit) {
    const std::string yes = last_ ? "yes: its last answer could not be shared (" +
                                        std::string(Name(*last_)) +
                                        "), so requests do not wait for each other (two minutes "
                                        "at most)"
                                  : "no";
    part.facts.push_back({"hit_for_miss", last_.has_value(), yes});
  }
  part.facts.push_back({"to_make_it_a_hit", Remedy(situation)});
}

void Telling::Finish() {
  told_.hit = verdict_.hit;
  if (sources_.running && !refused_) {
    told_.cache_status = CacheStatusOf(sources_.shared.name, verdict_);
    told_.summary = Summary(ThisSituation());
    if (fill_ != nullptr && !verdict_.hit) {
      told_.summary =
          "It would share the fetch that is under way, because " + WhyAnswer(ThisSituation()) + ".";
    }
    if (cacheability_ != Cacheability::kShared) {
      Part& part = Begin("answer", "What would happen?");
      part.facts.push_back({"why", WhyCacheable(cacheability_, request_.method)});
      part.facts.push_back({"to_make_it_a_hit", Remedy(cacheability_)});
    }
  } else if (!refused_) {
    told_.summary =
        cacheability_ == Cacheability::kShared
            ? "It may be answered from the cache; whether it would be is not known."
            : "It would go to the origin: " + WhyCacheable(cacheability_, request_.method) + ".";
  }
  done_(std::move(told_));
}

}  // namespace

void Explain(const ExplainSources& sources, const ExplainQuery& query, net::Loop& loop,
             std::function<void(Explanation)> done) {
  std::make_shared<Telling>(sources, query, std::move(done))->Begin(loop);
}

}  // namespace skerry::gateway
