// One fetch, from Start to its last event: what moves from the queue to a connection
// and, at most once, to another.
//
//   kWaiting ──Assigned──▶ kSending ──Sent──▶ kAwaiting ──Head──▶ kReceiving ──▶ kDone
//      ▲                      └────── Head (answered before it was sent) ──▲
//      └── retry ─────────────┴──────────┘          Fail, Cancel: kDone from anywhere
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "core/http/upstream/client_session.h"
#include "core/http/upstream/upstream.h"

namespace skerry::http {

// Thread: the loop's. Owners: the caller's Fetch, the queue, a session.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  using Retry = std::function<void(std::shared_ptr<Exchange>)>;

  // Removes what is not the caller's to say: connection-specific fields, Host,
  // Content-Length (the body tells) and Expect.
  Exchange(net::Loop& loop, const FetchTimeouts& timeouts, RequestHead request,
           std::unique_ptr<BodySource> body, FetchEvents* events, Retry retry);

  // Whether the request can be written without being taken for something else.
  Status Check() const;

  const RequestHead& request() const { return request_; }
  BodySource* body() const { return body_.get(); }
  bool paused() const { return paused_; }
  bool done() const { return phase_ == Phase::kDone; }
  bool needs_fresh() const { return retried_; }

  // ---- From the queue: no connection was free when it came.
  void Queued();

  // ---- From the caller.
  void Cancel();
  void SetPaused(bool paused);

  // ---- From the session. Events go out unless the exchange was cancelled.
  // `kept`: the connection had been used before.
  void Assigned(std::weak_ptr<ClientSession> session, bool kept);
  void BodyBegun() { body_begun_ = true; }
  // The body has nothing to send just now; the peer is not to blame.
  void SetSourceWaiting(bool waiting);
  void Progress();  // a byte of a body went or came
  void Sent();      // the request is complete
  void Answered();  // a byte of an answer has come: no retry any more
  void Interim(ResponseHead head);
  void Head(ResponseHead head);
  void Body(std::string_view bytes);
  void End(Fields trailers);
  // The connection or stream ended early: tried again or failed. `unprocessed`: the
  // peer says that it has done nothing.
  void Lost(Error error, bool unprocessed);
  // OnFailed, by a task.
  void Fail(Error error);

  // What the session finds its own state by.
  int64_t mark = 0;

 private:
  enum class Phase : uint8_t { kWaiting, kSending, kAwaiting, kReceiving, kDone };

  void Enter(Phase phase);
  void StartTimer(Micros delay);
  Micros Limit() const;
  bool Excused() const;
  void OnTimer();

  net::Loop& loop_;
  const FetchTimeouts timeouts_;
  RequestHead request_;
  const std::unique_ptr<BodySource> body_;
  FetchEvents* events_;
  Retry retry_;
  std::weak_ptr<ClientSession> session_;
  net::Timer timer_;
  SteadyTime strikes_at_;  // while timer_ runs
  SteadyTime since_;       // of the phase, or of the last byte
  Phase phase_ = Phase::kWaiting;
  bool paused_ = false;
  bool kept_ = false;
  bool answered_ = false;
  bool body_begun_ = false;
  bool source_waiting_ = false;
  bool retried_ = false;
  bool tunnel_ = false;  // 101: the other side's silence is no failure
};

}  // namespace skerry::http
