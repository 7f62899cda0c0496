// The server side of one HTTP/1.1 (or 1.0) connection.
//
// One request is answered at a time. What a client sends ahead (pipelining) waits
// in a buffer of bounded size, after which the transport is not read further.
//
//   read head ──▶ program has it ──▶ answer goes out ──▶ read head …
//                                                   └──▶ close
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "core/http/server/h1_request_parser.h"
#include "core/http/server/pace.h"
#include "core/http/server/server_session.h"

namespace skerry::http {

class H1Session;

// The request being answered. Owner: the session while it lasts, and whoever answers.
class H1Stream : public ServerStream {
 public:
  H1Stream(H1Session* session, std::shared_ptr<const ConnectionFacts> facts, RequestHead head,
           bool has_body, SteadyTime now)
      : session_(session),
        facts_(std::move(facts)),
        head_(std::move(head)),
        body_ended_(!has_body),
        begun_(now) {}

  const RequestHead& request() const override { return head_; }
  bool end_of_body() const override { return body_ended_; }
  Protocol protocol() const override { return Protocol::kHttp1; }
  const net::Address& peer() const override { return facts_->peer; }
  const std::string& tls() const override { return facts_->tls; }
  SteadyTime begun() const override { return begun_; }
  void SendInterim(const ResponseHead& head) override;
  void Respond(Response response) override;
  void ConsumedBody(size_t count) override;
  void Reset() override;
  uint64_t bytes_sent() const override { return bytes_sent_; }

 private:
  friend class H1Session;
  H1Session* session_;  // null once the stream is gone
  const std::shared_ptr<const ConnectionFacts> facts_;
  const RequestHead head_;
  bool body_ended_;
  const SteadyTime begun_;
  uint64_t bytes_sent_ = 0;
};

class H1Session : public ServerSession, private H1RequestParser::Events {
 public:
  explicit H1Session(SessionContext context);

  void OnBytes(std::string_view bytes) override;
  void OnWritable() override;
  void OnEnd() override;
  void OnLost() override;
  void Drain() override;

  // ---- For the stream
  void SendInterim(const ResponseHead& head);
  void Respond(Response response);
  void ConsumedBody(size_t count);
  void Reset();

 private:
  // How the end of an answer's body is told.
  enum class Framing : uint8_t {
    kNoBody,
    kLength,
    kChunked,
    kClose,
    kTunnel,      // 101: whatever comes, until one side ends
    kImpossible,  // the fields promise what the answer does not have
  };

  // ---- Receiving
  void OnHead(H1RequestHead head) override;
  void OnBody(std::string_view bytes) override;
  void OnEnd(Fields trailers) override;
  void Parse();
  void PassThrough();
  bool Accept(H1RequestHead from);
  void Refuse(const Problem& problem);
  void ReadMoreOrLess();

  // ---- Sending
  void Begin();
  Framing ChooseFraming(std::optional<std::string_view> declared);
  void WriteHead(int status, const std::array<const Fields*, 2>& lists, std::string_view framing);
  void Pump();
  void SchedulePump();
  bool SendPiece();
  void WritePiece(std::string_view bytes);
  void CountSent(size_t count);
  void EndBody();
  void Answered();

  // ---- Time and end
  void Tick();
  bool AnswerStalls(SteadyTime now);
  bool BodyStalls(SteadyTime now, Micros since_tick);
  void Fail();
  void CloseNow(bool abort);
  void Gone(bool complete);
  SteadyTime Now() const { return context_.loop.clock().Steady(); }
  const SessionLimits& limits() const { return context_.options.limits; }

  SessionContext context_;
  H1RequestParser parser_;
  std::string waiting_;  // received, not yet parsed
  net::Timer tick_;

  // The request at hand; `stream_` is null between requests and for those that
  // the session answers itself.
  std::shared_ptr<H1Stream> stream_;
  std::shared_ptr<StreamEvents> events_;
  bool busy_ = false;  // an answer is owed
  bool head_only_ = false;
  bool http10_ = false;
  bool keep_alive_ = true;
  bool input_ended_ = false;
  uint64_t body_received_ = 0;
  size_t unconsumed_ = 0;

  // The answer.
  std::optional<Response> response_;
  Framing framing_ = Framing::kNoBody;
  uint64_t left_ = 0;   // of a body with a length
  bool begun_ = false;  // its head is with the transport
  size_t sent_in_pump_ = 0;

  bool in_event_ = false;  // Pump comes at its end
  bool pump_posted_ = false;
  bool draining_ = false;
  bool reading_paused_ = false;
  bool first_ = true;     // no request was complete yet
  bool refused_ = false;  // the session gave the last answer; what comes is dropped
  bool closed_ = false;
  SteadyTime progress_;  // last byte of a head or body; last answer
  SteadyTime last_tick_;
  Pace upload_;            // of the request's body
  Intake intake_;          // of answers
  bool any_rate_ = false;  // the last one is an event stream
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace skerry::http
