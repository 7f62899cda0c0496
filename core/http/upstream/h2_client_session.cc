#include "core/http/upstream/h2_client_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace skerry::http {
namespace {

constexpr int kInterims = 32;            // before one final head
constexpr size_t kStreamsAtFirst = 100;  // until SETTINGS say (RFC 9113 6.5.2 advises no less)

struct SessionDeleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};
using NgSession = std::unique_ptr<nghttp2_session, SessionDeleter>;

std::string_view View(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// Name and value are copied by nghttp2.
nghttp2_nv Line(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

struct Stream {
  std::shared_ptr<Exchange> exchange;  // null: cancelled
  int32_t id = 0;
  // The header block that is coming in: a head, or trailers once there was a final one.
  ResponseHead head;
  size_t block_bytes = 0;
  size_t block_count = 0;
  Fields trailers;
  int interims = 0;
  bool head_done = false;
  bool sent_head = false;  // the request has left: the peer may have seen it
  bool sent_end = false;
  bool ended = false;     // the answer is complete
  bool closed = false;    // nghttp2 has forgotten it
  bool resuming = false;  // a task to deliver `held` is posted
  std::string held;       // body that waits for a paused reader
  std::optional<uint64_t> length;
  uint64_t written = 0;
  std::optional<Error> error;  // why we reset it ourselves
};

class H2ClientSession : public ClientSession {
 public:
  H2ClientSession(const Context& context, std::string_view scheme)
      : context_(context), scheme_(scheme) {}

  void Start();

  void Begin(std::shared_ptr<Exchange> exchange) override;
  void Drop(Exchange& exchange, Dropped why) override;
  void PauseChanged(Exchange& exchange) override;
  void Abandon() override;
  size_t capacity() const override;
  size_t active() const override { return streams_.size(); }

  void OnBytes(std::string_view bytes) override;
  void OnWritable() override { Send(); }
  void OnEnd() override;
  void OnFailed(const Error& error) override { LoseAll(error); }

 private:
  struct Callbacks;

  std::vector<nghttp2_nv> Lines(const Stream& stream, const std::string& length) const;
  void Submit(Stream& stream);
  ssize_t ReadBody(Stream& stream, uint8_t* to, size_t size, uint32_t* flags);
  ssize_t BodyFailed(Stream& stream);
  void SubmitTrailers(const Stream& stream, const Fields& trailers);

  bool Field(Stream& stream, std::string_view name, std::string_view value);
  void BlockDone(Stream& stream);
  void Data(Stream& stream, std::string_view bytes);
  void AnswerEnded(Stream& stream);
  void Closed(Stream& stream, uint32_t code);
  void Deliver(int32_t id);

  Stream* Find(int32_t id);
  void Forget(int32_t id);
  void Reset(Stream& stream, uint32_t code);
  void Send();
  void Settle();
  void Changed();
  void LoseAll(Error error);
  void Done(bool in_order);

  Context context_;
  const std::string scheme_;
  NgSession session_;
  std::unordered_map<int32_t, std::unique_ptr<Stream>> streams_;
  size_t open_ = 0;        // streams that nghttp2 counts
  bool used_ = false;      // an answer has come: from now on this is a kept connection
  bool draining_ = false;  // no further exchange
  bool lost_ = false;      // the transport is gone; complete answers may still wait for readers
  bool closed_ = false;
  bool receiving_ = false;  // inside nghttp2_session_mem_recv
  bool sending_ = false;
};

// ---- nghttp2's callbacks, each one line into the class.

struct H2ClientSession::Callbacks {
  static H2ClientSession& Self(void* user) { return *static_cast<H2ClientSession*>(user); }

  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (Stream* stream = Self(user).Find(frame->hd.stream_id)) {
      stream->head = {};
      stream->block_bytes = stream->block_count = 0;
    }
    return 0;
  }
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                      void* user) {
    Stream* const stream = Self(user).Find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    const bool taken = Self(user).Field(*stream, View(name, name_size), View(value, value_size));
    return taken ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2ClientSession& self = Self(user);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      self.draining_ = true;
      return 0;
    }
    Stream* stream = self.Find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS) self.BlockDone(*stream);
    stream = self.Find(frame->hd.stream_id);  // may have been cancelled
    const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (stream != nullptr && carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      self.AnswerEnded(*stream);
    }
    return 0;
  }
  static int OnData(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* bytes,
                    size_t size, void* user) {
    // One that is paused must not hold up the others.
    nghttp2_session_consume_connection(session, size);
    if (Stream* stream = Self(user).Find(id)) Self(user).Data(*stream, View(bytes, size));
    return 0;
  }
  static int OnClose(nghttp2_session*, int32_t id, uint32_t code, void* user) {
    if (Stream* stream = Self(user).Find(id)) Self(user).Closed(*stream, code);
    return 0;
  }
  static int OnSent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Stream* const stream = Self(user).Find(frame->hd.stream_id);
    if (stream == nullptr || stream->exchange == nullptr) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS) stream->sent_head = true;
    const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      stream->sent_end = true;
      stream->exchange->Sent();
    }
    return 0;
  }
  static ssize_t ReadBody(nghttp2_session*, int32_t id, uint8_t* to, size_t size, uint32_t* flags,
                          nghttp2_data_source*, void* user) {
    Stream* const stream = Self(user).Find(id);
    if (stream == nullptr || stream->exchange == nullptr) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return Self(user).ReadBody(*stream, to, size, flags);
  }

  static nghttp2_session_callbacks* Get() {
    static nghttp2_session_callbacks* const callbacks = [] {
      nghttp2_session_callbacks* made = nullptr;
      SKERRY_CHECK(nghttp2_session_callbacks_new(&made) == 0);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, OnBeginHeaders);
      nghttp2_session_callbacks_set_on_header_callback(made, OnHeader);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, OnFrame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, OnData);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, OnClose);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, OnSent);
      return made;
    }();
    return callbacks;
  }
};

void H2ClientSession::Start() {
  nghttp2_option* option = nullptr;
  SKERRY_CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_peer_max_concurrent_streams(option, kStreamsAtFirst);
  nghttp2_session* session = nullptr;
  SKERRY_CHECK(nghttp2_session_client_new2(&session, Callbacks::Get(), this, option) == 0);
  nghttp2_option_del(option);
  session_.reset(session);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kClientStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(context_.header_bytes)},
  };
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kClientConnectionWindow);
  Send();
}

// ---- Sending

size_t H2ClientSession::capacity() const {
  if (closed_ || lost_ || draining_ || nghttp2_session_check_request_allowed(session_.get()) == 0)
    return 0;
  const size_t most =
      nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return most > open_ ? most - open_ : 0;
}

std::vector<nghttp2_nv> H2ClientSession::Lines(const Stream& stream,
                                               const std::string& length) const {
  const RequestHead& request = stream.exchange->request();
  std::vector<nghttp2_nv> lines;
  lines.reserve(5 + request.fields.size());
  lines.push_back(Line(":method", request.method));
  lines.push_back(Line(":scheme", scheme_));
  lines.push_back(Line(":authority", request.authority));
  lines.push_back(Line(":path", request.path));
  for (const http::Field& field : request.fields) lines.push_back(Line(field.name, field.value));
  if (!length.empty()) lines.push_back(Line("content-length", length));
  return lines;
}

void H2ClientSession::Begin(std::shared_ptr<Exchange> exchange) {
  if (exchange->request().websocket) {
    exchange->Fail({Code::kUnavailable, Side::kSelf, false, "a WebSocket needs HTTP/1.1"});
    return Changed();
  }
  auto stream = std::make_unique<Stream>();
  stream->exchange = exchange;
  exchange->Assigned(weak_from_this(), used_);
  Submit(*stream);
  if (stream->id < 0) {
    // No stream number is left (or no memory): this connection has had its day.
    draining_ = true;
    exchange->Lost({Code::kUnavailable, Side::kUpstream, true, "no stream can be opened"}, true);
    return Changed();
  }
  exchange->mark = stream->id;
  ++open_;
  streams_.emplace(stream->id, std::move(stream));
  Send();
}

void H2ClientSession::Submit(Stream& stream) {
  BodySource* const body = stream.exchange->body();
  std::string length;
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::ReadBody;
  if (body != nullptr) {
    stream.length = body->length();
    if (stream.length) length = std::to_string(*stream.length);
  }
  const bool with_data = body != nullptr && stream.length != 0;
  const std::vector<nghttp2_nv> lines = Lines(stream, length);
  stream.id = nghttp2_submit_request(session_.get(), nullptr, lines.data(), lines.size(),
                                     with_data ? &provider : nullptr, nullptr);
  if (stream.id < 0 || !with_data) return;
  body->WakeWith([weak = weak_from_this(), id = stream.id] {
    const auto self = std::static_pointer_cast<H2ClientSession>(weak.lock());
    if (self == nullptr || self->closed_ || self->lost_) return;
    const Stream* const stream = self->Find(id);
    if (stream == nullptr || stream->exchange == nullptr) return;
    stream->exchange->SetSourceWaiting(false);
    nghttp2_session_resume_data(self->session_.get(), id);
    self->Send();
  });
}

ssize_t H2ClientSession::ReadBody(Stream& stream, uint8_t* to, size_t size, uint32_t* flags) {
  const auto exchange = stream.exchange;
  BodySource& body = *exchange->body();
  const BodySource::Piece piece = body.Peek(size);
  exchange->SetSourceWaiting(piece.state == BodySource::State::kWait);
  if (piece.state == BodySource::State::kWait) return NGHTTP2_ERR_DEFERRED;
  if (piece.state == BodySource::State::kFailed) return BodyFailed(stream);
  const size_t count = piece.bytes.size();
  stream.written += count;
  // All that was promised is the end; the source need not say so.
  const bool ended =
      piece.last || piece.state == BodySource::State::kEnd || stream.written == stream.length;
  if (stream.length &&
      (stream.written > *stream.length || (ended && stream.written < *stream.length))) {
    return BodyFailed(stream);
  }
  exchange->BodyBegun();
  exchange->Progress();
  if (count > 0) memcpy(to, piece.bytes.data(), count);
  if (ended) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    const Fields* trailers = piece.state == BodySource::State::kEnd ? body.trailers() : nullptr;
    if (trailers != nullptr && !trailers->empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      SubmitTrailers(stream, *trailers);
    }
  }
  // Last: the exchange may be cancelled from inside.
  if (count > 0) body.Consume(count);
  return static_cast<ssize_t>(count);
}

ssize_t H2ClientSession::BodyFailed(Stream& stream) {
  stream.error = Error{Code::kCancelled, Side::kClient, false, "the request's body failed"};
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

void H2ClientSession::SubmitTrailers(const Stream& stream, const Fields& trailers) {
  std::vector<nghttp2_nv> lines;
  for (const http::Field& field : trailers) {
    const bool valid = IsToken(field.name) && IsFieldValue(field.value);
    if (valid) lines.push_back(Line(field.name, field.value));
  }
  nghttp2_submit_trailer(session_.get(), stream.id, lines.data(), lines.size());
}

// Writes what nghttp2 has ready while the transport takes it. Inside a callback it
// waits for the end of mem_recv, which calls it again.
void H2ClientSession::Send() {
  if (receiving_ || sending_ || closed_ || lost_) return;
  sending_ = true;
  const auto self = shared_from_this();
  while (!closed_ && context_.transport.writable()) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size <= 0) break;
    context_.transport.Write(View(bytes, static_cast<size_t>(size)));
  }
  sending_ = false;
  if (closed_) return;
  context_.transport.Flush();
  if (draining_ && streams_.empty()) return Done(true);
  if (nghttp2_session_want_read(session_.get()) == 0 &&
      nghttp2_session_want_write(session_.get()) == 0) {
    LoseAll({Code::kInvalid, Side::kUpstream, false, "the connection broke the protocol"});
  }
}

// ---- Receiving

void H2ClientSession::OnBytes(std::string_view bytes) {
  if (closed_ || lost_) return;
  const auto self = shared_from_this();
  receiving_ = true;
  const ssize_t used = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  receiving_ = false;
  if (closed_) return;
  if (used < 0) {
    return LoseAll({Code::kInvalid, Side::kUpstream, false,
                    std::string("HTTP/2: ") + nghttp2_strerror(static_cast<int>(used))});
  }
  Changed();
  Send();
}

// False if the block is longer than allowed.
bool H2ClientSession::Field(Stream& stream, std::string_view name, std::string_view value) {
  if (stream.exchange == nullptr) return true;
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), stream.head.status);
    return true;
  }
  stream.block_bytes += name.size() + value.size() + 32;
  if (++stream.block_count > context_.header_count || stream.block_bytes > context_.header_bytes) {
    stream.error = Error{Code::kLimit, Side::kUpstream, false, "response head is too long"};
    return false;
  }
  if (!name.starts_with(':')) stream.head.fields.Add(name, value);
  return true;
}

void H2ClientSession::BlockDone(Stream& stream) {
  if (stream.exchange == nullptr || stream.error) return;
  const auto exchange = stream.exchange;
  used_ = true;
  exchange->Answered();
  ResponseHead head = std::move(stream.head);
  RemoveHopByHop(head.fields);
  if (stream.head_done) {
    stream.trailers = std::move(head.fields);
  } else if (head.status < 100 || head.status == 101) {
    // nghttp2 takes any three digits for a status.
    stream.error = Error{Code::kInvalid, Side::kUpstream, false, "status code out of range"};
    Reset(stream, NGHTTP2_PROTOCOL_ERROR);
  } else if (head.status >= 200) {
    stream.head_done = true;
    exchange->Head(std::move(head));
  } else if (++stream.interims > kInterims) {
    stream.error = Error{Code::kLimit, Side::kUpstream, false, "too many interim responses"};
    Reset(stream, NGHTTP2_ENHANCE_YOUR_CALM);
  } else {
    exchange->Interim(std::move(head));
  }
}

void H2ClientSession::Data(Stream& stream, std::string_view bytes) {
  if (stream.exchange == nullptr || stream.error) return;
  const auto exchange = stream.exchange;
  exchange->Progress();
  if (exchange->paused() || !stream.held.empty()) {
    stream.held.append(bytes);
    return;
  }
  const int32_t id = stream.id;
  exchange->Body(bytes);
  nghttp2_session_consume_stream(session_.get(), id, bytes.size());
}

void H2ClientSession::AnswerEnded(Stream& stream) {
  if (stream.error) return;  // fails when it closes
  stream.ended = true;
  if (stream.exchange == nullptr || !stream.held.empty()) return;
  // The rest of a request that was answered early is of no use to the peer.
  const bool unsent = stream.exchange->body() != nullptr && !stream.sent_end;
  if (unsent && !stream.closed) Reset(stream, NGHTTP2_CANCEL);
  const auto exchange = std::exchange(stream.exchange, nullptr);
  exchange->End(std::move(stream.trailers));
}

void H2ClientSession::PauseChanged(Exchange& exchange) {
  if (exchange.paused()) return;
  Stream* const stream = Find(static_cast<int32_t>(exchange.mark));
  if (stream == nullptr || stream->held.empty() || std::exchange(stream->resuming, true)) return;
  // By a task, so that Resume never calls back from inside.
  context_.loop.Post([weak = weak_from_this(), id = stream->id] {
    const auto self = std::static_pointer_cast<H2ClientSession>(weak.lock());
    if (self != nullptr) self->Deliver(id);
  });
}

void H2ClientSession::Deliver(int32_t id) {
  Stream* stream = Find(id);
  if (stream == nullptr) return;
  stream->resuming = false;
  const auto exchange = stream->exchange;
  if (exchange == nullptr || exchange->paused()) return;
  const std::string bytes = std::exchange(stream->held, {});
  exchange->Progress();
  exchange->Body(bytes);
  if (closed_) return;
  stream = Find(id);  // may have been cancelled from inside
  if (stream == nullptr) return;
  if (!stream->closed) nghttp2_session_consume_stream(session_.get(), id, bytes.size());
  if (stream->ended) AnswerEnded(*stream);
  if (stream->closed) Forget(id);
  Settle();
}

// After streams have come or gone outside of OnBytes.
void H2ClientSession::Settle() {
  if (lost_ && streams_.empty()) return Done(false);
  Changed();
  Send();
}

// ---- Ending

void H2ClientSession::Closed(Stream& stream, uint32_t code) {
  stream.closed = true;
  if (open_ > 0) --open_;
  // A complete answer may still wait for its reader.
  if (stream.ended && stream.exchange != nullptr) return;
  const auto exchange = std::exchange(stream.exchange, nullptr);
  const bool unprocessed = code == NGHTTP2_REFUSED_STREAM || !stream.sent_head;
  std::optional<Error> error = std::move(stream.error);
  Forget(stream.id);
  if (exchange == nullptr) return;
  if (error) return exchange->Fail(std::move(*error));
  const bool ours = code == NGHTTP2_PROTOCOL_ERROR;
  exchange->Lost({ours ? Code::kInvalid : Code::kReset, Side::kUpstream, false,
                  std::string("stream ended with ") + nghttp2_http2_strerror(code)},
                 unprocessed);
}

void H2ClientSession::Drop(Exchange& exchange, Dropped why) {
  Stream* const stream = Find(static_cast<int32_t>(exchange.mark));
  if (stream == nullptr || stream->exchange.get() != &exchange) return;
  if (why == Dropped::kTimedOut) draining_ = true;
  // Kept until the caller's frames are gone.
  context_.loop.Post([kept_alive = std::exchange(stream->exchange, nullptr)] {});
  stream->held.clear();
  if (stream->closed) {
    Forget(stream->id);
  } else {
    Reset(*stream, NGHTTP2_CANCEL);
  }
  if (lost_) return Settle();
  Send();
}

void H2ClientSession::Reset(Stream& stream, uint32_t code) {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id, code);
}

Stream* H2ClientSession::Find(int32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void H2ClientSession::Forget(int32_t id) { streams_.erase(id); }

void H2ClientSession::Changed() {
  if (!closed_) context_.owner.OnChanged();
}

void H2ClientSession::OnEnd() {
  LoseAll({Code::kReset, Side::kUpstream, false, "connection closed"});
}

void H2ClientSession::LoseAll(Error error) {
  if (closed_ || lost_) return;
  const auto self = shared_from_this();
  lost_ = true;
  error.side = Side::kUpstream;
  std::vector<std::unique_ptr<Stream>> lost;
  for (auto at = streams_.begin(); at != streams_.end();) {
    Stream& stream = *at->second;
    stream.closed = true;
    // What has arrived as a whole stays for a reader who has paused.
    if (stream.ended && stream.exchange != nullptr) {
      ++at;
      continue;
    }
    lost.push_back(std::move(at->second));
    at = streams_.erase(at);
  }
  if (streams_.empty()) Done(false);
  for (const auto& stream : lost) {
    if (stream->exchange == nullptr) continue;
    // A peer that breaks the protocol has answered, in its way.
    if (error.code == Code::kInvalid) stream->exchange->Answered();
    stream->exchange->Lost(error, !stream->sent_head);
  }
}

void H2ClientSession::Abandon() {
  closed_ = true;
  auto streams = std::make_shared<decltype(streams_)>(std::exchange(streams_, {}));
  for (auto& [id, stream] : *streams) {
    if (stream->exchange != nullptr) stream->exchange->Cancel();
  }
  // Kept until the caller's frames are gone.
  context_.loop.Post([streams] {});
}

void H2ClientSession::Done(bool in_order) {
  if (std::exchange(closed_, true)) return;
  context_.owner.OnDone(in_order);
}

}  // namespace

std::shared_ptr<ClientSession> MakeH2ClientSession(const ClientSession::Context& context,
                                                   std::string_view scheme) {
  auto session = std::make_shared<H2ClientSession>(context, scheme);
  session->Start();
  return session;
}

}  // namespace skerry::http
