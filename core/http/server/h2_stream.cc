#include "core/http/server/h2_stream.h"

#include <algorithm>
#include <utility>

#include "core/http/server/h2_session.h"

namespace skerry::http {

const RequestHead& H2Stream::request() const {
  if (common_ != nullptr && head_.method.empty()) {
    head_ = common_->head;
    head_.path = path_;
  }
  return head_;
}

void H2Stream::AddField(std::string_view name, std::string_view value, const SessionLimits& limits,
                        HeadBlock& block) {
  if (asked_ != Asked::kHead) {
    if (!name.starts_with(':') && trailers_.size() < limits.header_count &&
        trailers_.ByteSize() < limits.header_bytes) {
      trailers_.Add(name, value);
    }
    return;
  }
  ++field_count_;
  field_bytes_ += name.size() + value.size() + 32;
  if (name == ":path") {
    // Longer than any limit is kept as what it is: too long.
    field_bytes_ -= value.size();
    path_ = value.substr(0, limits.path_bytes + 1);
    return;
  }
  if (!too_many_fields(limits)) block.Add(name, value);
}

void H2Stream::ReadHead(const HeadBlock& block) {
  head_.fields.Reserve(kUsualFields);
  block.AddTo(head_);
  head_.path = path_;
}

void H2Stream::SendInterim(const ResponseHead& head) {
  if (session_ == nullptr || responded_) return;
  if (head.status < 100 || head.status > 199 || head.status == 101) return;
  session_->SubmitInterim(*this, head);
}

void H2Stream::Respond(Response response) {
  if (session_ == nullptr || responded_) return;
  responded_ = true;
  response_ = std::move(response);
  any_rate_ = response_.prepared != nullptr ? response_.prepared->event_stream()
                                            : IsEventStream(response_.lists());
  session_->SubmitResponse(*this);
}

void H2Stream::ConsumedBody(size_t count) {
  if (session_ == nullptr) return;
  count = std::min(count, unconsumed_);
  unconsumed_ -= count;
  session_->Consume(*this, count);
}

void H2Stream::Reset() {
  if (session_ == nullptr) return;
  reset_by_us_ = true;
  session_->ResetStream(*this);
}

BodySource::Piece H2Stream::NextPiece(size_t max) {
  piece_ = response_.body->Peek(max);
  if (!length_ || piece_.state == BodySource::State::kWait) return piece_;
  const uint64_t total = body_sent_ + piece_.bytes.size();
  const bool ends = piece_.last || piece_.state == BodySource::State::kEnd;
  if (total > *length_ || (ends && total < *length_)) {
    piece_ = {BodySource::State::kFailed, {}, false};
  } else if (piece_.state == BodySource::State::kData && total == *length_ &&
             response_.body->trailers() == nullptr) {
    piece_.last = true;
  }
  return piece_;
}

void H2Stream::Sent(size_t count) {
  body_sent_ += count;
  bytes_sent_ += count;
  if (count > 0) response_.body->Consume(count);
}

void H2Stream::Gone(bool complete, SteadyTime now) {
  session_ = nullptr;
  ended_ = now;
  const auto events = std::exchange(events_, nullptr);
  if (events != nullptr) events->OnGone(complete);
  response_ = {};
}

}  // namespace skerry::http
