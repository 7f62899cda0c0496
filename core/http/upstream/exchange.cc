#include "core/http/upstream/exchange.h"

#include <algorithm>
#include <utility>

namespace skerry::http {
namespace {

bool IsVisible(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<uint8_t>(c) > 0x20 && c != 0x7f; });
}

tl::unexpected<Error> Unsendable(const char* what) {
  return skerry::Fail(Code::kInvalid, Side::kSelf, std::string("request cannot be sent: ") + what);
}

}  // namespace

Exchange::Exchange(net::Loop& loop, const FetchTimeouts& timeouts, RequestHead request,
                   std::unique_ptr<BodySource> body, FetchEvents* events, Retry retry)
    : loop_(loop),
      timeouts_(timeouts),
      request_(std::move(request)),
      body_(std::move(body)),
      events_(events),
      retry_(std::move(retry)),
      timer_(loop),
      since_(loop.clock().Steady()) {
  RemoveHopByHop(request_.fields);
  for (const char* name : {"host", "content-length", "expect"}) request_.fields.Remove(name);
}

void Exchange::Queued() {
  if (phase_ == Phase::kWaiting && !timer_.running()) StartTimer(Limit());
}

Status Exchange::Check() const {
  if (!IsToken(request_.method) || request_.method == "CONNECT") return Unsendable("method");
  if (request_.authority.empty() || !IsVisible(request_.authority)) return Unsendable("authority");
  const bool path = request_.path.starts_with('/') || request_.path == "*";
  if (!path || !IsVisible(request_.path)) return Unsendable("path");
  for (const Field& field : request_.fields) {
    if (!IsToken(field.name) || !IsFieldValue(field.value)) return Unsendable("field");
  }
  return {};
}

void Exchange::Cancel() {
  events_ = nullptr;
  if (done()) return;
  Enter(Phase::kDone);
  if (const auto session = session_.lock()) {
    session->Drop(*this, ClientSession::Dropped::kCancelled);
  }
}

void Exchange::SetPaused(bool paused) {
  if (paused_ == paused || done()) return;
  paused_ = paused;
  Progress();
  if (const auto session = session_.lock()) session->PauseChanged(*this);
}

void Exchange::Assigned(std::weak_ptr<ClientSession> session, bool kept) {
  session_ = std::move(session);
  kept_ = kept;
  Enter(Phase::kSending);
}

// While a head is awaited nothing counts but the head.
void Exchange::Progress() {
  if (phase_ == Phase::kSending || phase_ == Phase::kReceiving) since_ = loop_.clock().Steady();
}

void Exchange::SetSourceWaiting(bool waiting) {
  if (source_waiting_ && !waiting) Progress();
  source_waiting_ = waiting;
}

void Exchange::Sent() {
  if (phase_ == Phase::kSending) Enter(Phase::kAwaiting);
}

void Exchange::Answered() { answered_ = true; }

void Exchange::Interim(ResponseHead head) {
  if (events_ != nullptr) events_->OnInterim(std::move(head));
}

void Exchange::Head(ResponseHead head) {
  if (done()) return;
  tunnel_ = head.status == 101;
  Enter(Phase::kReceiving);
  if (events_ != nullptr) events_->OnHead(std::move(head));
}

void Exchange::Body(std::string_view bytes) {
  if (events_ != nullptr && !bytes.empty()) events_->OnBody(bytes);
}

void Exchange::End(Fields trailers) {
  if (done()) return;
  Enter(Phase::kDone);
  FetchEvents* const events = std::exchange(events_, nullptr);
  if (events != nullptr) events->OnEnd(std::move(trailers));
}

void Exchange::Lost(Error error, bool unprocessed) {
  session_.reset();
  if (done()) return;
  const bool harmless = unprocessed || (kept_ && IsIdempotentMethod(request_.method));
  if (!harmless || answered_ || body_begun_ || retried_) {
    error.retryable = unprocessed || (!answered_ && IsIdempotentMethod(request_.method));
    return Fail(std::move(error));
  }
  retried_ = true;
  Enter(Phase::kWaiting);
  retry_(shared_from_this());
}

void Exchange::Fail(Error error) {
  session_.reset();
  if (done()) return;
  Enter(Phase::kDone);
  loop_.Post([weak = weak_from_this(), error = std::move(error)] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    FetchEvents* const events = std::exchange(self->events_, nullptr);
    if (events != nullptr) events->OnFailed(error);
  });
}

void Exchange::Enter(Phase phase) {
  phase_ = phase;
  since_ = loop_.clock().Steady();
  if (phase == Phase::kDone) return timer_.Stop();
  // One of an earlier phase that strikes before this one's end looks, and goes on.
  if (!timer_.running() || strikes_at_ > since_ + Limit()) StartTimer(Limit());
}

void Exchange::StartTimer(Micros delay) {
  strikes_at_ = loop_.clock().Steady() + delay;
  timer_.Start(delay, [this] { OnTimer(); });
}

Micros Exchange::Limit() const {
  switch (phase_) {
    case Phase::kWaiting: return timeouts_.queue + timeouts_.connect;
    case Phase::kAwaiting: return timeouts_.first_byte;
    case Phase::kSending:
    case Phase::kReceiving:
    case Phase::kDone: break;
  }
  return timeouts_.between_bytes;
}

// Silence that is our own side's doing.
bool Exchange::Excused() const {
  return (phase_ == Phase::kReceiving && (paused_ || tunnel_)) ||
         (phase_ == Phase::kSending && source_waiting_);
}

// Bytes and later phases only move `since_`; the timer looks when it would have struck.
void Exchange::OnTimer() {
  if (Excused()) Progress();
  const auto silent = std::chrono::duration_cast<Micros>(loop_.clock().Steady() - since_);
  if (silent < Limit()) return StartTimer(Limit() - silent);
  const auto self = shared_from_this();
  const char* what = phase_ == Phase::kWaiting    ? "no connection became free in time"
                     : phase_ == Phase::kSending  ? "the request was not taken in time"
                     : phase_ == Phase::kAwaiting ? "no answer in time"
                                                  : "the answer's body stood still for too long";
  Error error{Code::kTimeout, Side::kUpstream, phase_ == Phase::kWaiting, what};
  const auto session = session_.lock();
  Fail(std::move(error));
  if (session != nullptr) session->Drop(*this, ClientSession::Dropped::kTimedOut);
}

}  // namespace skerry::http
