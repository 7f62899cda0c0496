#include "tests/simulation/purge_service.h"

#include <algorithm>
#include <utility>

namespace skerry::simulation {
namespace {

constexpr size_t kRecordsAnAnswer = 3;  // few, so that nodes read the log in parts

purge::Needs NeedsOf(const cache::Record& record) {
  if (record.kind == cache::RecordKind::kActivation) return purge::Needs::kActivation;
  return record.immutable ? purge::Needs::kNotice : purge::Needs::kFence;
}

}  // namespace

PurgeService::PurgeService(World& world, Promise& promise, purge::Ledger::Options options)
    : Machine(world, "purge"), options_(options), promise_(promise) {
  durable_.log_id = world.random().Hex(4);
}

void PurgeService::OnStart() {
  ledger_ = std::make_unique<purge::Ledger>(options_, durable_.members, written(), Boot());
  for (const cache::Record& record : durable_.records) {
    if (durable_.complete.contains(record.seq)) continue;
    ledger_->Reopen(record.seq, NeedsOf(record), Boot(), Wall());
  }
  AfterEvent();
}

void PurgeService::OnCrash() {
  ledger_.reset();
  stored_members_ = 0;
  writes_.clear();
  held_.clear();
  alarm_.reset();
}

void PurgeService::Post(cache::Record record) {
  // Until the sync; what is in the queue when the process ends was never answered.
  After(world().Between(100us, 20ms), [this, record = std::move(record)] { Append(record); });
}

void PurgeService::Append(cache::Record record) {
  record.seq = written() + 1;
  record.id = "r" + std::to_string(record.seq);
  durable_.records.push_back(record);
  if (record.kind == cache::RecordKind::kActivation) durable_.releases[record.site] = record;
  promise_.OnAppended(durable_.log_id, record, world().now());
  Trace("writes " + cache::ToJson(record));
  // From the writer's thread back to the loop, in order.
  After(Micros(500), [this, record] {
    ledger_->OnAppended(record.seq, NeedsOf(record), Boot(), Wall());
    for (auto& [id, pull] : std::exchange(held_, {})) Answer(pull);
    AfterEvent();
  });
}

void PurgeService::OnPull(Pull pull) {
  const cache::PurgeNode::Pull& asked = pull.asked;
  if (!asked.log_id.empty() && asked.log_id != durable_.log_id) return pull.reply(false, {});
  std::optional<cache::Seq> after;
  if (!asked.log_id.empty()) after = asked.after;
  const purge::Ledger::Pulled pulled = ledger_->OnPull(pull.who, after, Boot(), Wall());
  if (leases_before_stored) ledger_->OnMembersStored(ledger_->members_version());
  switch (pulled) {
    case purge::Ledger::Pulled::kBeyond:
    case purge::Ledger::Pulled::kEnded: return pull.reply(false, {});
    case purge::Ledger::Pulled::kKnown: Hold(std::move(pull)); break;
    case purge::Ledger::Pulled::kJoined:
      StoreMembers(world().Between(100us, 20ms),
                   [this, pull = std::move(pull)]() mutable { Hold(std::move(pull)); });
      if (on_join) on_join();
  }
  AfterEvent();
}

void PurgeService::OnGoodbye(const std::string& node, const std::string& incarnation, bool given) {
  Trace("hears the goodbye of " + node + '/' + incarnation);
  ledger_->OnGoodbye(node, incarnation, given, Boot(), Wall());
  StoreMembers(world().Between(100us, 20ms), [] {});
  if (on_goodbye) on_goodbye();
  AfterEvent();
}

void PurgeService::StoreMembers(Micros takes, std::function<void()> then) {
  stored_members_ = ledger_->members_version();
  writes_.push_back(
      [this, version = stored_members_, members = ledger_->members(), then = std::move(then)] {
        durable_.members = members;
        ledger_->OnMembersStored(version);
        then();
        AfterEvent();
      });
  After(takes, [this] {
    const std::function<void()> write = std::move(writes_.front());
    writes_.pop_front();
    write();
  });
}

void PurgeService::Hold(Pull pull) {
  const bool nothing_new = !pull.asked.log_id.empty() && pull.asked.after == ledger_->head();
  const Micros wait = std::min(pull.asked.wait, options_.lease / 3);
  if (!nothing_new || wait == Micros(0)) return Answer(pull);
  const uint64_t id = ++last_held_;
  held_.emplace(id, std::move(pull));
  After(wait, [this, id] {
    auto held = held_.extract(id);
    if (!held.empty()) Answer(held.mapped());
  });
}

void PurgeService::Answer(const Pull& pull) {
  cache::PullAnswer answer;
  answer.log_id = durable_.log_id;
  answer.head = ledger_->head();
  const cache::Seq next = pull.asked.after + 1;
  const bool begins = pull.asked.log_id.empty();
  if (begins || (next < durable_.first_kept && next <= answer.head)) {
    for (const auto& [site, record] : durable_.releases) {
      answer.releases.push_back(record);
    }
  } else {
    for (cache::Seq seq = next; seq <= answer.head && answer.records.size() < kRecordsAnAnswer;
         ++seq) {
      answer.records.push_back(durable_.records[seq - 1]);
    }
  }
  // Old records are read by another thread; meanwhile the log goes on.
  if (world().Chance(0.7)) return SendAnswer(pull, std::move(answer));
  After(world().Between(100us, 40ms), [this, pull, answer = std::move(answer)]() mutable {
    SendAnswer(pull, std::move(answer));
  });
}

void PurgeService::SendAnswer(const Pull& pull, cache::PullAnswer answer) {
  answer.lease = ledger_->Grant(pull.who, answer.head, Boot(), Wall());
  Trace("answers " + pull.who.node + '/' + pull.who.incarnation + " with head " +
        std::to_string(answer.head) + ", " + std::to_string(answer.records.size()) +
        " records, lease " + std::to_string(answer.lease.count()));
  pull.reply(true, answer);
  AfterEvent();
}

// What the program does after each turn of its loop.
void PurgeService::AfterEvent() {
  bool some = false;
  for (const auto& [seq, receipt] : ledger_->TakeCompleted()) {
    durable_.complete.insert(seq);
    promise_.OnComplete(durable_.log_id, seq, world().now());
    std::string nodes;
    for (const auto& [node, its] : receipt.nodes) {
      nodes += ' ' + node + '=' + std::string(purge::Name(its.state));
    }
    Trace("completes " + std::to_string(seq) + nodes);
    some = true;
  }
  if (some && on_complete) on_complete();
  if (stored_members_ != ledger_->members_version()) StoreMembers(Micros(5'000), [] {});
  const std::optional<BootTime> next = ledger_->NextExpiry();
  if (!next || (alarm_ && *alarm_ <= *next)) return;
  alarm_ = next;
  After(std::max(*next - Boot(), Millis(0)), [this] {
    alarm_.reset();
    ledger_->OnTime(Boot(), Wall());
    AfterEvent();
  });
}

bool PurgeService::Knows(const Machine& node) const {
  return std::any_of(durable_.members.begin(), durable_.members.end(),
                     [&](const purge::Member& member) { return member.node == node.name(); });
}

void PurgeService::Trim() { durable_.first_kept = std::max<cache::Seq>(1, written() / 2); }

void PurgeService::Wipe() {
  durable_ = Durable();
  durable_.log_id = world().random().Hex(4);
}

}  // namespace skerry::simulation
