// Bodies are pulled: the session asks when flow control lets it send, so a slow
// reader holds back the source and nothing piles up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace skerry::http {

// What is left of a body. Thread and owner: the loop of the session that sends.
class BodySource {
 public:
  enum class State : uint8_t {
    kData,    // `bytes` can be sent
    kWait,    // nothing yet; the wake function will be called
    kEnd,     // all was consumed; trailers() are final
    kFailed,  // the rest will never come: the stream must be reset, never ended
  };
  struct Piece {
    State state = State::kWait;
    std::string_view bytes;  // valid until Consume, or the source's end
    bool last = false;       // the body ends with these bytes (no trailers)
  };

  virtual ~BodySource() = default;

  // The next bytes, at most `max`. Asking twice gives the same bytes.
  virtual Piece Peek(size_t max) = 0;
  // REQUIRES: at most what the last Peek returned.
  virtual void Consume(size_t count) = 0;
  // `wake` is called on the session's loop, outside of Peek, after a Peek that
  // answered kWait. It may be called once too often.
  virtual void WakeWith(std::function<void()> wake) = 0;
  // Bytes of the whole body, if known before it is sent.
  virtual std::optional<uint64_t> length() const = 0;
  // Known once Peek has said kEnd.
  virtual const Fields* trailers() const { return nullptr; }
};

// A body that is in memory. Thread: its loop's.
class MemoryBody : public BodySource {
 public:
  explicit MemoryBody(std::string bytes) : bytes_(std::move(bytes)) {}

  Piece Peek(size_t max) override {
    const std::string_view rest = std::string_view(bytes_).substr(sent_);
    if (rest.empty()) return {State::kEnd, {}, true};
    return {State::kData, rest.substr(0, max), rest.size() <= max};
  }
  void Consume(size_t count) override { sent_ += count; }
  void WakeWith(std::function<void()>) override {}
  std::optional<uint64_t> length() const override { return bytes_.size(); }

 private:
  std::string bytes_;
  size_t sent_ = 0;
};

// A body that arrives in pieces on the same loop: what a request's body is on its
// way to an origin. The producer watches buffered() and slows down; `on_consumed`
// tells it that bytes have left. Thread and owner: one loop; the producer holds a
// std::weak_ptr to `feed()`.
class BodyPipe : public BodySource {
 public:
  class Feed {
   public:
    // After End or Fail the rest is ignored. Fail drops what is still buffered.
    void Push(std::string_view bytes);
    void End(Fields trailers = {});
    void Fail();
    // Bytes pushed and not consumed yet.
    size_t buffered() const { return buffered_; }
    std::function<void(size_t)> on_consumed;

   private:
    friend class BodyPipe;
    void Wake();

    std::deque<Chunk> chunks_;
    size_t buffered_ = 0;
    size_t front_sent_ = 0;
    bool ended_ = false;
    bool failed_ = false;
    bool waiting_ = false;  // the last Peek answered kWait
    Fields trailers_;
    std::function<void()> wake_;
  };

  explicit BodyPipe(std::optional<uint64_t> length) : length_(length) {}
  ~BodyPipe() override;
  const std::shared_ptr<Feed>& feed() const { return feed_; }

  Piece Peek(size_t max) override;
  void Consume(size_t count) override;
  void WakeWith(std::function<void()> wake) override;
  std::optional<uint64_t> length() const override { return length_; }
  const Fields* trailers() const override;

 private:
  std::optional<uint64_t> length_;
  std::shared_ptr<Feed> feed_ = std::make_shared<Feed>();
};

}  // namespace skerry::http
