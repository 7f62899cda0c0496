#include "core/gateway/exchange.h"

#include <utility>

#include "core/gateway/early_hints.h"
#include "core/gateway/gateway.h"
#include "core/gateway/key.h"
#include "core/gateway/options_request.h"
#include "core/gateway/precondition.h"
#include "core/gateway/upgrade.h"
#include "core/gateway/verdict.h"

namespace skerry::gateway {

// The walk of one request, in order. docs/life-of-a-request.md, the access log's
// member `step` and the file names use these words. "accept" is before it, in
// core/http; "store" and "variant" are what origin.cc does with an answer on its way.
// What RAM holds fresh is mostly answered by quick_hit.cc, without a walk.
const Exchange::Step Exchange::kSteps[] = {
    {"classify", &Exchange::Classify},  // route.h: host and path → site, rule, policy
    {"key", &Exchange::MakeKey},        // key.h, forward.h
    {"lookup", &Exchange::LookUp},      // lookup.h: RAM, then disk
    {"origin", &Exchange::AskOrigin},   // origin.h: one fetch a key, or one for us alone
    {"write", &Exchange::WriteAnswer},  // write.h: conditions, ranges, fields
};

namespace {

// A fill that we may not share is looked past so often; then we fetch for ourselves.
constexpr int kMostRounds = 3;
// A range that begins so far behind what has arrived is fetched by itself.
constexpr uint64_t kFarAway = 32_MiB;

}  // namespace

Exchange::Exchange(Gateway& gateway, std::shared_ptr<http::ServerStream> stream)
    : gateway_(gateway),
      stream_(stream),
      request_(CopyOfRequest(*stream)),
      protocol_(Name(stream->protocol())),
      peer_(stream->peer()) {}

void Exchange::Begin() {
  const auto stream = stream_.lock();
  if (stream != nullptr && !stream->end_of_body() && !request_.websocket) {
    const auto length = request_.fields.Find("content-length");
    std::optional<uint64_t> known;
    if (length) known = std::strtoull(std::string(*length).c_str(), nullptr, 10);
    auto pipe = std::make_unique<http::BodyPipe>(known);
    upload_ = pipe->feed();
    upload_body_ = std::move(pipe);
  }
  Run();
}

void Exchange::Run() {
  if (running_) return;
  running_ = true;
  while (step_ < std::size(kSteps)) {
    // Named first: GCC 12's bounds sanitizer reads an index inside ->* too late.
    const Step& step = kSteps[step_];
    const Next next = (this->*step.run)();
    if (std::exchange(jumped_, false)) continue;
    if (next != Next::kNext) break;
    ++step_;
  }
  running_ = false;
}

void Exchange::RunFrom(std::string_view step) {
  for (size_t i = 0; i < std::size(kSteps); ++i) {
    if (kSteps[i].name == step) step_ = i;
  }
  jumped_ = running_;  // from inside a step: the loop that runs it goes on there
  Run();
}

// --- classify

Exchange::Next Exchange::Classify() {
  from_edge_ = ReadTierFields(request_.fields, gateway_.shared().tier);
  if (from_edge_.bad) {
    return Refuse(403, {Code::kDenied, Side::kClient, false, "Skerry-* need a node's token"});
  }
  if (EndsHere(request_)) return Say("options", AnswerOptions(gateway_.shared().name));
  auto target = TargetOf(request_, from_edge_.scheme);
  if (!target) return Refuse(400, target.error());
  target_ = std::move(*target);
  route_ = gateway_.classifier().Classify(target_.host, target_.path);
  if (route_ == nullptr || gateway_.upstream(route_->upstream) == nullptr) {
    return Refuse(421, {Code::kNotFound, Side::kClient, false, "no site here has this host"});
  }
  auto redirected = Redirected(*route_, target_, gateway_.shared().name);
  if (redirected && replaced_ == nullptr) return Say("redirect", std::move(*redirected));
  if (request_.websocket) return OpenTunnel();
  cacheability_ = gateway::Classify(request_, *route_);
  return Next::kNext;
}

Exchange::Next Exchange::Say(std::string_view what, http::Response response) {
  verdict_.generated = true;
  verdict_.detail = what;
  Respond(std::move(response));
  return Next::kDone;
}

Exchange::Next Exchange::Refuse(int status, const Error& error) {
  verdict_.generated = true;
  SendError(status, error);
  return Next::kDone;
}

// --- key

Exchange::Next Exchange::MakeKey() {
  dimensions_ = from_edge_.dimensions;
  if (!route_->key.empty()) dimensions_ = DimensionsOf(route_->key, request_.fields, peer_);
  Keyed keyed = KeyOf(request_, std::move(target_), cacheability_, *route_,
                      gateway_.upstream_is_shield(route_->upstream), dimensions_);
  target_ = std::move(keyed.target);
  key_ = std::move(keyed.key);
  directives_ = keyed.directives;
  if (cacheability_ != Cacheability::kShared) return Next::kNext;
  forwarded_ = std::move(keyed.forwarded);
  Shared& shared = gateway_.shared();
  bypass_tier_ = from_edge_.applied &&
                 cache::CheckTier(*from_edge_.applied, shared.generations->applied_at()) !=
                     cache::Tier::kAnswers;
  return Next::kNext;
}

// --- lookup

LookupInput Exchange::Input() const {
  return {key_, forwarded_.head.fields, directives_, *route_, request_.fields, from_edge_.trusted};
}

Exchange::Next Exchange::LookUp() {
  if (cacheability_ != Cacheability::kShared || bypass_tier_) return Next::kNext;
  if (looked_) return Decide();
  Looked looked = Look(gateway_.shared(), Input());
  lookup_ = std::move(looked.lookup);
  if (looked.rows.empty()) return Decide();
  rows_.assign(looked.rows.rbegin(), looked.rows.rend());
  LoadNext();
  return Next::kWait;
}

void Exchange::LoadNext() {
  const cache::DiskRow row = rows_.back();
  rows_.pop_back();
  auto loaded = [weak = weak_from_this()](Result<cache::EntryPtr> entry) {
    if (const auto self = weak.lock()) self->OnLoaded(std::move(entry));
  };
  gateway_.shared().disk->Load(row, key_, gateway_.loop(), std::move(loaded));
}

void Exchange::OnLoaded(Result<cache::EntryPtr> loaded) {
  // What does not verify has been forgotten by the tier: for us it never was.
  const bool usable = loaded && IsFor(**loaded, Input());
  if (loaded && !usable) lookup_.siblings.push_back(*loaded);
  if (!usable && !rows_.empty()) return LoadNext();
  looked_ = true;
  rows_.clear();
  if (usable) {
    const cache::EntryPtr entry = WithClientFields(*loaded, route_->policy, from_edge_.trusted);
    if (Upgrades* upgrades = gateway_.shared().upgrades) upgrades->Watch(*entry);
    lookup_ = Weigh(gateway_.shared(), Input(), entry, "disk");
    if (lookup_.entry != nullptr && entry->in_memory()) {
      gateway_.shared().ram->Offer(entry, /*on_disk=*/true);
    }
  } else if (!loaded && lookup_.siblings.empty()) {
    lookup_.found = Found::kMiss;
  }
  RunFrom("lookup");
}

// What follows from what was found.
Exchange::Next Exchange::Decide() {
  looked_ = false;
  if (own_key_ && (lookup_.entry == nullptr || !AliasHolds(lookup_.entry->head))) LeaveAlias();
  if (lookup_.found == Found::kMiss && FollowAlias()) return LookUp();
  SendEarlyHints();
  verdict_ = Foretell(request_, lookup_, directives_, gateway_.shared().clock->Wall());
  if (own_key_ && !HasOriginsCondition(request_)) verdict_.detail = "no-vary-search";
  if (verdict_.hit) {
    if (lookup_.found == Found::kStaleWhileRevalidate) {
      const bool may = MayRefresh(gateway_.shared(), key_, lookup_);
      (may ? gateway_.counters().refreshes : gateway_.counters().refreshes_left).Add();
      if (may) AskShared(/*background=*/true);
    }
    RunFrom("write");
    return Next::kDone;
  }
  return Next::kNext;
}

// What a page needs, while the page itself is being validated or read (RFC 8297). Only
// browsers that navigate use it, and many HTTP/1.1 clients take a 103 for the answer.
void Exchange::SendEarlyHints() {
  if (lookup_.entry == nullptr || !route_->early_hints || hinted_) return;
  if (lookup_.entry->head.status != 200 || request_.method != "GET") return;
  if (request_.fields.Find("sec-fetch-mode") != "navigate") return;
  const auto stream = stream_.lock();
  if (stream == nullptr || stream->protocol() != http::Protocol::kHttp2) return;
  http::Fields hints = EarlyHints(*lookup_.entry->head.fields);
  if (hints.empty()) return;
  hinted_ = true;
  gateway_.counters().early_hints.Add();
  stream->SendInterim({103, std::move(hints)});
}

bool Exchange::FollowAlias() {
  if (std::exchange(alias_tried_, true)) return false;
  std::optional<cache::Key> alias = gateway_.shared().aliases.Find(key_);
  if (!alias) return false;
  own_key_ = std::exchange(key_, std::move(*alias));
  forwarded_.head.path = PathOf(key_);
  return true;
}

void Exchange::LeaveAlias() {
  key_ = std::move(*own_key_);
  own_key_.reset();
  forwarded_.head.path = PathOf(key_);
  lookup_ = Lookup{};
}

bool Exchange::AliasHolds(const cache::StoredHead& head) const {
  return AnswersFor(gateway_.shared(), *own_key_, key_, head);
}

// --- origin

Exchange::Next Exchange::AskOrigin() {
  if (directives_.only_if_cached && cacheability_ != Cacheability::kMethod) {
    verdict_.detail = "only-if-cached";
    return Refuse(504,
                  {Code::kNotFound, Side::kClient, false, "only-if-cached, and nothing usable is"});
  }
  if (cacheability_ != Cacheability::kShared) {
    verdict_ = Foretell(cacheability_);
    if (cacheability_ == Cacheability::kBypass) {
      verdict_.detail = route_->bypass_on.Cause(request_.fields);
    }
    return AskAlone(/*as_it_came=*/true);
  }
  if (bypass_tier_) {
    verdict_.fwd = http::Forward::kBypass;
    verdict_.detail = "behind-the-edge";
    return AskAlone(/*as_it_came=*/true);
  }
  if (HasOriginsCondition(request_) || lookup_.unforwarded) return AskAlone(/*as_it_came=*/true);
  // A HEAD of which nothing is stored is passed on as it is.
  if (request_.method == "HEAD" && lookup_.entry == nullptr) return AskAlone(/*as_it_came=*/true);
  unshareable_ = gateway_.shared().unshareable.Why(key_, gateway_.shared().clock->Steady());
  if (unshareable_ || rounds_ >= kMostRounds) {
    if (rounds_ > 0) verdict_.detail = "not-shareable";
    return AskAlone(/*as_it_came=*/false);
  }
  return AskShared(/*background=*/false);
}

Exchange::Next Exchange::AskShared(bool background) {
  Shared& shared = gateway_.shared();
  cache::Fill::Options options;
  options.key = key_;
  options.stamp = shared.generations->Now();
  options.keep_bytes = shared.keep_bytes;
  options.background = background;
  const bool fenced = IsFenced(shared, *route_, /*content_hashed=*/false);
  // A HEAD and a GET cannot share an answer; two HEADs can.
  const bool head = !background && request_.method == "HEAD";
  const uint64_t place_hint = head ? ~lookup_.variant_hint : lookup_.variant_hint;
  cache::FillTable::Place place =
      shared.fills.Join(options, place_hint, *shared.generations, fenced);
  if (background && !place.initiator) return Next::kWait;  // somebody refreshes already
  if (!background) {
    fill_ = place.fill;
    initiator_ = place.initiator;
    verdict_.collapsed = !initiator_;
    if (!initiator_) gateway_.counters().collapsed.Add();
    seat_ = fill_->Sit(gateway_.loop(), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->OnFill();
    });
  }
  if (place.initiator) {
    FetchPlan plan = PlanFor(place.fill);
    plan.variant_hint = place_hint;
    plan.in_table = true;
    plan.behind = std::move(place.behind);
    plan.sent = forwarded_.head;
    if (head) plan.sent.method = "HEAD";
    plan.stale = lookup_.entry;
    plan.siblings = lookup_.siblings;
    Retrieval::Begin(gateway_, std::move(plan));
  } else if (!background) {
    OnFill();
  }
  return Next::kWait;
}

FetchPlan Exchange::PlanFor(std::shared_ptr<cache::Fill> fill) const {
  FetchPlan plan;
  plan.fill = std::move(fill);
  plan.client_request = request_;
  plan.client_scheme = target_.scheme;
  plan.route = route_;
  plan.keep_tags = from_edge_.trusted;
  plan.dimensions = dimensions_;
  plan.on_interim = [weak = stream_](const http::ResponseHead& head) {
    if (const auto stream = weak.lock()) stream->SendInterim(head);
  };
  return plan;
}

Exchange::Next Exchange::AskAlone(bool as_it_came) {
  if (as_it_came && own_key_) LeaveAlias();
  Shared& shared = gateway_.shared();
  const bool rfc = route_->policy.profile == cache::Policy::Profile::kRfc;
  // Whose request lost nothing that matters may fill the cache, too: a key whose
  // answers could not be shared finds back as soon as they can.
  const bool like_shared = !as_it_came && cacheability_ == Cacheability::kShared &&
                           request_.method == "GET" && (rfc || !forwarded_.lost);
  alone_ = true;
  as_it_came_ = !like_shared;
  initiator_ = true;
  verdict_.collapsed = false;
  cache::Fill::Options options;
  options.key = key_;
  options.stamp = shared.generations->Now();
  // What a POST answers may be what its URL gives from then on (RFC 9110 9.3.3).
  const bool may_store = like_shared || (rfc && request_.method == "POST");
  options.keep_bytes = may_store ? shared.keep_bytes : 0;
  fill_ = std::make_shared<cache::Fill>(options);
  seat_ = fill_->Sit(gateway_.loop(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnFill();
  });
  FetchPlan plan = PlanFor(fill_);
  plan.may_share = like_shared;
  plan.may_store = may_store;
  plan.sent = like_shared ? forwarded_.head : ForwardAlone(request_, peer_, *route_, dimensions_);
  StripTierFields(plan.sent.fields);
  if (SendsBody()) plan.body = std::move(upload_body_);
  Retrieval::Begin(gateway_, std::move(plan));
  return Next::kWait;
}

void Exchange::OnFill() {
  if (responded_ || fill_ == nullptr) return;
  switch (fill_->phase()) {
    case cache::Fill::Phase::kAsking: return;
    case cache::Fill::Phase::kFailed:
      // Broken before we have said a word: an answer of our own tells the client more than a
      // body cut short.
      if (const auto answer = fill_->answer()) {
        if (!initiator_ && !MayStay()) return;
        verdict_.fwd_status = answer->head.status;
      }
      return OnFillFailed(fill_->error());
    case cache::Fill::Phase::kAnswer: return OnFillAnswer();
    case cache::Fill::Phase::kValidated: break;
  }
  if (!initiator_ && !MayStay()) return;
  const cache::EntryPtr entry = fill_->entry();
  if (VariesOnUnforwarded(entry->head.vary, request_.fields, forwarded_.head.fields, *route_)) {
    return AskAsItCame(std::string(Name(cache::Storable::kVaryUnforwarded)));
  }
  if (own_key_ && !AliasHolds(entry->head)) return LookAgain("alias");
  const bool careful = route_->policy.profile == cache::Policy::Profile::kCareful;
  const cache::Joined joined =
      fill_->MayStay(*gateway_.shared().generations, forwarded_.head.fields);
  if (joined == cache::Joined::kPrivate && forwarded_.lost && careful) {
    return AskAsItCame(std::string(Name(joined)));
  }
  lookup_.entry = entry;
  verdict_.fwd_status = fill_->validated_by();
  verdict_.stored = joined == cache::Joined::kJoined;
  seat_.reset();
  RunFrom("write");
}

// Whether what another one fetched is ours too; looks again where it is not.
bool Exchange::MayStay() {
  const cache::Joined joined =
      fill_->MayStay(*gateway_.shared().generations, forwarded_.head.fields);
  if (joined == cache::Joined::kJoined) return true;
  LookAgain(Name(joined));
  return false;
}

void Exchange::LookAgain(std::string_view) {
  seat_.reset();
  fill_.reset();
  ++rounds_;
  verdict_ = Verdict{};
  if (own_key_) LeaveAlias();
  // On a turn of its own: a fill that has ended would otherwise call us in a ring.
  gateway_.loop().Post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->RunFrom("lookup");
  });
}

void Exchange::AskAsItCame(std::string detail) {
  seat_.reset();
  fill_.reset();
  verdict_.detail = std::move(detail);
  AskAlone(/*as_it_came=*/true);
}

bool Exchange::AnswerIsFarAway(const cache::Answer& answer) const {
  if (as_it_came_ || !answer.length || *answer.length <= kFarAway) return false;
  return request_.method == "GET" && request_.fields.Has("range");
}

void Exchange::OnFillAnswer() {
  const std::shared_ptr<const cache::Answer> answer = fill_->answer();
  if (!initiator_ && !MayStay()) return;
  const int status = answer->head.status;
  verdict_.fwd_status = status;
  if (status >= 500 && MayServeStale()) return ServeStale(status);
  const bool kept = answer->storable == cache::Storable::kYes;
  const bool careful = route_->policy.profile == cache::Policy::Profile::kCareful;
  const bool for_all = kept || answer->storable == cache::Storable::kHead;
  if (own_key_ && !AliasHolds(answer->head)) return LookAgain("alias");
  if (!alone_ && !for_all && forwarded_.lost && careful && status < 500) {
    // The anonymous request was not answered for everybody: now as who we are.
    return AskAsItCame(std::string(Name(answer->storable)));
  }
  if (!as_it_came_ && status < 500 &&
      VariesOnUnforwarded(answer->head.vary, request_.fields, forwarded_.head.fields, *route_)) {
    return AskAsItCame(std::string(Name(cache::Storable::kVaryUnforwarded)));
  }
  if (AnswerIsFarAway(*answer)) return AskAsItCame("range");
  verdict_.stored = kept;
  if (!for_all && (!alone_ || unshareable_) && verdict_.detail.empty()) {
    // That of a request as it came is never stored: why it came alone says more.
    const bool as_it_came = answer->storable == cache::Storable::kBypass;
    verdict_.detail = std::string(Name(as_it_came && alone_ ? *unshareable_ : answer->storable));
  }
  RunFrom("write");
}

bool Exchange::MayServeStale() const {
  if (lookup_.entry == nullptr || lookup_.found == Found::kMustValidate) return false;
  // Hard purges may have come since we looked.
  const cache::Purged purged = gateway_.shared().generations->Judge(*lookup_.entry);
  // An edge would take what was purged softly for fresh, and stamp it as new; it has
  // stale copies of its own.
  if (purged == cache::Purged::kSoft) return !from_edge_.trusted;
  return purged == cache::Purged::kNo;
}

void Exchange::ServeStale(int fwd_status) {
  verdict_.fwd_status = fwd_status;
  if (verdict_.detail.empty()) verdict_.detail = "stale-if-error";
  gateway_.counters().stale_served.Add();
  seat_.reset();
  fill_.reset();
  RunFrom("write");
}

void Exchange::OnFillFailed(const Error& error) {
  if (MayServeStale()) return ServeStale(0);
  if (!AskForPage(StatusOf(error), error)) SendError(StatusOf(error), error);
}

// --- write

Exchange::Next Exchange::WriteAnswer() {
  const bool in_flight = fill_ != nullptr && fill_->phase() != cache::Fill::Phase::kValidated;
  const int status = in_flight ? fill_->answer()->head.status : lookup_.entry->head.status;
  if (replaced_ != nullptr && status != 200) {
    SendReplaced();
  } else if (!AskForPage(status, std::nullopt)) {
    if (replaced_ != nullptr && verdict_.detail.empty()) {
      verdict_.detail = replaced_->page.keeps_status ? "error-page" : "fallback";
    }
    Send();
  }
  return Next::kDone;
}

void Exchange::Send() {
  if (fill_ != nullptr && fill_->phase() != cache::Fill::Phase::kValidated) {
    SendFill();
  } else {
    SendStored();
  }
}

void Exchange::SendStored() {
  Shared& shared = gateway_.shared();
  const cache::EntryPtr entry = lookup_.entry;
  const WallTime now = shared.clock->Wall();
  verdict_.ttl = FreshnessLeft(lookup_, verdict_.hit, now);
  Writing writing = WritingOf(request_, *entry, *route_, now);
  writing.unvalidated = fill_ == nullptr;
  if (verdict_.hit && shared.upgrades != nullptr) shared.upgrades->OnHit(entry);
  writing.name = shared.name;
  writing.cache_status = CacheStatus();
  writing.body = [&shared, entry, &loop = gateway_.loop()](BodyPart part) {
    return MakeStoredBody(entry, part, shared.disk, shared.ram, loop);
  };
  Respond(Write(writing));
  said_ = std::move(writing.cache_status);
}

void Exchange::SendFill() {
  Shared& shared = gateway_.shared();
  const std::shared_ptr<const cache::Answer> answer = fill_->answer();
  const cache::StoredHead& head = answer->head;
  if (verdict_.stored) verdict_.ttl = (head.lifetimes.fresh - head.initial_age).count();
  Writing writing{.request = request_, .head = head, .route = *route_};
  writing.length = answer->length;
  writing.age = head.initial_age;
  writing.send_age =
      head.initial_age > Seconds(0) && (!route_->policy.browser_ttl || head.status >= 400);
  writing.ours = !as_it_came_;
  writing.name = shared.name;
  writing.cache_status = CacheStatus();
  const bool has_body = http::MayHaveBody(request_.method, head.status);
  writing.in_flight = true;
  writing.body = [fill = fill_, seat = seat_, &shared, &loop = gateway_.loop(), has_body,
                  fetch = FetchesParts()](BodyPart part) -> std::unique_ptr<http::BodySource> {
    if (!has_body) return nullptr;
    return MakeFillBody(fill, seat, part, shared.disk, loop, fetch);
  };
  Respond(Write(writing));
}

void Exchange::SendError(int status, const Error& error) {
  if (replaced_ != nullptr) return SendReplaced();
  http::Response response = WriteError(status, error, gateway_.shared().name, CacheStatus());
  if (route_ != nullptr) {
    AddAnswerFields(route_->answer, {}, target_.scheme == "https", response.own);
  }
  Respond(std::move(response));
}

std::string Exchange::CacheStatus() const {
  return CacheStatusOf(gateway_.shared().name, verdict_);
}

void Exchange::Respond(http::Response response) {
  const auto stream = stream_.lock();
  responded_ = true;
  if (stream == nullptr) return;
  if (replaced_ != nullptr) {
    DressPage(replaced_->page, replaced_->status, response);
    replaced_->seat.reset();
    replaced_->fill.reset();
  }
  status_ = response.status;
  const Route* asked_by = replaced_ == nullptr ? route_.get() : replaced_->route.get();
  const int found = replaced_ == nullptr ? response.status : replaced_->status;
  if (asked_by != nullptr && found == 404 && !asked_by->substitutes.spa_fallback.empty()) {
    response.own.Add("vary", "accept, sec-fetch-mode");
  }
  if (from_edge_.trusted) {
    response.own.Add("skerry-purge-seq",
                     cache::ToFieldValue(gateway_.shared().generations->applied_at()));
  }
  Counters& counters = gateway_.counters();
  if (verdict_.hit) {
    counters.Hit(verdict_.tier);
  } else if (!verdict_.generated) {
    counters.Miss(http::Name(verdict_.fwd));
  }
  stream->Respond(std::move(response));
}

// --- the stream's events

// A body on a GET has no meaning (RFC 9110 9.3.1) and is in no key: where answers may
// be stored, no origin sees one.
bool Exchange::SendsBody() const {
  return cacheability_ == Cacheability::kMethod || cacheability_ == Cacheability::kBypass;
}

void Exchange::OnBody(std::string_view bytes) {
  const auto stream = stream_.lock();
  if (tunnel_ != nullptr) return tunnel_->FromClient(bytes);
  if (upload_ == nullptr || stream == nullptr) return;
  if (!SendsBody()) {
    stream->ConsumedBody(bytes.size());
    return;
  }
  if (!upload_->on_consumed) {
    upload_->on_consumed = [weak = stream_](size_t count) {
      if (const auto open = weak.lock()) open->ConsumedBody(count);
    };
  }
  upload_->Push(bytes);
}

void Exchange::OnBodyEnd(http::Fields trailers) {
  if (upload_ != nullptr) upload_->End(std::move(trailers));
}

void Exchange::DescribeAnswer(AccessRecord& record, std::string& variant) const {
  record.range = request_.fields.Find("range").value_or("");
  record.authorized = request_.fields.Has("authorization");
  record.personal = forwarded_.lost;
  const cache::StoredHead* head = nullptr;
  if (const auto answer = fill_ == nullptr ? nullptr : fill_->answer()) {
    head = &answer->head;  // of the fill, which we hold
    record.size = answer->length;
    if (!record.size && record.complete) record.size = fill_->size();
  } else if (lookup_.entry != nullptr) {
    head = &lookup_.entry->head;
    record.size = lookup_.entry->body_size;
  }
  if (head == nullptr) return;
  record.answer = head->fields.get();
  record.answer_status = head->status;
  const bool shared = cacheability_ == Cacheability::kShared;
  variant = cache::VariantText(head->vary, shared ? forwarded_.head.fields : request_.fields);
  record.variant = variant;
}

void Exchange::OnGone(bool complete) {
  if (upload_ != nullptr) upload_->Fail();
  if (tunnel_ != nullptr) tunnel_->Close();
  tunnel_place_.reset();
  const auto stream = stream_.lock();
  const SteadyTime begun = stream == nullptr ? SteadyTime() : stream->begun();
  const uint64_t bytes = stream == nullptr ? 0 : stream->bytes_sent();
  const double seconds =
      static_cast<double>((gateway_.loop().clock().Steady() - begun).count()) / 1e6;
  const http::RequestHead& asked = replaced_ == nullptr ? request_ : replaced_->request;
  const std::string_view site = route_ == nullptr ? std::string_view("none") : route_->site;
  gateway_.counters().Answered(site, status_, CacheLabel(verdict_), seconds, bytes);
  if (AccessLog* log = gateway_.access_log()) {
    const std::string cache_status = said_.empty() ? CacheStatus() : std::move(said_);
    AccessRecord record{gateway_.shared().clock->Wall(),
                        asked.method,
                        asked.scheme,
                        asked.authority,
                        asked.path,
                        protocol_,
                        peer_.host,
                        site,
                        status_,
                        bytes,
                        seconds * 1e3,
                        cache_status,
                        responded_ ? std::string_view("write")
                                   : kSteps[std::min(step_, std::size(kSteps) - 1)].name,
                        complete};
    NameRule(record);
    std::string variant;
    // A page in place of an answer says nothing about the URL that was asked for.
    if (replaced_ == nullptr) DescribeAnswer(record, variant);
    log->Write(record);
  }
  seat_.reset();
  fill_.reset();
}

}  // namespace skerry::gateway
