// One stream of an HTTP/2 connection: the request as it comes, the answer as it goes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/http/server/head_memo.h"
#include "core/http/server/pace.h"
#include "core/http/server/server_session.h"

namespace skerry::http {

class H2Session;

// Owner: the session while the stream is open, and whoever answers it. `session()`
// is null once it has closed; then nothing has an effect.
class H2Stream : public ServerStream {
 public:
  // `facts` live as long as the session.
  H2Stream(H2Session* session, int32_t id, const ConnectionFacts& facts,
           const SessionLimits& limits, SteadyTime now)
      : facts_(&facts),
        session_(session),
        id_(id),
        begun_(now),
        body_progress_(now),
        upload_(limits.request_rate, limits.body_timeout),
        intake_(limits.response_rate, limits.stalled_write_timeout) {}

  const RequestHead& request() const override;
  std::string_view path() const override { return path_; }
  const LocalPtr<SharedHead>& shared_head() const override { return common_; }
  bool end_of_body() const override { return body_ended_; }
  Protocol protocol() const override { return Protocol::kHttp2; }
  const net::Address& peer() const override { return facts_->peer; }
  const std::string& tls() const override { return facts_->tls; }
  SteadyTime begun() const override { return begun_; }
  std::optional<SteadyTime> ended() const override { return ended_; }
  void SendInterim(const ResponseHead& head) override;
  void Respond(Response response) override;
  void ConsumedBody(size_t count) override;
  void Reset() override;
  uint64_t bytes_sent() const override { return bytes_sent_; }

  // ---- For the session

  // Where the request stands. Fields beyond the limits are counted, not kept.
  enum class Asked : uint8_t {
    kHead,     // its fields are coming in
    kHanded,   // the program has it
    kRefused,  // the session answers by itself
  };

  int32_t id() const { return id_; }
  // All but :path goes into `block`.
  void AddField(std::string_view name, std::string_view value, const SessionLimits& limits,
                HeadBlock& block);
  // What the block says becomes the request.
  void ReadHead(const HeadBlock& block);
  std::string_view method() const { return common_ ? common_->head.method : head_.method; }
  bool too_many_fields(const SessionLimits& limits) const {
    return field_count_ > limits.header_count || field_bytes_ > limits.header_bytes;
  }

  // The next bytes of the body for a DATA frame of at most `max`; remembered until
  // Sent. A length that Content-Length contradicts is kFailed.
  BodySource::Piece NextPiece(size_t max);
  const BodySource::Piece& piece() const { return piece_; }
  void Sent(size_t count);
  // There is more of the answer, and nothing on our side keeps it.
  bool waits_for_client() const {
    return responded_ && !answer_sent_ && piece_.state != BodySource::State::kWait;
  }

  // Tells the program, once; the stream is dead afterwards. REQUIRES: the caller's own
  // reference, for the program may drop its last one in there.
  void Gone(bool complete, SteadyTime now);
  // Somebody has it for longer than the session.
  void Keep(std::shared_ptr<const ConnectionFacts> facts) { kept_facts_ = std::move(facts); }

  // What a browser sends.
  static constexpr size_t kUsualFields = 16;

  static constexpr size_t kNoPlace = SIZE_MAX;

  const ConnectionFacts* facts_;
  std::shared_ptr<const ConnectionFacts> kept_facts_;
  H2Session* session_;
  const int32_t id_;
  size_t place_ = 0;                 // among the session's streams
  size_t waiting_place_ = kNoPlace;  // among those that wait for the end of what was read

  // The request: its own head, or one that it has in common with others.
  std::string path_;
  LocalPtr<SharedHead> common_;
  mutable RequestHead head_;  // of `common_`: made when asked for
  Fields trailers_;
  Asked asked_ = Asked::kHead;
  size_t field_count_ = 0;
  size_t field_bytes_ = 0;
  SteadyTime begun_;
  std::optional<SteadyTime> ended_;
  std::shared_ptr<StreamEvents> events_;
  bool body_ended_ = false;
  uint64_t body_received_ = 0;
  size_t unconsumed_ = 0;     // bytes whose window is still closed
  SteadyTime body_progress_;  // last byte, or last byte taken by the program
  Pace upload_;

  // The answer.
  bool responded_ = false;
  bool fields_waiting_ = false;  // for the HEADERS frame of the answer to be made
  bool answer_sent_ = false;     // its END_STREAM is with the transport
  SteadyTime lingers_since_{};   // answered before the request's end: epoch if not
  bool wake_asked_ = false;      // the body calls us when it goes on
  bool reset_by_us_ = false;     // by the program or a failed body: no fault of the client
  Response response_;
  Decimal status_;
  Decimal length_text_;
  std::optional<uint64_t> length_;  // what the answer says its body has
  uint64_t body_sent_ = 0;
  uint64_t bytes_sent_ = 0;
  BodySource::Piece piece_{BodySource::State::kData, {}, false};
  Intake intake_;
  bool any_rate_ = false;  // an event stream
};

// A session's own reference to a stream of its.
class H2StreamOwner {
 public:
  explicit H2StreamOwner(std::shared_ptr<H2Stream> stream) : stream_(std::move(stream)) {}

  H2Stream* get() const { return static_cast<H2Stream*>(stream_.get()); }
  H2Stream& operator*() const { return *get(); }
  H2Stream* operator->() const { return get(); }
  // As programs know it.
  const std::shared_ptr<ServerStream>& stream() const { return stream_; }
  bool alone() const { return stream_.use_count() == 1; }

 private:
  std::shared_ptr<ServerStream> stream_;
};

}  // namespace skerry::http
