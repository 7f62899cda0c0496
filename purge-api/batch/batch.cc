#include "purge-api/batch/batch.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace skerry::purge {

Batch::Batch(net::Loop& loop, Pool& writer, Log& log, Options options)
    : loop_(loop), writer_(writer), log_(log), options_(options) {}

Batch::~Batch() = default;

bool Batch::Add(Draft draft, ByteCount bytes, Done done) {
  if (waiting_.size() >= options_.most_waiting) return false;
  if (!waiting_.empty() && bytes_ + bytes > options_.most_bytes) return false;
  bytes_ += bytes;
  waiting_.push_back({std::move(draft), bytes, std::move(done)});
  if (!writing_) Write();
  return true;
}

void Batch::Write() {
  writing_ = true;
  const size_t count = std::min(waiting_.size(), options_.most_together);
  auto sent = std::make_shared<std::vector<Waiting>>(
      std::make_move_iterator(waiting_.begin()),
      std::make_move_iterator(waiting_.begin() + static_cast<ptrdiff_t>(count)));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(count));
  for (const Waiting& one : *sent) bytes_ -= one.bytes;
  writer_.Run([this, weak = std::weak_ptr<bool>(alive_), sent, &log = log_, &loop = loop_] {
    std::vector<Draft> drafts;
    for (Waiting& one : *sent) drafts.push_back(std::move(one.draft));
    auto result = std::make_shared<Result<std::vector<Written>>>(log.Append(drafts));
    loop.Post([this, weak, sent, result] {
      if (!weak.expired()) OnWritten(*sent, *result);
    });
  });
}

void Batch::OnWritten(std::vector<Waiting>& sent, const Result<std::vector<Written>>& result) {
  for (size_t i = 0; i < sent.size(); ++i) {
    if (result) {
      sent[i].done((*result)[i]);
    } else {
      sent[i].done(Fail(result.error()));
    }
  }
  if (on_written_) on_written_();
  writing_ = false;
  if (!waiting_.empty()) Write();
}

}  // namespace skerry::purge
