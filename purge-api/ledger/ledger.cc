#include "purge-api/ledger/ledger.h"

#include <algorithm>
#include <utility>

namespace skerry::purge {
namespace {

// A pull is not on the way for longer than it takes this many processes to end.
constexpr size_t kGoodbyesKept = 1000;

}  // namespace

std::string_view Name(NodeState state) {
  switch (state) {
    case NodeState::kApplied: return "applied";
    case NodeState::kFenced: return "fenced";
    case NodeState::kUnreachable: return "unreachable";
    case NodeState::kPending: return "pending";
  }
  return "?";
}

Ledger::Ledger(Options options, std::vector<Member> members, Seq head, BootTime now)
    : options_(options), head_(head) {
  for (Member& member : members) {
    Incarnation who;
    who.member = std::move(member);
    who.leased = !who.member.ended;
    who.lease_until = LeaseEnd(now);
    who.seen_boot = now;
    incarnations_.push_back(std::move(who));
  }
}

// A millisecond more, because both clocks are cut to whole ones.
BootTime Ledger::LeaseEnd(BootTime now) const {
  return now + options_.lease + options_.lease * options_.drift_percent / 100 + Millis(1);
}

Ledger::Incarnation* Ledger::Find(std::string_view node, std::string_view incarnation) {
  for (Incarnation& one : incarnations_) {
    if (one.member.node == node && one.member.incarnation == incarnation) return &one;
  }
  return nullptr;
}

bool Ledger::HasEnded(const Member& who) const {
  return std::any_of(ended_.begin(), ended_.end(), [&](const auto& one) {
    return one.first == who.node && one.second == who.incarnation;
  });
}

NodeState Ledger::StateOf(const Incarnation& who, Seq seq, Needs needs) const {
  if (who.acked >= seq) return NodeState::kApplied;
  // What the next process of the node does until it has a lease counts for one that has
  // ended: it validates what a rule lets others serve on partition.
  const bool serves_all_the_same = (who.member.serves_on_partition && !who.member.ended) ||
                                   (needs == Needs::kActivation && who.member.serves_releases);
  if (serves_all_the_same) {
    return who.leased ? NodeState::kPending : NodeState::kUnreachable;
  }
  const bool fenced = !who.leased || who.resumes_at >= seq;
  if (!fenced) return NodeState::kPending;
  // Fenced, but not from what is content-hashed.
  return needs == Needs::kNotice && who.leased ? NodeState::kPending : NodeState::kFenced;
}

bool Ledger::Settled(NodeState state, Needs needs) const {
  return state == NodeState::kApplied || (state == NodeState::kFenced && needs != Needs::kNotice);
}

// Brings the receipts of an open record up to date. True: it is complete.
bool Ledger::RefreshOne(Seq seq, OpenRecord& record, WallTime wall) {
  NodeReceipts now;
  for (const Incarnation& who : incarnations_) {
    const NodeReceipt its{StateOf(who, seq, record.needs), who.acked, wall};
    const auto [at, first] = now.try_emplace(who.member.node, its);
    if (first) continue;
    at->second.state = std::max(at->second.state, its.state);
    at->second.seq = std::min(at->second.seq, its.seq);
  }
  bool complete = true;
  for (auto& [node, receipt] : now) {
    const auto before = record.nodes.find(node);
    if (before != record.nodes.end() && before->second.state == receipt.state) {
      receipt.at = before->second.at;
    }
    complete = complete && Settled(receipt.state, record.needs);
  }
  record.nodes = std::move(now);
  return complete;
}

void Ledger::Refresh(Seq from, Seq to, WallTime wall) {
  for (auto it = open_.lower_bound(from); it != open_.end() && it->first <= to;) {
    if (!RefreshOne(it->first, it->second, wall)) {
      ++it;
      continue;
    }
    completed_.emplace_back(it->first, Receipt{true, std::move(it->second.nodes)});
    it = open_.erase(it);
  }
}

void Ledger::OnAppended(Seq seq, Needs needs, BootTime now, WallTime wall) {
  SKERRY_CHECK(seq == head_ + 1);
  OnTime(now, wall);
  head_ = seq;
  open_[seq].needs = needs;
  Refresh(seq, seq, wall);
}

void Ledger::Reopen(Seq seq, Needs needs, BootTime now, WallTime wall) {
  SKERRY_CHECK(seq <= head_);
  OnTime(now, wall);
  open_[seq].needs = needs;
  Refresh(seq, seq, wall);
}

Ledger::Pulled Ledger::OnPull(const Member& who, std::optional<Seq> after, BootTime now,
                              WallTime wall) {
  OnTime(now, wall);
  if (after && *after > head_) return Pulled::kBeyond;
  Incarnation* known = Find(who.node, who.incarnation);
  if (HasEnded(who) || (known != nullptr && known->member.ended)) return Pulled::kEnded;
  const bool changes = known == nullptr || known->member != who;
  if (known == nullptr) {
    Incarnation joins;
    joins.member = who;
    // Nothing it has applied is known, and it begins fenced.
    joins.resumes_at = head_;
    incarnations_.push_back(std::move(joins));
    known = &incarnations_.back();
  }
  if (changes) {
    known->member = who;
    known->version = ++members_version_;
  }
  known->seen = wall;
  known->seen_boot = now;
  const Seq acked = known->acked;
  if (after) known->acked = std::max(acked, *after);
  Refresh(changes ? 0 : acked + 1, changes ? head_ : known->acked, wall);
  return known->version > stored_version_ ? Pulled::kJoined : Pulled::kKnown;
}

void Ledger::OnMembersStored(uint64_t version) {
  stored_version_ = std::max(stored_version_, version);
}

Millis Ledger::Grant(const Member& who, Seq head, BootTime now, WallTime wall) {
  OnTime(now, wall);
  Incarnation* known = Find(who.node, who.incarnation);
  if (known == nullptr || known->member.ended || known->version > stored_version_) {
    return Millis(0);
  }
  // Records up to here may be complete because this node is fenced: its lease must
  // not begin before it has applied them all. The second case is an answer that was
  // overtaken by a newer one, which may have been lost.
  if (!known->leased && head < head_) return Millis(0);
  if (known->acked < known->resumes_at && head < known->resumes_at) return Millis(0);
  known->lease_until = LeaseEnd(now);
  if (!known->leased) {
    known->leased = true;
    known->resumes_at = head;
    DropEnded(now);
    Refresh(0, head_, wall);
  }
  return options_.lease;
}

void Ledger::OnGoodbye(std::string_view node, std::string_view incarnation, bool given,
                       BootTime now, WallTime wall) {
  OnTime(now, wall);
  ended_.emplace_back(node, incarnation);
  if (ended_.size() > kGoodbyesKept) ended_.pop_front();
  Incarnation* known = Find(node, incarnation);
  if (known == nullptr || known->member.ended) return;
  known->member.ended = true;
  known->member.given = known->member.given || given;
  known->leased = false;
  ++members_version_;
  DropEnded(now);
  Refresh(0, head_, wall);
}

// A process that has expired has ended if a later one of its node holds a lease, with the
// store that both had. One that has given its store away needs no such witness.
bool Ledger::DropEnded(BootTime now) {
  const auto gone = [&](const Incarnation& who) {
    if (who.leased) return false;
    if (who.member.given) return true;
    if ((!who.member.serves_on_partition || who.member.ended) && open_.empty() &&
        now - who.seen_boot > options_.forget_after) {
      return true;
    }
    const Incarnation* const end = incarnations_.data() + incarnations_.size();
    return std::any_of(&who + 1, end, [&](const Incarnation& later) {
      return later.leased && !later.member.given && later.member.node == who.member.node;
    });
  };
  // Decided before anything moves: `gone` looks at what stands behind.
  std::vector<bool> drop;
  for (const Incarnation& who : incarnations_) drop.push_back(gone(who));
  size_t index = 0;
  const size_t dropped =
      std::erase_if(incarnations_, [&](const Incarnation&) { return drop[index++]; });
  if (dropped > 0) ++members_version_;
  return dropped > 0;
}

void Ledger::OnTime(BootTime now, WallTime wall) {
  bool changed = false;
  for (Incarnation& who : incarnations_) {
    if (!who.leased || now < who.lease_until) continue;
    who.leased = false;
    changed = true;
  }
  changed = DropEnded(now) || changed;
  if (changed) Refresh(0, head_, wall);
}

std::optional<BootTime> Ledger::NextExpiry() const {
  std::optional<BootTime> next;
  for (const Incarnation& who : incarnations_) {
    if (who.leased && (!next || who.lease_until < *next)) next = who.lease_until;
  }
  return next;
}

bool Ledger::Remove(std::string_view node, BootTime now, WallTime wall) {
  OnTime(now, wall);
  const size_t removed =
      std::erase_if(incarnations_, [&](const Incarnation& who) { return who.member.node == node; });
  if (removed == 0) return false;
  ++members_version_;
  Refresh(0, head_, wall);
  return true;
}

std::optional<Receipt> Ledger::Open(Seq seq) const {
  const auto found = open_.find(seq);
  if (found == open_.end()) return std::nullopt;
  return Receipt{false, found->second.nodes};
}

std::vector<std::pair<Seq, Receipt>> Ledger::TakeCompleted() {
  return std::exchange(completed_, {});
}

std::vector<Member> Ledger::members() const {
  std::vector<Member> members;
  for (const Incarnation& who : incarnations_) members.push_back(who.member);
  return members;
}

std::vector<Ledger::NodeView> Ledger::Nodes(BootTime now) const {
  std::vector<NodeView> views;
  for (const Incarnation& who : incarnations_) {
    const bool leased = who.leased && now < who.lease_until;
    const Millis left = leased ? who.lease_until - now : Millis(0);
    views.push_back({who.member, leased, who.acked, left, who.seen});
  }
  return views;
}

}  // namespace skerry::purge
