#include "core/gateway/origin.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/base/random.h"
#include "core/gateway/digest_field.h"
#include "core/gateway/gateway.h"
#include "core/gateway/invalidate.h"
#include "core/gateway/lookup.h"
#include "core/gateway/store.h"
#include "core/gateway/upgrade.h"
#include "core/http/no_vary_search.h"

namespace skerry::gateway {
namespace {

constexpr size_t kMostWaitingToBeEncoded = 256 * 1024;
// A fetch that nobody reads any more is finished for the cache if so little is left.
constexpr uint64_t kWorthFinishing = 16_MiB;
// Bodies up to this size are given to nobody before their digest was checked: one that
// does not match is fetched again unseen. Of larger ones only the last piece waits.
constexpr uint64_t kHeldWhole = 64 * 1024;
// A fetch that gathers lets the one before it end, but not for longer.
constexpr Micros kLongestGathering{250'000};
// Nor does it wait longer for its turn.
constexpr Micros kLongestTurn{5'000'000};

// What the shield's key must hold and its origin be told: our key's dimensions, and the
// fields that our rule sets and the shield knows nothing of.
std::vector<Dimension> ForShield(const FetchPlan& plan) {
  std::vector<Dimension> dimensions = plan.dimensions;
  for (const http::Field& field : plan.route->request.set) {
    const std::string name(field.name);
    dimensions.push_back({"set " + name, std::string(field.value), name});
  }
  return dimensions;
}

// What was stored before, or asked for before, is worth a place where places are few.
std::unique_ptr<cache::DiskFill> BeginOnDisk(Shared& shared, const cache::Answer& answer,
                                             bool stored_before) {
  const bool seen_before = stored_before || shared.ram->AskedBefore(answer.head.key);
  return shared.disk->Begin(answer.head, answer.length, seen_before);
}

}  // namespace

void Retrieval::Begin(Gateway& gateway, FetchPlan plan) {
  auto retrieval = std::make_shared<Retrieval>(gateway, std::move(plan));
  gateway.Keep(retrieval);
  retrieval->plan_.fill->SetWriter(
      gateway.loop(),
      [weak = retrieval->weak_from_this()] {
        if (const auto self = weak.lock()) self->Room();
      },
      [weak = retrieval->weak_from_this()] {
        if (const auto self = weak.lock()) self->Deserted();
      });
  if (retrieval->plan_.fill->gathers()) return retrieval->Gather();
  retrieval->Start();
}

Retrieval::Retrieval(Gateway& gateway, FetchPlan plan)
    : gateway_(gateway), plan_(std::move(plan)), gathering_(gateway.loop()) {}

Retrieval::~Retrieval() {
  if (encode_ != nullptr) encode_->Stop();
}

// One after another for each key: whoever comes meanwhile shares this one.
void Retrieval::Gather() {
  if (plan_.behind == nullptr || plan_.behind->ended()) return TakeTurn();
  gathering_.Start(kLongestGathering, [this] { TakeTurn(); });
  before_ = plan_.behind->Sit(gateway_.loop(), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->ended_ || self->before_ == nullptr) return;
    if (self->plan_.behind->ended()) self->TakeTurn();
  });
}

void Retrieval::TakeTurn() {
  // On a turn of its own: we may be called by the seat that goes.
  gateway_.loop().Post([seat = std::move(before_), before = std::move(plan_.behind)] {});
  before_ = nullptr;
  const SteadyTime now = gateway_.shared().clock->Steady();
  const std::optional<Micros> wait = gateway_.shared().pace.Take(now, kLongestTurn);
  if (!wait) {
    return Fail({Code::kUnavailable, Side::kSelf, true, "fenced, and the origin's budget is used"});
  }
  if (*wait == Micros(0)) return BeginGathered();
  gathering_.Start(*wait, [this] { BeginGathered(); });
}

void Retrieval::BeginGathered() {
  gathering_.Stop();
  plan_.fill->Begin(gateway_.shared().generations->Now());
  Start();
}

void Retrieval::Start() {
  AddConditions();
  repeatable_ = plan_.sent.method == "GET" && plan_.body == nullptr && !plan_.refetch;
  http::RequestHead head = plan_.sent;
  // Not once more what some cache in between has.
  if (plan_.refetch || refetched_) head.fields.Set("cache-control", "no-cache");
  if (ToShield()) {
    // At least what the fill's stamp stands for: it was read a moment ago.
    AddTierFields(head.fields, gateway_.shared().tier, plan_.client_scheme,
                  gateway_.shared().generations->applied_at(), ForShield(plan_));
  }
  http::Upstream* upstream = gateway_.upstream(plan_.route->upstream);
  request_time_ = gateway_.shared().clock->Wall();
  fetch_ = upstream->Start(std::move(head), std::move(plan_.body), this);
}

void Retrieval::AddConditions() {
  if (plan_.stale == nullptr) return;
  if (const auto etag = plan_.stale->head.etag()) {
    std::string tags = OriginTag(*etag);
    // A shield of ours may have encoded it, and knows it by that tag.
    if (tags != *etag && ToShield()) {
      tags += (tags.empty() ? "" : ", ") + std::string(*etag);
    }
    if (!tags.empty()) plan_.sent.fields.Set("if-none-match", tags);
  }
  if (const auto modified = plan_.stale->head.last_modified()) {
    plan_.sent.fields.Set("if-modified-since", *modified);
  }
}

void Retrieval::OnInterim(http::ResponseHead head) {
  if (plan_.on_interim) plan_.on_interim(head);
}

bool Retrieval::IsUsable(const cache::Entry& entry) const {
  Shared& shared = gateway_.shared();
  if (entry.head.status >= 500) return false;
  if (shared.generations->Judge(entry) == cache::Purged::kHard) return false;
  const cache::StoredHead& head = entry.head;
  return cache::Judge(
             {head.lifetimes, head.initial_age, head.response_time, shared.clock->Wall(), false},
             {}, plan_.route->policy) != cache::Usable::kValidate;
}

bool Retrieval::WouldReplaceUsable(int status) const {
  if (status < 500) return false;
  if (plan_.stale != nullptr && IsUsable(*plan_.stale)) return true;
  // Without Vary and newer than all, an error would be selected before every variant.
  Shared& shared = gateway_.shared();
  const cache::Key& key = plan_.fill->key();
  const std::vector<cache::EntryPtr> variants = shared.ram->Find(key);
  if (std::any_of(variants.begin(), variants.end(),
                  [this](const cache::EntryPtr& entry) { return IsUsable(*entry); })) {
    return true;
  }
  if (shared.disk == nullptr) return false;
  // Rows do not know for how long they are usable.
  const std::vector<cache::DiskRow> rows = shared.disk->Find(key.hash);
  return std::any_of(rows.begin(), rows.end(),
                     [](const cache::DiskRow& row) { return row.vary != 0; });
}

void Retrieval::OnHead(http::ResponseHead head) {
  gateway_.counters().Origin(head.status);
  if (ToShield() && IsRefused(head)) return Fail(RefusedByShield(*gateway_.shared().clock));
  if (head.status == 304 && plan_.stale != nullptr) {
    if (IsConfirmed(*plan_.stale, head.fields)) return OnValidated(std::move(head));
    return AskWithoutConditions();
  }
  if (IsUnasked(head.status)) {
    return Fail({Code::kInvalid, Side::kUpstream, false,
                 std::to_string(head.status) + " to a request without conditions or ranges"});
  }
  if (refetched_) {
    if (Continues(head)) return;
    return Fail({Code::kCorrupt, Side::kUpstream, false, "a second answer is another one"});
  }
  if (UpdatedByHead(head)) return;
  Invalidate(head);
  const int status = head.status;
  const bool get = plan_.sent.method == "GET";
  const auto length = ContentLength(head.fields);
  const bool encodable = plan_.may_share && get && IsEncodable(head, length, *plan_.route);
  if (http::MayHaveBody(plan_.sent.method, status)) check_ = BodyCheck::Of(head.fields);
  const bool in_head = check_ && !check_->expected().empty();
  // Whose end only we can tell flows on: without its end it is not complete.
  holds_back_ = in_head || (check_ && length);
  hold_all_ = in_head && length.value_or(UINT64_MAX) <= kHeldWhole;
  const bool describes_encodable =
      plan_.sent.method == "HEAD" && IsEncodable(head, length, *plan_.route);
  if (encodable || describes_encodable) AddVaryAcceptEncoding(head.fields);
  // Only what may be stored is compressed: answers for one client may mix secrets
  // with what an attacker chose (BREACH).
  StoreInput input{
      plan_.fill->key(), plan_.client_request, plan_.sent,    head,
      *plan_.route,      plan_.fill->stamp(),  request_time_, gateway_.shared().clock->Wall(),
      plan_.may_store,   plan_.keep_tags};
  cache::Answer answer = MakeAnswer(input);
  if (encodable && answer.storable == cache::Storable::kYes) {
    Encode(head, length);
    if (ended_) return;
    input.response = std::move(head);
    answer = MakeAnswer(std::move(input));
  }
  if (WouldReplaceUsable(status)) answer.storable = cache::Storable::kStatus;
  const bool kept = answer.storable == cache::Storable::kYes;
  Shared& shared = gateway_.shared();
  const bool for_all = kept || answer.storable == cache::Storable::kHead;
  RememberShareable(answer.storable, status);
  // An error that is not meant for one client alone is shared by all who waited for it.
  const bool shares_error = plan_.may_share && status >= 500 &&
                            answer.storable != cache::Storable::kPrivate &&
                            !answer.head.fields->Has("set-cookie");
  if (kept) shared.aliases.Learn(plan_.fill->key(), http::ParseNoVarySearch(*answer.head.fields));
  std::unique_ptr<cache::DiskFill> disk;
  LearnFrom(plan_.siblings, &answer.head);
  if (kept && shared.disk != nullptr) {
    CapVariants(answer.head);
    disk = BeginOnDisk(shared, answer, plan_.stale != nullptr);
  }
  plan_.fill->OnAnswer(std::move(answer), for_all || shares_error, std::move(disk));
}

// May those who ask next wait for one another (hit-for-miss)? What a HEAD, or one who has
// signed in, was answered says nothing about that.
void Retrieval::RememberShareable(cache::Storable storable, int status) {
  Shared& shared = gateway_.shared();
  if (!plan_.may_share) return;
  if (storable == cache::Storable::kYes) {
    shared.unshareable.Remove(plan_.fill->key());
  } else if (plan_.sent.method == "GET" && status < 500 &&
             storable != cache::Storable::kAuthorization) {
    shared.unshareable.Add(plan_.fill->key(), storable, shared.clock->Steady());
  }
}

// Neither we nor the client have sent what such an answer answers: it is no answer to
// this request, and a browser would take a 304 for an empty page, a 206 for the whole.
bool Retrieval::IsUnasked(int status) const {
  const auto asked = [this](std::string_view name) {
    return plan_.sent.fields.Has(name) || plan_.client_request.fields.Has(name);
  };
  if (status == 304) return !asked("if-none-match") && !asked("if-modified-since");
  return status == 206 && !asked("range");
}

// Makes room on disk for one more variant of the key; in memory the tier does it itself.
void Retrieval::CapVariants(const cache::StoredHead& head) {
  Shared& shared = gateway_.shared();
  const std::vector<cache::DiskRow> rows = shared.disk->Find(head.key.hash);
  const bool takes_a_place = std::any_of(rows.begin(), rows.end(), [&](const auto& row) {
    return row.variant_hash == head.variant_hash;
  });
  if (takes_a_place || rows.size() < shared.variants_per_key) return;
  for (size_t i = shared.variants_per_key - 1; i < rows.size(); ++i) {
    shared.disk->Forget(rows[i]);
    gateway_.counters().variants_capped.Add(1);
  }
}

void Retrieval::Encode(http::ResponseHead& head, std::optional<uint64_t> length) {
  const std::optional<asset::Recipe> recipe = ChooseRecipe(plan_.sent.fields, length);
  if (!recipe) return;
  auto stage = EncodeStage::Make(
      *recipe, *gateway_.shared().compute, gateway_.loop(),
      {[this](std::string_view bytes) { plan_.fill->Append(bytes); }, [this] { Room(); },
       [this](Status status) {
         if (!status) return Fail(std::move(status.error()));
         Finish();
       }});
  if (!stage) return Fail(std::move(stage.error()));
  encode_ = std::move(*stage);
  recipe_ = recipe;
  MarkEncoded(head.fields, *recipe, Random::Secure().Hex(4));
}

// The 304 was about something else than what we have (RFC 9111 4.3.4).
void Retrieval::AskWithoutConditions() {
  plan_.sent.fields.Remove("if-none-match");
  plan_.sent.fields.Remove("if-modified-since");
  plan_.stale = nullptr;
  AskAgain();
}

void Retrieval::AskAgain() {
  asking_again_ = true;
  // On a turn of its own: the fetch that goes is in the middle of an event.
  gateway_.loop().Post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->ended_) return;
    self->asking_again_ = false;
    self->fetch_.reset();
    self->Start();
  });
}

void Retrieval::Invalidate(const http::ResponseHead& head) {
  Shared& shared = gateway_.shared();
  // Undisturbed by others, its own answer is what the URL gives from now on.
  const bool undisturbed = plan_.fill->MayStore(*shared.generations);
  const std::optional<uint64_t> local =
      InvalidateAfter(shared, plan_.client_request.method, plan_.fill->key(), *plan_.route, head);
  if (local && undisturbed) plan_.fill->Renew(*local);
}

bool Retrieval::UpdatedByHead(const http::ResponseHead& head) {
  if (plan_.sent.method != "HEAD" || plan_.stale == nullptr || head.status != 200) return false;
  if (IsConfirmedByHead(*plan_.stale, head.fields)) {
    OnValidated(head);
    return true;
  }
  Forget(gateway_.shared(), plan_.stale);
  return false;
}

void Retrieval::OnValidated(http::ResponseHead head) {
  Shared& shared = gateway_.shared();
  const int status = head.status;
  cache::Storable storable = cache::Storable::kYes;
  const cache::EntryPtr fresh = Freshen(
      *plan_.stale,
      {plan_.fill->key(), plan_.client_request, plan_.sent, std::move(head), *plan_.route,
       plan_.fill->stamp(), request_time_, shared.clock->Wall(), plan_.may_store, plan_.keep_tags},
      &storable);
  const bool kept = storable == cache::Storable::kYes;
  plan_.fill->OnValidated(fresh, status, kept);
  // What it says now is what counts for the stored response (RFC 9111 4.3.4), unless it was
  // said to one who has signed in.
  if (!kept && !plan_.client_request.fields.Has("authorization")) Forget(shared, plan_.stale);
  if (kept && plan_.fill->MayStore(*shared.generations)) {
    if (!shared.ram->Replace(plan_.stale, fresh) && fresh->in_memory()) shared.ram->Offer(fresh);
    if (shared.disk != nullptr) {
      for (const cache::DiskRow& row : shared.disk->Find(fresh->head.key.hash)) {
        if (row.variant_hash != fresh->head.variant_hash) continue;
        shared.disk->Refresh(row, fresh);
        break;
      }
    }
  }
  End();
}

void Retrieval::OnBody(std::string_view bytes) {
  if (asking_again_) return;
  gateway_.counters().origin_bytes.Add(bytes.size());
  if (check_) check_->Update(bytes);
  if (!holds_back_) return Deliver(bytes);
  if (hold_all_) {
    held_back_ += bytes;
    return;
  }
  const std::string ready = std::exchange(held_back_, std::string(bytes));
  Deliver(ready);
}

void Retrieval::Deliver(std::string_view bytes) {
  if (bytes.empty() || ended_) return;
  delivered_ = true;
  if (encode_ != nullptr) {
    encode_->Append(bytes);
    if (encode_->waiting() > kMostWaitingToBeEncoded) fetch_->Pause();
  } else {
    plan_.fill->Append(bytes);
  }
  if (plan_.fill->WaitsForRoom()) fetch_->Pause();
}

void Retrieval::OnEnd(http::Fields trailers) {
  if (ended_ || asking_again_) return;
  if (check_ && !check_->Matches(trailers)) return OnMismatch();
  Deliver(std::exchange(held_back_, {}));
  trailers_ = std::move(trailers);
  unchecked_ = !check_ && !BodyDigests(trailers_).empty();
  if (encode_ != nullptr) RemoveOfUncoded(trailers_);
  if (encode_ != nullptr) {
    encode_->Finish();
  } else {
    Finish();
  }
}

void Retrieval::OnMismatch() {
  gateway_.counters().digest_mismatches.Add();
  const bool repeatable = repeatable_ && !refetched_;
  // Without a digest in the head a second answer may be another one.
  if (repeatable && !delivered_ && !check_->expected().empty()) {
    refetched_ = true;
    held_back_.clear();
    gateway_.counters().refetches.Add();
    AskWithoutConditions();
    return;
  }
  const bool wanted = repeatable && plan_.in_table;
  Fail({Code::kCorrupt, Side::kUpstream, false,
        "the body does not match the digest that came with it"});
  if (wanted) Refetch();
}

// Clients have been given bytes of what is wrong, and their streams are reset. Whoever
// asks next is to find a stored answer.
void Retrieval::Refetch() {
  Shared& shared = gateway_.shared();
  cache::Fill::Options options;
  options.key = plan_.fill->key();
  options.stamp = shared.generations->Now();
  options.keep_bytes = shared.keep_bytes;
  options.background = true;
  cache::FillTable::Place place =
      shared.fills.Join(options, plan_.variant_hint, *shared.generations);
  if (!place.initiator) return;
  FetchPlan plan;
  plan.fill = place.fill;
  plan.variant_hint = plan_.variant_hint;
  plan.in_table = true;
  plan.client_request = plan_.client_request;
  plan.sent = plan_.sent;
  plan.sent.fields.Remove("if-none-match");
  plan.sent.fields.Remove("if-modified-since");
  plan.client_scheme = plan_.client_scheme;
  plan.route = plan_.route;
  plan.siblings = plan_.siblings;
  plan.keep_tags = plan_.keep_tags;
  plan.dimensions = plan_.dimensions;
  plan.refetch = true;
  gateway_.counters().refetches.Add();
  Begin(gateway_, std::move(plan));
}

// Is this second answer the one whose head was given out already?
bool Retrieval::Continues(const http::ResponseHead& head) const {
  const std::shared_ptr<const cache::Answer> answer = plan_.fill->answer();
  if (answer == nullptr || head.status != answer->head.status) return false;
  if (BodyDigests(head.fields) != check_->expected()) return false;
  const auto coding = [](const http::Fields& fields) {
    return fields.Combined("content-encoding").value_or("");
  };
  return recipe_ ? !head.fields.Has("content-encoding")
                 : coding(head.fields) == coding(*answer->head.fields);
}

void Retrieval::Finish() {
  plan_.fill->Finish(trailers_);
  Commit();
  End();
}

void Retrieval::Commit() {
  Shared& shared = gateway_.shared();
  const std::shared_ptr<const cache::Answer> answer = plan_.fill->answer();
  if (answer->storable != cache::Storable::kYes) return;
  if (unchecked_) return;
  if (!plan_.fill->MayStore(*shared.generations)) return;
  std::unique_ptr<cache::DiskFill> disk = plan_.fill->TakeDisk();
  const bool on_disk = disk != nullptr && !disk->abandoned();
  if (auto body = plan_.fill->WholeBody()) {
    auto entry = std::make_shared<cache::Entry>();
    entry->head = answer->head;
    entry->body_size = plan_.fill->size();
    entry->chunks = std::move(*body);
    entry->trailers = trailers_;
    if (recipe_ && shared.upgrades != nullptr) shared.upgrades->Watch(*entry, *recipe_);
    // What it was asked to replace goes, whatever Vary says now.
    const cache::EntryPtr whole = std::move(entry);
    if (plan_.stale == nullptr || !shared.ram->Replace(plan_.stale, whole)) {
      shared.ram->Offer(whole, on_disk);
    }
  }
  if (disk == nullptr) return;
  disk->Commit(plan_.fill->size(), trailers_, [generations = shared.generations, answer] {
    return generations->Judge(answer->head.key, answer->head.tags, answer->head.stamp) ==
           cache::Purged::kNo;
  });
}

void Retrieval::OnFailed(Error error) {
  gateway_.counters().Origin(0);
  Fail(std::move(error));
}

bool Retrieval::ToShield() const { return gateway_.upstream_is_shield(plan_.route->upstream); }

void Retrieval::Fail(Error error) {
  if (ended_) return;
  plan_.fill->Fail(std::move(error));
  End();
}

void Retrieval::Deserted() {
  if (ended_ || plan_.fill->has_readers() || plan_.fill->background()) return;
  const std::shared_ptr<const cache::Answer> answer = plan_.fill->answer();
  if (answer != nullptr && answer->storable == cache::Storable::kYes && answer->length &&
      *answer->length - std::min(*answer->length, plan_.fill->size()) <= kWorthFinishing) {
    fetch_->Resume();
    return;
  }
  Fail({Code::kCancelled, Side::kClient, false, "every client has left"});
}

void Retrieval::Room() {
  if (ended_ || fetch_ == nullptr) return;
  if (encode_ != nullptr && encode_->waiting() > kMostWaitingToBeEncoded) return;
  if (!plan_.fill->WaitsForRoom()) fetch_->Resume();
}

// The last thing a retrieval does. Its fetch may be in the middle of an event, so it
// is let go behind it.
void Retrieval::End() {
  if (ended_) return;
  ended_ = true;
  gathering_.Stop();
  if (encode_ != nullptr) encode_->Stop();
  if (plan_.in_table) gateway_.shared().fills.Remove(plan_.fill, plan_.variant_hint);
  gateway_.loop().Post([&gateway = gateway_, self = shared_from_this()]() mutable {
    self->fetch_.reset();
    gateway.Release(self);
  });
}

}  // namespace skerry::gateway
