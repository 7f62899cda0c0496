#include "origin-shield/respond/blob_body.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/log.h"

namespace skerry::shield {
namespace {

class BlobBody : public http::BodySource {
 public:
  BlobBody(Pieces& pieces, net::Loop& loop, const BodyPart& part, Chunk first)
      : ahead_(std::make_shared<Ahead>(Ahead{pieces, loop, part, {}, {}, {}})),
        index_(part.from / kPieceBytes),
        at_(static_cast<size_t>(part.from % kPieceBytes)),
        left_(part.count),
        length_(part.count),
        piece_(std::move(first)) {}

  Piece Peek(size_t max) override {
    if (left_ == 0) return {State::kEnd, {}, true};
    if (at_ == piece_.size() && !TakeNext()) {
      return {ahead_->error ? State::kFailed : State::kWait, {}, false};
    }
    const std::string_view rest = piece_.view().substr(at_);
    const size_t count = static_cast<size_t>(std::min<uint64_t>({rest.size(), max, left_}));
    AskAhead();
    return {State::kData, rest.substr(0, count), count == left_};
  }

  void Consume(size_t count) override {
    at_ += count;
    left_ -= count;
  }

  void WakeWith(std::function<void()> wake) override { ahead_->wake = std::move(wake); }
  std::optional<uint64_t> length() const override { return length_; }

 private:
  // What the load that is under way fills in; it may end after the stream is gone.
  struct Ahead {
    Pieces& pieces;
    net::Loop& loop;
    const BodyPart part;
    std::optional<Chunk> next;
    std::optional<Error> error;
    std::function<void()> wake;
    bool loading = false;
  };

  bool TakeNext() {
    if (!ahead_->next) {
      AskAhead();
      return false;
    }
    piece_ = std::move(*ahead_->next);
    ahead_->next.reset();
    ++index_;
    at_ = 0;
    return true;
  }

  void AskAhead() {
    const uint64_t in_hand = piece_.size() - at_;
    if (ahead_->loading || ahead_->next || ahead_->error || left_ <= in_hand) return;
    ahead_->loading = true;
    ahead_->pieces.Load(ahead_->part.sha256, ahead_->part.size, index_ + 1, ahead_->loop,
                        [weak = std::weak_ptr<Ahead>(ahead_)](Result<Chunk> loaded) {
                          const auto ahead = weak.lock();
                          if (ahead == nullptr) return;
                          ahead->loading = false;
                          if (loaded) {
                            ahead->next = std::move(*loaded);
                          } else {
                            ahead->error = std::move(loaded.error());
                          }
                          if (ahead->wake) ahead->wake();
                        });
  }

  std::shared_ptr<Ahead> ahead_;
  uint64_t index_;  // of piece_ in the blob
  size_t at_;       // in piece_
  uint64_t left_;   // of the part
  const uint64_t length_;
  Chunk piece_;
};

}  // namespace

std::unique_ptr<http::BodySource> MakeBlobBody(Pieces& pieces, net::Loop& loop,
                                               const BodyPart& part, Chunk first) {
  return std::make_unique<BlobBody>(pieces, loop, part, std::move(first));
}

}  // namespace skerry::shield
