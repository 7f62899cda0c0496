#include "tests/simulation/cache_node.h"

#include <algorithm>
#include <utility>

#include "core/cache/purge/scopes.h"

namespace skerry::simulation {

using cache::Purged;

CacheNode::CacheNode(World& world, Network& network, Promise& promise, PurgeService& service,
                     Options options)
    : Machine(world, options.name + (options.other != nullptr ? "'" : "")),
      network_(network),
      promise_(promise),
      service_(service),
      options_(std::move(options)),
      disk_(options_.other != nullptr ? options_.other->disk_ : std::make_shared<Disk>()),
      other_(options_.other) {
  if (other_ != nullptr) other_->other_ = this;
}

void CacheNode::OnStart() {
  has_disk_ = true;
  control_ = std::make_unique<Control>(disk_->control);
  generations_ = std::make_unique<cache::Generations>();
  journal_ = std::make_unique<cache::Journal>(*control_, *generations_);
  const Result<cache::PurgeNode::Durable> durable = journal_->Load();
  SKERRY_CHECK(durable.has_value());
  cache::PurgeNode::Durable known = *durable;
  if (options_.planted.takes_over_as_new) known.may_lack = false;
  node_ = std::make_unique<cache::PurgeNode>(known);
  incarnation_ = world().random().Hex(4);
  for (const auto& [resource, object] : disk_->objects) {
    Object read = object;
    read.entry = EntryOf(resource, {object.entry->head.stamp.seq, 0});
    cache_[resource] = std::move(read);
  }
  SendPull();
}

void CacheNode::OnCrash() {
  node_.reset();
  journal_.reset();
  control_.reset();
  has_disk_ = ending_ = false;
  generations_.reset();
  cache_.clear();
  fills_.clear();
  pull_id_ = 0;
}

// --- ends in order

void CacheNode::EndAfter(Micros drain) {
  if (ending_) return;
  Trace("drains for " + std::to_string(drain.count()) + " us");
  ending_ = true;
  if (options_.planted.early_goodbye) SayGoodbye(incarnation_, !has_disk_);
  After(drain, [this] {
    const std::string incarnation = incarnation_;
    const bool given = !has_disk_;
    Crash();
    SayGoodbye(incarnation, given);
  });
}

void CacheNode::SayGoodbye(const std::string& incarnation, bool given) {
  network_.Send(*this, service_, [this, incarnation, given] {
    service_.OnGoodbye(options_.name, incarnation, given);
  });
}

void CacheNode::GiveDiskAway() {
  has_disk_ = false;
  if (!options_.planted.serves_on_given_away) node_->OnStoreGivenAway();
  SKERRY_CHECK(journal_->GiveAway(generations_->applied_at().log_id).has_value());
  control_->GiveAway();
}

void CacheNode::TakeOver() {
  other_->GiveDiskAway();
  Start();
}

// --- the log's side, in the steps of PurgeFeed

void CacheNode::SendPull() {
  const cache::PurgeNode::Pull asked = node_->NextPull(Boot());
  const uint64_t id = pull_id_ = ++last_id_;
  PurgeService::Pull pull;
  pull.who = {options_.name,      incarnation_, options_.serves_on_partition,
              options_.is_shield, !has_disk_,   false};
  pull.asked = asked;
  pull.reply = [this, id, life = life()](bool ok, const cache::PullAnswer& answer) {
    network_.Send(service_, *this, [this, id, life, ok, answer] {
      if (life == this->life() && id == pull_id_) OnPulled(id, ok, answer);
    });
  };
  Trace("pulls after " + asked.log_id + '/' + std::to_string(asked.after));
  node_->OnSent(Boot());
  network_.Send(*this, service_, [this, pull] { service_.OnPull(pull); });
  After(asked.wait + Millis(3000), [this, id] {
    if (id == pull_id_) Retry();
  });
}

void CacheNode::Retry() {
  pull_id_ = 0;
  After(node_->OnFailed(), [this] {
    if (pull_id_ == 0) SendPull();
  });
}

void CacheNode::OnPulled(uint64_t, bool ok, cache::PullAnswer answer) {
  pull_id_ = 0;
  if (!ok) {
    node_->OnWrongLog();
    return SendPull();
  }
  Result<cache::PurgeNode::Work> work = node_->OnAnswer(std::move(answer));
  if (!work) return Retry();
  Begin(std::move(*work));
}

void CacheNode::Begin(cache::PurgeNode::Work work) {
  pull_id_ = ++last_id_;  // nothing else is sent while there is work
  auto shared = std::make_shared<cache::PurgeNode::Work>(std::move(work));
  After(world().Between(10us, 5ms), [this, shared] {
    for (const cache::Record& record : shared->releases) Activate(record);
    ApplyFrom(shared, 0);
  });
}

void CacheNode::ApplyFrom(std::shared_ptr<cache::PurgeNode::Work> work, size_t index) {
  if (index == 0 && work->reset) {
    generations_->Reset(work->log_id, work->reset_head);
  }
  if (index == work->records.size()) {
    After(world().Between(100us, 30ms), [this, work] { MakeDurable(work); });
    return;
  }
  const cache::Record& record = work->records[index];
  const bool again = record.seq <= generations_->head();
  if (!again) Activate(record);
  After(world().Between(10us, 3ms), [this, work, index, again] {
    if (!again) generations_->Apply(work->records[index]);
    ApplyFrom(work, index + 1);
  });
}

void CacheNode::MakeDurable(const std::shared_ptr<cache::PurgeNode::Work>& work) {
  if (node_->ready() && has_disk_) journal_->Keep();
  std::vector<cache::Change> changes;
  for (const cache::Record& record : work->records) {
    changes.push_back(generations_->ChangeOf(record));
  }
  const Status status =
      work->reset ? journal_->Snapshot(work->log_id) : journal_->Append(work->log_id, changes);
  SKERRY_CHECK(status.has_value());
  After(world().Between(10us, 2ms), [this, position = work->position] {
    node_->OnApplied(position);
    Trace("has applied " + std::to_string(position) + ", fence " +
          std::string(Name(node_->fence(Boot()))));
    SendPull();
  });
}

void CacheNode::Activate(const cache::Record& record) {
  if (!options_.is_shield || record.kind != cache::RecordKind::kActivation) return;
  disk_->active_release = record.seq;
}

// --- the requests' side

bool CacheNode::Fenced(const Resource& resource) const {
  if (options_.planted.no_fence) return false;
  return cache::Holds(node_->fence(Boot()), options_.serves_on_partition, resource.content_hashed);
}

void CacheNode::Ask(size_t resource) {
  if (!up()) return;
  Request request;
  request.resource = resource;
  world().After(0us, *this, life(), [this, request]() mutable {
    request.begun = world().now();
    request.reply = [this, request](std::optional<Bytes> bytes, bool fresh) {
      if (!bytes) return;
      promise_.OnServed(name(), Resources()[request.resource], request.begun, *bytes, fresh);
    };
    Handle(request);
  });
}

void CacheNode::Handle(Request request) {
  if (!MayAnswerFromCache(request)) return;
  if (options_.is_shield && Resources()[request.resource].released) {
    return request.reply(Bytes{world().now(), disk_->active_release}, true);
  }
  Lookup(std::move(request));
}

// False: it waits for the log, or is answered in another way.
bool CacheNode::MayAnswerFromCache(Request& request) {
  if (!request.asker || options_.planted.no_tier_check) return true;
  const cache::Tier tier = cache::CheckTier(*request.asker, generations_->applied_at());
  if (tier == cache::Tier::kAnswers) return true;
  const bool can_bypass = !Resources()[request.resource].released;
  if (can_bypass && (tier == cache::Tier::kOtherLog || request.patience == 0)) {
    FetchPrivately(std::move(request));
  } else if (request.patience == 0) {
    request.reply(std::nullopt, false);
  } else {
    --request.patience;
    After(Millis(100), [this, request] { Handle(request); });
  }
  return false;
}

void CacheNode::Lookup(Request request) {
  const auto found = cache_.find(request.resource);
  if (found == cache_.end()) return Fetch(std::move(request), std::nullopt);
  const Object object = found->second;
  const Purged purged = generations_->Judge(*object.entry);
  if (purged == Purged::kHard) {
    cache_.erase(found);
    if (has_disk_) disk_->objects.erase(request.resource);
    return Fetch(std::move(request), std::nullopt);
  }
  if (purged == Purged::kUnknown || Fenced(Resources()[request.resource])) {
    return Fetch(std::move(request), std::nullopt);
  }
  const bool stale = purged == Purged::kSoft || world().now() >= object.stale_at;
  if (!stale) return request.reply(object.bytes, true);
  if (options_.is_shield || world().Chance(0.5)) return Fetch(std::move(request), object);
  request.reply(object.bytes, false);  // while it is revalidated
  request.reply = [](std::optional<Bytes>, bool) {};
  Fetch(std::move(request), std::nullopt);
}

void CacheNode::Fetch(Request request, std::optional<Object> if_it_fails) {
  const size_t resource = request.resource;
  FillPtr& place = fills_[resource];
  const bool fenced = !options_.planted.joins_while_fenced && Fenced(Resources()[resource]);
  if (place != nullptr && (options_.planted.no_join_check ||
                           place->state.MayJoin(*generations_, fenced) == cache::Joined::kJoined)) {
    place->waiters.push_back({std::move(request), std::move(if_it_fails), false});
    return;
  }
  const cache::Key key = cache::Key::Of(Resources()[resource].url);
  const FillPtr before = place;
  place = fenced ? std::make_shared<Fill>(++last_id_, key)
                 : std::make_shared<Fill>(++last_id_, key, generations_->Now());
  place->waiters.push_back({std::move(request), std::move(if_it_fails), true});
  if (!fenced) return AskUpstream(place, resource);
  if (before == nullptr) return BeginGathered(place, resource);
  before->next = place;
  After(250ms, [this, fill = place, resource] { BeginGathered(fill, resource); });
}

void CacheNode::BeginGathered(const FillPtr& fill, size_t resource) {
  if (!fill->state.gathers()) return;
  fill->state.Begin(generations_->Now());
  AskUpstream(fill, resource);
}

void CacheNode::EndFill(const FillPtr& fill, size_t resource) {
  if (fills_[resource] == fill) fills_.erase(resource);
  if (const FillPtr next = std::exchange(fill->next, nullptr)) BeginGathered(next, resource);
}

void CacheNode::AskUpstream(const FillPtr& fill, size_t resource) {
  After(world().Between(2s, 8s), [this, fill, resource] {
    if (!fill->has_head) OnFailed(fill, resource);
  });
  const auto arrived = [this, fill, resource, life = life()](std::optional<Bytes> bytes) {
    if (life == this->life() && !fill->has_head) OnHead(fill, resource, bytes);
  };
  if (shield_ == nullptr) {
    const Bytes bytes{world().now(), 0};
    const Micros took = world().Chance(0.1) ? world().Between(1s, 5s) : world().Between(1ms, 200ms);
    After(took, [this, arrived, bytes] {
      if (!world().Chance(0.02)) arrived(bytes);
    });
    return;
  }
  Request request;
  request.resource = resource;
  request.begun = world().now();
  request.asker = generations_->applied_at();
  request.patience = static_cast<int>(world().Below(5));
  request.reply = [this, arrived](std::optional<Bytes> bytes, bool) {
    network_.Send(*shield_, *this, [arrived, bytes] { arrived(bytes); });
  };
  network_.Send(*this, *shield_, [this, request] { shield_->Handle(request); });
}

void CacheNode::FetchPrivately(Request request) {
  const Bytes bytes{world().now(), 0};
  After(world().Between(1ms, 300ms), [request, bytes] { request.reply(bytes, true); });
}

void CacheNode::OnHead(const FillPtr& fill, size_t resource, std::optional<Bytes> bytes) {
  if (fill->state.phase() != cache::FillState::Phase::kAsking) return;
  if (!bytes) return OnFailed(fill, resource);
  fill->has_head = true;
  fill->bytes = *bytes;
  const std::shared_ptr<cache::Entry> like = EntryOf(resource, {});
  fill->state.OnHead(true, like->head);
  std::vector<Fill::Waiter> detached;
  std::erase_if(fill->waiters, [&](Fill::Waiter& waiter) {
    const bool stays = waiter.initiator || options_.planted.no_join_check ||
                       fill->state.MayStay(*generations_, http::Fields()) == cache::Joined::kJoined;
    if (!stays) detached.push_back(std::move(waiter));
    return !stays;
  });
  for (Fill::Waiter& waiter : detached) Fetch(waiter.request, waiter.if_it_fails);
  After(world().Between(10us, 1s), [this, fill, resource] { OnComplete(fill, resource); });
}

void CacheNode::OnComplete(const FillPtr& fill, size_t resource) {
  fill->state.OnComplete();
  if (options_.planted.no_store_check || fill->state.MayStore(*generations_)) {
    Store(*fill, resource);
  }
  EndFill(fill, resource);
  for (const Fill::Waiter& waiter : fill->waiters) waiter.request.reply(fill->bytes, true);
}

void CacheNode::OnFailed(const FillPtr& fill, size_t resource) {
  fill->state.OnFailed();
  EndFill(fill, resource);
  for (const Fill::Waiter& waiter : fill->waiters) {
    // A shield that hands out stale bytes would have the edge store them as new.
    const bool may = !options_.is_shield && waiter.if_it_fails && !Fenced(Resources()[resource]) &&
                     generations_->Judge(*waiter.if_it_fails->entry) <= Purged::kSoft;
    if (may) {
      waiter.request.reply(waiter.if_it_fails->bytes, false);
    } else {
      waiter.request.reply(std::nullopt, false);
    }
  }
}

std::shared_ptr<cache::Entry> CacheNode::EntryOf(size_t resource, cache::Stamp stamp) const {
  const Resource& about = Resources()[resource];
  auto entry = std::make_shared<cache::Entry>();
  entry->head.key = cache::Key::Of(about.url);
  std::vector<uint64_t> tags;
  for (const std::string& tag : about.tags) tags.push_back(cache::TagHash(tag));
  entry->head.tags = tags;
  entry->head.content_hashed = about.content_hashed;
  entry->head.stamp = stamp;
  return entry;
}

void CacheNode::Store(const Fill& fill, size_t resource) {
  const Object object{EntryOf(resource, fill.state.stamp()), fill.bytes,
                      world().now() + world().Between(1s, 40s)};
  Trace("stores " + Resources()[resource].url + " of " + std::to_string(fill.bytes.begun.count()) +
        " us");
  cache_[resource] = object;
  if (world().Chance(0.7) && has_disk_) disk_->objects[resource] = object;
}

void CacheNode::Reinsert() {
  if (!up()) return;
  for (auto& [resource, object] : cache_) {
    if (!options_.planted.no_store_check && generations_->Judge(*object.entry) != Purged::kNo) {
      continue;
    }
    object.entry = EntryOf(resource, generations_->Now());
    if (has_disk_) disk_->objects[resource] = object;
  }
}

void CacheNode::ForgetOldGenerations() {
  if (!up()) return;
  cache::Seq oldest = generations_->Now().seq;
  // A walk may miss what is nowhere to be found: that must do no harm.
  if (world().Chance(0.2)) return generations_->ForgetBelow(oldest);
  for (const auto& [resource, object] : cache_) {
    // As gateway/forgetting.h: what is not purged is cleared.
    if (generations_->Judge(*object.entry) == Purged::kUnknown) continue;
    oldest = std::min(oldest, object.entry->stamp().seq);
  }
  for (const auto& [resource, object] : disk_->objects) {
    oldest = std::min(oldest, object.entry->head.stamp.seq);
  }
  for (const auto& [resource, fill] : fills_) {
    if (fill != nullptr && !fill->state.gathers())
      oldest = std::min(oldest, fill->state.stamp().seq);
  }
  generations_->ForgetBelow(oldest);
}

}  // namespace skerry::simulation
