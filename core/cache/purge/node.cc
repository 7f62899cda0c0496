#include "core/cache/purge/node.h"

#include <algorithm>
#include <utility>

#include "core/cache/purge/record_json.h"

namespace skerry::cache {
namespace {

constexpr Millis kFirstRetry{50};
constexpr Millis kLongestRetry{1000};
// Longer leases are refused: a fence that takes an hour to fall protects nobody.
constexpr Millis kLongestLease{3600 * 1000};

}  // namespace

std::string ToJson(const PullAnswer& answer) {
  nlohmann::json value = {{"log", answer.log_id},
                          {"head", answer.head},
                          {"lease_ms", answer.lease.count()},
                          {"records", nlohmann::json::array()}};
  for (const Record& record : answer.records) value["records"].push_back(RecordToValue(record));
  for (const Record& record : answer.releases) value["releases"].push_back(RecordToValue(record));
  for (const Record& record : answer.counts) value["counts"].push_back(RecordToValue(record));
  return DumpJson(value);
}

Result<PullAnswer> PullAnswerFromJson(std::string_view text) {
  const Result<ParsedJson> value = ParsedJson::Of(text, "answer");
  if (!value) return Fail(value.error());
  PullAnswer answer;
  uint64_t lease_ms = 0;
  JsonMembers members(value->root(), "answer");
  members.Read("log", answer.log_id, true);
  members.Read("head", answer.head, true);
  members.Read("lease_ms", lease_ms, true);
  members.Read("records", answer.records);
  members.Read("releases", answer.releases);
  members.Read("counts", answer.counts);
  if (Status status = members.Finish(); !status) return Fail(std::move(status.error()));
  if (lease_ms > static_cast<uint64_t>(kLongestLease.count())) {
    return Fail(UnexpectedJson("answer: lease_ms", "at most an hour"));
  }
  answer.lease = Millis(static_cast<int64_t>(lease_ms));
  return answer;
}

std::string_view Name(Fence fence) {
  switch (fence) {
    case Fence::kNone: return "none";
    case Fence::kPartition: return "partition";
    case Fence::kStart: return "start";
    case Fence::kFull: return "full";
  }
  return "?";
}

bool Holds(Fence fence, bool serves_on_partition, bool content_hashed) {
  switch (fence) {
    case Fence::kNone: return false;
    case Fence::kPartition: return !serves_on_partition && !content_hashed;
    case Fence::kStart: return !content_hashed;
    case Fence::kFull: return true;
  }
  return true;
}

PurgeNode::PurgeNode(Durable durable)
    : begins_full_(durable.may_lack),
      log_id_(std::move(durable.log_id)),
      applied_(log_id_.empty() ? 0 : durable.applied) {}

Fence PurgeNode::fence(BootTime now) const {
  if (log_id_.empty()) return Fence::kFull;
  if (!lease_until_) return begins_with();
  if (now < *lease_until_) return Fence::kNone;
  return ends_full_ ? Fence::kFull : Fence::kPartition;
}

PurgeNode::Pull PurgeNode::NextPull(BootTime now) const {
  return {log_id_, applied_, fenced(now) ? Millis(0) : lease_ / 3};
}

void PurgeNode::OnSent(BootTime now) { sent_at_ = now; }

Status PurgeNode::CheckRecords(const PullAnswer& answer) const {
  Seq next = applied_ + 1;
  for (const Record& record : answer.records) {
    if (record.seq != next++) return Fail(UnexpectedJson("answer: records", "no gap"));
  }
  if (next > answer.head + 1) return Fail(UnexpectedJson("answer: head", "the newest record"));
  return {};
}

Result<PurgeNode::Work> PurgeNode::OnAnswer(PullAnswer answer) {
  if (!sent_at_) return Fail(Code::kInvalid, Side::kUpstream, "an answer nobody asked for");
  if (answer.log_id.empty()) return Fail(UnexpectedJson("answer: log", "an id"));
  Work work;
  work.log_id = answer.log_id;
  work.releases = std::move(answer.releases);
  const bool same_log = answer.log_id == log_id_;
  // A log that has become shorter has lost what this node acknowledged.
  work.reset =
      !same_log || answer.head < applied_ || (answer.head > applied_ && answer.records.empty());
  if (work.reset) {
    work.reset_head = work.position = answer.head;
    lease_until_.reset();
  } else {
    if (Status status = CheckRecords(answer); !status) return Fail(std::move(status.error()));
    work.records = std::move(answer.records);
    work.position = applied_ + work.records.size();
  }
  head_ = answer.head;
  lease_ = answer.lease;
  granted_head_ = answer.head;
  granted_until_.reset();
  if (answer.lease > Millis(0)) granted_until_ = *sent_at_ + answer.lease;
  answered_log_ = std::move(answer.log_id);
  sent_at_.reset();
  return work;
}

void PurgeNode::OnApplied(Seq applied) {
  log_id_ = answered_log_;
  applied_ = applied;
  failures_ = 0;
  if (!granted_until_ || applied_ < granted_head_) return;
  lease_until_ = std::max(lease_until_.value_or(*granted_until_), *granted_until_);
  granted_until_.reset();
  ready_ = true;
}

Millis PurgeNode::OnFailed() {
  sent_at_.reset();
  granted_until_.reset();
  const Millis wait = kFirstRetry * (1 << std::min(failures_, 5u));
  ++failures_;
  return std::min(wait, kLongestRetry);
}

void PurgeNode::OnWrongLog() {
  sent_at_.reset();
  granted_until_.reset();
  lease_until_.reset();
  log_id_.clear();
  applied_ = 0;
}

}  // namespace skerry::cache
