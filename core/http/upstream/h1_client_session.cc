#include "core/http/upstream/h1_client_session.h"

#include <charconv>
#include <utility>

namespace skerry::http {
namespace {

// One write of a body; a TLS record, so that records are full.
constexpr size_t kPieceBytes = size_t{16} * 1024;

std::string Hex(size_t number) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, 16).ptr;
  return std::string(digits, end);
}

// Methods that servers expect a length from even where there is no body (RFC 9110 8.6).
bool WantsLength(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

H1ClientSession::H1ClientSession(const Context& context)
    : context_(context),
      parser_({.header_bytes = context.header_bytes, .header_count = context.header_count}, this) {}

// ---- Sending

void H1ClientSession::Begin(std::shared_ptr<Exchange> exchange) {
  exchange_ = std::move(exchange);
  exchange_->Assigned(weak_from_this(), std::exchange(used_, true));
  const RequestHead& request = exchange_->request();
  parser_.Begin(request.method, request.websocket);
  BodySource* const body = request.websocket ? nullptr : exchange_->body();
  length_ = body == nullptr ? std::nullopt : body->length();
  chunked_ = body != nullptr && !length_;
  written_ = 0;
  sent_ = false;
  WriteHead();
  if (body == nullptr) {
    sent_ = true;
    context_.transport.Flush();
    exchange_->Sent();
    return;
  }
  AttachBody(*body);
}

void H1ClientSession::AttachBody(BodySource& body) {
  body.WakeWith([weak = weak_from_this(), asking = std::weak_ptr<Exchange>(exchange_)] {
    const auto self = std::static_pointer_cast<H1ClientSession>(weak.lock());
    if (self != nullptr && self->exchange_ != nullptr && self->exchange_ == asking.lock()) {
      self->PumpBody();
    }
  });
  PumpBody();
}

// What comes from the body is the client's side of the WebSocket from now on.
void H1ClientSession::OpenTunnel() {
  if (exchange_->body() == nullptr) return;
  tunnel_ = true;
  sent_ = false;
  AttachBody(*exchange_->body());
}

void H1ClientSession::Write(std::string_view bytes) {
  if (unwritten_.empty() && context_.transport.writable()) {
    context_.transport.Write(bytes);
  } else {
    unwritten_.append(bytes);
  }
}

void H1ClientSession::WriteHead() {
  const RequestHead& request = exchange_->request();
  std::string head;
  head.reserve(256 + request.fields.ByteSize());
  head.append(request.method).append(" ").append(request.path).append(" HTTP/1.1\r\nhost: ");
  head.append(request.authority).append("\r\n");
  for (const Field& field : request.fields) {
    head.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (request.websocket) head += "connection: upgrade\r\nupgrade: websocket\r\n";
  if (chunked_) {
    head += "transfer-encoding: chunked\r\n";
  } else if (length_ || WantsLength(request.method)) {
    head.append("content-length: ").append(std::to_string(length_.value_or(0))).append("\r\n");
  }
  head += "\r\n";
  Write(head);
}

void H1ClientSession::PumpBody() {
  if (pumping_ || sent_) return;
  pumping_ = true;
  const auto exchange = exchange_;
  exchange->SetSourceWaiting(false);
  bool more = true;
  while (more && exchange_ == exchange && !closed_ && unwritten_.empty() &&
         context_.transport.writable()) {
    if (length_ == written_) {
      // All that was promised; the source need not say that this was the end.
      WriteEnd(*exchange, nullptr);
      break;
    }
    const BodySource::Piece piece = exchange->body()->Peek(kPieceBytes);
    exchange->SetSourceWaiting(piece.state == BodySource::State::kWait);
    more = WritePiece(*exchange, piece);
  }
  pumping_ = false;
  if (!closed_) context_.transport.Flush();
}

// True if there may be more to write now.
bool H1ClientSession::WritePiece(Exchange& exchange, const BodySource::Piece& piece) {
  switch (piece.state) {
    case BodySource::State::kWait: return false;
    case BodySource::State::kFailed: BodyFailed(exchange); return false;
    case BodySource::State::kEnd: WriteEnd(exchange, exchange.body()->trailers()); return false;
    case BodySource::State::kData: break;
  }
  written_ += piece.bytes.size();
  if (length_ && written_ > *length_) {
    BodyFailed(exchange);
    return false;
  }
  exchange.BodyBegun();
  exchange.Progress();
  const bool last = piece.last && length_ != written_;
  const size_t size = piece.bytes.size();
  if (size > 0) {
    if (chunked_) Write(Hex(size) + "\r\n");
    Write(piece.bytes);
    if (chunked_) Write("\r\n");
  }
  // The exchange may be cancelled from inside.
  exchange.body()->Consume(size);
  if (last && exchange_.get() == &exchange && !closed_) WriteEnd(exchange, nullptr);
  return !last;
}

void H1ClientSession::WriteEnd(Exchange& exchange, const Fields* trailers) {
  if (length_ && written_ != *length_) return BodyFailed(exchange);
  if (chunked_) {
    std::string end = "0\r\n";
    if (trailers != nullptr) {
      for (const Field& field : *trailers) {
        if (!IsToken(field.name) || !IsFieldValue(field.value)) continue;
        end.append(field.name).append(": ").append(field.value).append("\r\n");
      }
    }
    Write(end + "\r\n");
  }
  sent_ = true;
  context_.transport.Flush();
  exchange.Sent();
}

// What was promised cannot be kept: the peer must not take it for complete.
void H1ClientSession::BodyFailed(Exchange& exchange) {
  const auto kept_alive = exchange.shared_from_this();
  exchange_.reset();
  Done(false);
  kept_alive->Fail({Code::kCancelled, Side::kClient, false, "the request's body failed"});
}

void H1ClientSession::OnWritable() {
  if (!unwritten_.empty()) {
    const std::string bytes = std::exchange(unwritten_, {});
    context_.transport.Write(bytes);
    context_.transport.Flush();
  }
  if (exchange_ == nullptr) return;
  if (!sent_) exchange_->Progress();
  PumpBody();
}

// ---- Receiving

void H1ClientSession::OnBytes(std::string_view bytes) {
  // Nobody asked: whatever it is, the next request must not get it as its answer.
  if (exchange_ == nullptr) return Done(false);
  if (!held_.empty() || (exchange_->paused() && parser_.head_done())) {
    held_.append(bytes);
    return;
  }
  Process(bytes);
}

void H1ClientSession::Process(std::string_view bytes) {
  const auto exchange = exchange_;
  exchange->Progress();
  const Result<size_t> used = parser_.Feed(bytes);
  if (exchange_ != exchange) return;  // cancelled from inside an event
  if (!used) return Lose(used.error());
  const bool more = *used < bytes.size();
  if (parser_.done()) return Finish(parser_.reusable() && !more);
  if (more) held_ = bytes.substr(*used);
}

void H1ClientSession::OnInterim(ResponseHead head) {
  exchange_->Answered();
  exchange_->Interim(std::move(head));
}

void H1ClientSession::OnHead(ResponseHead head) {
  const auto exchange = exchange_;
  exchange->Answered();
  const bool tunnel = head.status == 101;
  exchange->Head(std::move(head));
  if (exchange_ == exchange && tunnel) OpenTunnel();
  if (exchange_ == exchange && exchange->paused()) Hold();
}

void H1ClientSession::OnBody(std::string_view bytes) { exchange_->Body(bytes); }

void H1ClientSession::Hold() {
  parser_.Stop();
  context_.transport.PauseReading();
}

void H1ClientSession::PauseChanged(Exchange& exchange) {
  if (exchange.paused()) {
    // A head is wanted even by those who want no body yet.
    if (parser_.head_done()) Hold();
    return;
  }
  if (std::exchange(continuing_, true)) return;
  // By a task, so that Resume never calls back from inside.
  context_.loop.Post([weak = weak_from_this()] {
    const auto self = std::static_pointer_cast<H1ClientSession>(weak.lock());
    if (self != nullptr) self->Continue();
  });
}

void H1ClientSession::Continue() {
  continuing_ = false;
  if (closed_ || exchange_ == nullptr || exchange_->paused()) return;
  const auto exchange = exchange_;
  if (!held_.empty()) Process(std::exchange(held_, {}));
  if (exchange_ != exchange || exchange->paused() || !held_.empty()) return;
  if (held_failure_) return Lose(std::move(*held_failure_));
  if (held_end_) return Ended();
  context_.transport.ResumeReading();
}

void H1ClientSession::OnEnd() {
  if (exchange_ == nullptr) return Done(true);
  if (!held_.empty()) {
    held_end_ = true;
    return;
  }
  Ended();
}

void H1ClientSession::Ended() {
  if (Status end = parser_.End(); !end) return Lose(std::move(end.error()));
  Finish(false);
}

void H1ClientSession::OnFailed(const Error& error) {
  if (exchange_ == nullptr) return Done(false);
  if (!held_.empty()) {
    held_failure_ = error;
    return;
  }
  Lose(error);
}

// ---- Ending

void H1ClientSession::Finish(bool reusable) {
  const auto exchange = std::exchange(exchange_, nullptr);
  Fields trailers = parser_.TakeTrailers();
  // First the connection, so that a request begun from inside OnEnd finds it free.
  if (reusable && sent_ && unwritten_.empty()) {
    if (exchange->paused()) context_.transport.ResumeReading();
    context_.owner.OnChanged();
  } else {
    Done(sent_ || tunnel_);
  }
  exchange->End(std::move(trailers));
}

void H1ClientSession::Lose(Error error) {
  const auto exchange = std::exchange(exchange_, nullptr);
  if (parser_.began()) exchange->Answered();
  error.side = Side::kUpstream;
  Done(false);
  exchange->Lost(std::move(error), false);
}

void H1ClientSession::Drop(Exchange& exchange, Dropped) {
  if (exchange_.get() != &exchange) return;
  parser_.Stop();
  // Kept until the caller's frames, which may be the parser's, are gone.
  context_.loop.Post([kept_alive = std::exchange(exchange_, nullptr)] {});
  Done(false);
}

void H1ClientSession::Abandon() {
  closed_ = true;
  parser_.Stop();
  if (exchange_ == nullptr) return;
  const auto exchange = std::exchange(exchange_, nullptr);
  exchange->Cancel();
  context_.loop.Post([exchange] {});
}

void H1ClientSession::Done(bool in_order) {
  if (std::exchange(closed_, true)) return;
  context_.owner.OnDone(in_order);
}

}  // namespace skerry::http
