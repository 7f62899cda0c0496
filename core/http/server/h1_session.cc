#include "core/http/server/h1_session.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/http/server/request_check.h"

namespace skerry::http {
namespace {

constexpr Micros kTick = Seconds(1);
// Bytes of later requests that wait while one is answered.
constexpr size_t kPipelineBytes = 64 * 1024;
// Bytes of an answer before the others of the loop have their turn.
constexpr size_t kPumpBytes = 512 * 1024;
constexpr size_t kPieceBytes = 64 * 1024;

}  // namespace

std::unique_ptr<ServerSession> ServerSession::MakeH1(SessionContext context) {
  return std::make_unique<H1Session>(std::move(context));
}

H1Session::H1Session(SessionContext context)
    : context_(std::move(context)),
      parser_({limits().header_bytes, limits().header_count, limits().path_bytes + 256}, this),
      tick_(context_.loop),
      progress_(Now()),
      last_tick_(progress_),
      upload_(limits().request_rate, limits().body_timeout),
      intake_(limits().response_rate, limits().stalled_write_timeout) {
  tick_.Start(kTick, [this] { Tick(); });
}

void H1Stream::SendInterim(const ResponseHead& head) {
  if (session_ != nullptr) session_->SendInterim(head);
}
void H1Stream::Respond(Response response) {
  if (session_ != nullptr) session_->Respond(std::move(response));
}
void H1Stream::ConsumedBody(size_t count) {
  if (session_ != nullptr) session_->ConsumedBody(count);
}
void H1Stream::Reset() {
  if (session_ != nullptr) session_->Reset();
}

// ---- Receiving

void H1Session::OnBytes(std::string_view bytes) {
  if (closed_ || refused_) return;
  in_event_ = true;
  if (!busy_ && waiting_.empty() && !parser_.in_message()) progress_ = Now();
  waiting_ += bytes;
  Parse();
  in_event_ = false;
  Pump();
}

// Parses while there is something to parse and no earlier answer in its way.
void H1Session::Parse() {
  if (begun_ && framing_ == Framing::kTunnel) return PassThrough();
  size_t used = 0;
  while (!closed_ && !refused_ && used < waiting_.size()) {
    if (parser_.at_end()) {
      if (busy_) break;
      parser_.Next();
    }
    const size_t step = parser_.Parse(std::string_view(waiting_).substr(used));
    used += step;
    if (closed_ || refused_) return;
    if (parser_.flaw() != H1Flaw::kNone) {
      const bool in_answer = busy_ && (begun_ || response_);
      if (in_answer) return Fail();
      return Refuse(ProblemOf(parser_.flaw()));
    }
    if (step == 0 && !parser_.at_end()) break;
  }
  waiting_.erase(0, used);
  if (waiting_.empty() && waiting_.capacity() > 1024) waiting_ = {};
  ReadMoreOrLess();
}

// What a client says on its WebSocket. Before the 101 it waited in the buffer.
void H1Session::PassThrough() {
  const std::string bytes = std::exchange(waiting_, {});
  if (closed_ || bytes.empty()) return;
  progress_ = Now();
  unconsumed_ += bytes.size();
  const auto events = events_;
  if (events != nullptr) events->OnBody(bytes);
  ReadMoreOrLess();
}

// The transport is read as long as somebody takes what comes.
void H1Session::ReadMoreOrLess() {
  const bool full = waiting_.size() >= kPipelineBytes || unconsumed_ >= limits().stream_window;
  if (full == reading_paused_ || closed_) return;
  reading_paused_ = full;
  if (full) {
    context_.transport.PauseReading();
  } else {
    context_.transport.ResumeReading();
  }
}

void H1Session::OnHead(H1RequestHead head) {
  busy_ = true;
  begun_ = false;
  first_ = false;
  head_only_ = head.method == "HEAD";
  http10_ = head.http10;
  keep_alive_ = head.keep_alive && !draining_;
  body_received_ = 0;
  upload_ = Pace(limits().request_rate, limits().body_timeout);
  progress_ = Now();
  if (!Accept(std::move(head))) parser_.Stop();
}

// False when the request was refused or the connection is gone.
bool H1Session::Accept(H1RequestHead from) {
  const bool has_body = from.has_body;
  const std::optional<uint64_t> length = from.content_length;
  RequestHead head;
  std::optional<Problem> problem = FromH1(std::move(from), context_.options.scheme, &head);
  if (!problem) problem = Objection(head, context_.options.scheme, limits().path_bytes);
  const Expectation expectation = TakeExpectation(head.fields);
  if (!problem && expectation == Expectation::kUnknown) {
    problem.emplace();
    problem->status = 417;
  }
  if (!problem && length.value_or(0) > limits().body_bytes) {
    problem.emplace();
    problem->status = 413;
    problem->detail = "A body has at most " + std::to_string(limits().body_bytes) + " bytes.";
  }
  if (problem) {
    Refuse(*problem);
    return false;
  }
  const bool open_ended = has_body || head.websocket;
  stream_ = std::make_shared<H1Stream>(this, context_.facts, std::move(head), open_ended, Now());
  const auto held = stream_;
  auto events = context_.on_request(held);
  if (closed_ || held->session_ == nullptr) {
    if (events != nullptr) events->OnGone(false);
    return false;
  }
  events_ = std::move(events);
  if (events_ == nullptr) {
    Fail();
    return false;
  }
  if (expectation == Expectation::kContinue && has_body && !response_) SendInterim({100, {}});
  return true;
}

void H1Session::OnBody(std::string_view bytes) {
  progress_ = Now();
  upload_.Moved(bytes.size());
  body_received_ += bytes.size();
  if (body_received_ > limits().body_bytes) {
    parser_.Stop();
    if (response_ || begun_) return Fail();
    Problem problem;
    problem.status = 413;
    problem.detail = "A body has at most " + std::to_string(limits().body_bytes) + " bytes.";
    return Refuse(problem);
  }
  unconsumed_ += bytes.size();
  const auto events = events_;
  if (events != nullptr) events->OnBody(bytes);
  if (closed_) parser_.Stop();
}

void H1Session::OnEnd(Fields trailers) {
  if (stream_ == nullptr || stream_->body_ended_ || stream_->head_.websocket) return;
  stream_->body_ended_ = true;
  RemoveHopByHop(trailers);
  const auto events = events_;
  if (events != nullptr) events->OnBodyEnd(std::move(trailers));
}

// The session answers by itself, and that is the last answer here: the bytes that
// follow cannot be trusted, or are not wanted.
void H1Session::Refuse(const Problem& problem) {
  Count(context_.options.counters.bad_requests);
  Gone(false);
  if (closed_) return;
  refused_ = true;
  waiting_ = {};
  busy_ = true;
  keep_alive_ = false;
  response_ = ProblemResponse(problem, context_.loop.clock().Wall());
  SchedulePump();
}

void H1Session::ConsumedBody(size_t count) {
  unconsumed_ -= std::min(count, unconsumed_);
  progress_ = Now();
  ReadMoreOrLess();
}

// ---- Sending

void H1Session::SendInterim(const ResponseHead& head) {
  if (closed_ || response_ || begun_ || http10_ || !context_.transport.writable()) return;
  if (head.status < 100 || head.status > 199 || head.status == 101) return;
  WriteHead(head.status, {&head.fields, nullptr}, {});
  if (in_event_) return;  // Pump flushes
  context_.transport.Flush();
}

void H1Session::Respond(Response response) {
  if (closed_ || response_ || begun_) return;
  response_ = std::move(response);
  SchedulePump();
}

H1Session::Framing H1Session::ChooseFraming(std::optional<std::string_view> declared) {
  if (response_->sent_status() == 101) {
    const bool wanted = stream_ != nullptr && stream_->head_.websocket;
    return wanted && response_->body != nullptr ? Framing::kTunnel : Framing::kImpossible;
  }
  if (head_only_ || response_->sent_status() == 204 || response_->sent_status() == 304)
    return Framing::kNoBody;
  const std::optional<uint64_t> promised = declared ? ParseDecimal(*declared) : std::nullopt;
  if (declared && !promised) return Framing::kImpossible;
  if (response_->body == nullptr) {
    return promised.value_or(0) == 0 ? Framing::kNoBody : Framing::kImpossible;
  }
  const std::optional<uint64_t> length = declared ? promised : response_->body->length();
  if (length) {
    left_ = *length;
    return Framing::kLength;
  }
  return http10_ ? Framing::kClose : Framing::kChunked;
}

// Sends the head of the answer.
void H1Session::Begin() {
  begun_ = true;
  any_rate_ = IsEventStream(response_->lists()) || response_->sent_status() == 101;
  std::optional<std::string_view> declared;
  for (const Fields* list : response_->lists()) {
    if (list != nullptr && !declared) declared = list->Find("content-length");
  }
  framing_ = ChooseFraming(declared);
  if (framing_ == Framing::kImpossible) return Fail();
  // What is left of a request's body would be read as the next request.
  const bool tunnel = framing_ == Framing::kTunnel;
  if (framing_ == Framing::kClose || tunnel || !parser_.at_end()) keep_alive_ = false;

  std::string framing;
  const int status = response_->sent_status();
  if (!declared && status != 204 && status != 304 && !tunnel && framing_ != Framing::kChunked) {
    std::optional<uint64_t> length;
    if (response_->body != nullptr) {
      length = response_->body->length();
    } else if (!head_only_) {
      length = 0;
    }
    if (length) framing += "content-length: " + std::to_string(*length) + "\r\n";
  }
  if (framing_ == Framing::kChunked) framing += "transfer-encoding: chunked\r\n";
  if (tunnel) framing += "connection: upgrade\r\nupgrade: websocket\r\n";
  if (!keep_alive_ && !tunnel) framing += "connection: close\r\n";
  if (keep_alive_ && http10_) framing += "connection: keep-alive\r\n";
  WriteHead(status, response_->lists(), framing);

  if (framing_ == Framing::kNoBody) response_->body = nullptr;
  if (response_->body == nullptr) return;
  response_->body->WakeWith([this, alive = std::weak_ptr<bool>(alive_), stream = stream_] {
    if (alive.expired() || stream != stream_) return;
    SchedulePump();
  });
  if (tunnel) PassThrough();
}

void H1Session::WriteHead(int status, const std::array<const Fields*, 2>& lists,
                          std::string_view framing) {
  thread_local std::string head;
  head = "HTTP/1.1 ";
  head += std::to_string(status);
  head += ' ';
  head += ReasonPhrase(status);
  head += "\r\n";
  for (const Fields* list : lists) {
    if (list == nullptr) continue;
    for (const Field& field : *list) {
      head += field.name;
      head += ": ";
      head += field.value;
      head += "\r\n";
    }
  }
  head += framing;
  head += "\r\n";
  CountSent(head.size());
  context_.transport.Write(head);
}

void H1Session::SchedulePump() {
  if (closed_ || in_event_ || std::exchange(pump_posted_, true)) return;
  context_.loop.Post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    pump_posted_ = false;
    if (!closed_) Pump();
  });
}

// Sends what can be sent, answer after answer, and flushes once.
void H1Session::Pump() {
  if (closed_ || in_event_) return;
  in_event_ = true;
  sent_in_pump_ = 0;
  bool more = true;
  while (more && !closed_ && response_ && context_.transport.writable() &&
         sent_in_pump_ < kPumpBytes) {
    if (!begun_) Begin();
    more = !closed_ && SendPiece();
  }
  in_event_ = false;
  if (closed_) return;
  ReadMoreOrLess();
  context_.transport.Flush();
  if (context_.transport.writable() && sent_in_pump_ >= kPumpBytes) SchedulePump();
}

// Sends a piece of the body, or its end. False when nothing more can be done now.
bool H1Session::SendPiece() {
  if (response_->body == nullptr) {
    EndBody();
    return true;
  }
  const BodySource::Piece piece = response_->body->Peek(kPieceBytes);
  if (piece.state == BodySource::State::kWait) return false;
  const bool ends = piece.last || piece.state == BodySource::State::kEnd;
  const size_t size = piece.bytes.size();
  const bool contradicts = framing_ == Framing::kLength && (size > left_ || (ends && size < left_));
  if (piece.state == BodySource::State::kFailed || contradicts) {
    Fail();
    return false;
  }
  if (size > 0) {
    WritePiece(piece.bytes);
    response_->body->Consume(size);
  }
  const bool all = framing_ == Framing::kLength && left_ == 0;
  if (ends || all) EndBody();
  return true;
}

void H1Session::WritePiece(std::string_view bytes) {
  if (framing_ == Framing::kChunked) {
    char line[20];
    char* end = std::to_chars(line, line + 16, bytes.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    context_.transport.Write({line, static_cast<size_t>(end - line)});
  }
  context_.transport.Write(bytes);
  if (framing_ == Framing::kChunked) context_.transport.Write("\r\n");
  if (framing_ == Framing::kLength) left_ -= bytes.size();
  if (framing_ == Framing::kTunnel) progress_ = Now();
  CountSent(bytes.size());
}

void H1Session::CountSent(size_t count) {
  sent_in_pump_ += count;
  if (stream_ != nullptr) stream_->bytes_sent_ += count;
}

void H1Session::EndBody() {
  if (framing_ == Framing::kChunked) {
    std::string end = "0\r\n";
    if (const Fields* trailers = response_->body->trailers()) {
      for (const Field& field : *trailers) {
        end.append(field.name).append(": ").append(field.value).append("\r\n");
      }
    }
    context_.transport.Write(end + "\r\n");
  }
  Answered();
}

// The answer is complete: the next request, or the end.
void H1Session::Answered() {
  response_.reset();
  busy_ = false;
  begun_ = false;
  head_only_ = false;
  http10_ = false;
  unconsumed_ = 0;
  progress_ = Now();
  Gone(true);
  if (closed_) return;
  if (!keep_alive_ || (input_ended_ && waiting_.empty())) return CloseNow(false);
  if (draining_ && waiting_.empty()) return CloseNow(false);
  Parse();
}

// ---- Time and end

void H1Session::OnWritable() { Pump(); }

// The client has closed its side: what it asked for is still answered.
void H1Session::OnEnd() {
  if (closed_) return;
  input_ended_ = true;
  if (!busy_ || (begun_ && framing_ == Framing::kTunnel)) return CloseNow(false);
  if (parser_.in_message() && !refused_) Fail();
}

void H1Session::OnLost() { CloseNow(true); }

void H1Session::Drain() {
  draining_ = true;
  if (closed_) return;
  if (!begun_) keep_alive_ = false;
  if (busy_ || parser_.in_message() || !waiting_.empty()) return;
  if (!first_) return CloseNow(false);
  progress_ = Now();
  tick_.Start(Server::kFirstWait, [this] { Tick(); });
}

// What counts is what the client's kernel has taken: the transport moves bytes in lumps
// that a slow link needs long for.
bool H1Session::AnswerStalls(SteadyTime now) {
  const bool blocked = !context_.transport.writable();
  return intake_.Stalls(now, blocked, blocked ? context_.transport.delivered() : 0, any_rate_);
}

// The request's body does not come, or too slowly, though we would take it.
bool H1Session::BodyStalls(SteadyTime now, Micros since_tick) {
  const bool its_turn = parser_.in_body() && unconsumed_ < limits().stream_window / 2;
  if (!its_turn || stream_ == nullptr) return false;
  upload_.Owed(since_tick);
  return upload_.too_slow() || now - progress_ >= limits().body_timeout;
}

void H1Session::Tick() {
  const SteadyTime now = Now();
  const auto passed = now - progress_;
  const auto since_tick = now - std::exchange(last_tick_, now);
  if (AnswerStalls(now)) {
    Count(context_.options.counters.stalled_streams);
    return CloseNow(true);
  }
  if (!busy_) {
    const bool in_head = parser_.in_message() || !waiting_.empty();
    const auto limit = in_head  ? limits().header_timeout
                       : first_ ? (draining_ ? Server::kFirstWait : limits().preface_timeout)
                                : limits().idle_timeout;
    if (passed >= limit && !in_head) return CloseNow(false);
    if (passed >= limit) {
      Problem problem;
      problem.status = 408;
      problem.detail = "The request's head did not come in time.";
      Refuse(problem);
    }
  } else if (begun_ && framing_ == Framing::kTunnel) {
    if (passed >= limits().tunnel_timeout) return CloseNow(false);
  } else if (BodyStalls(now, since_tick)) {
    if (response_ || begun_) return Fail();
    Problem problem;
    problem.status = 408;
    problem.detail = "The rest of the request's body did not come in time.";
    Refuse(problem);
  }
  tick_.Start(kTick, [this] { Tick(); });
}

void H1Session::Reset() { Fail(); }

// The answer cannot be finished: the connection breaks, so that nobody takes what
// was sent for the whole.
void H1Session::Fail() { CloseNow(true); }

void H1Session::Gone(bool complete) {
  const auto stream = std::exchange(stream_, nullptr);
  const auto events = std::exchange(events_, nullptr);
  if (stream != nullptr) stream->session_ = nullptr;
  if (events != nullptr) events->OnGone(complete);
}

void H1Session::CloseNow(bool abort) {
  if (std::exchange(closed_, true)) return;
  tick_.Stop();
  if (abort) {
    context_.transport.Abort();
  } else {
    context_.transport.Flush();
    context_.transport.Close();
  }
  Gone(false);
  context_.finished();
}

}  // namespace skerry::http
