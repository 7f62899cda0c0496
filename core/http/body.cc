#include "core/http/body.h"

#include <utility>

namespace skerry::http {

void BodyPipe::Feed::Push(std::string_view bytes) {
  if (bytes.empty() || ended_ || failed_) return;
  chunks_.push_back(Chunk::Copy(bytes));
  buffered_ += bytes.size();
  Wake();
}

void BodyPipe::Feed::End(Fields trailers) {
  if (ended_ || failed_) return;
  ended_ = true;
  trailers_ = std::move(trailers);
  Wake();
}

void BodyPipe::Feed::Fail() {
  if (ended_ || failed_) return;
  failed_ = true;
  Wake();
}

void BodyPipe::Feed::Wake() {
  if (!std::exchange(waiting_, false) || !wake_) return;
  // The function may replace itself or end the pipe, and so this object's owner.
  const std::function<void()> wake = wake_;
  wake();
}

BodySource::Piece BodyPipe::Peek(size_t max) {
  Feed& feed = *feed_;
  if (feed.failed_) return {State::kFailed, {}, false};
  if (!feed.chunks_.empty()) {
    const std::string_view front = feed.chunks_.front().view().substr(feed.front_sent_);
    const bool all = feed.chunks_.size() == 1 && front.size() <= max;
    return {State::kData, front.substr(0, max), all && feed.ended_ && feed.trailers_.empty()};
  }
  if (feed.ended_) return {State::kEnd, {}, feed.trailers_.empty()};
  feed.waiting_ = true;
  return {State::kWait, {}, false};
}

void BodyPipe::Consume(size_t count) {
  // Listening producers may drop the pipe from inside on_consumed.
  const std::shared_ptr<Feed> feed = feed_;
  const size_t consumed = count;
  while (count > 0) {
    SKERRY_CHECK(!feed->chunks_.empty());
    const size_t left = feed->chunks_.front().size() - feed->front_sent_;
    if (count < left) {
      feed->front_sent_ += count;
      break;
    }
    count -= left;
    feed->front_sent_ = 0;
    feed->chunks_.pop_front();
  }
  feed->buffered_ -= consumed;
  if (consumed > 0 && feed->on_consumed) feed->on_consumed(consumed);
}

void BodyPipe::WakeWith(std::function<void()> wake) { feed_->wake_ = std::move(wake); }

const Fields* BodyPipe::trailers() const {
  const bool final = feed_->ended_ && feed_->chunks_.empty();
  return final && !feed_->trailers_.empty() ? &feed_->trailers_ : nullptr;
}

BodyPipe::~BodyPipe() { feed_->wake_ = nullptr; }

}  // namespace skerry::http
