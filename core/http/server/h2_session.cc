#include "core/http/server/h2_session.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/http/server/h2_memory.h"

namespace skerry::http {
namespace {

constexpr Micros kBusyTick = Seconds(1);
constexpr Micros kIdleTick = Seconds(5);
// The second GOAWAY comes when the client has answered our PING, or after this.
constexpr Micros kGoawayWait = Seconds(1);
// nghttp2's own limit on client resets would end a browser that cancels much; ours
// (GlitchBudget) does not.
constexpr uint64_t kUnlimitedResets = 1'000'000'000;

}  // namespace

std::unique_ptr<ServerSession> ServerSession::MakeH2(SessionContext context) {
  return std::make_unique<H2Session>(std::move(context));
}

H2Session::~H2Session() = default;

void H2Session::OnBytes(std::string_view bytes) {
  if (closed_) return;
  receiving_ = true;
  received_at_ = Now();
  // One buffer for all connections of the thread, but for one whose head is half here.
  thread_local HeadBlock spare;
  if (!reading_head_) std::swap(block_, spare);
  // A flood is answered before its last frames are worked on.
  if (ScanFrames(bytes)) {
    const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
    const ssize_t result = nghttp2_session_mem_recv(session_.get(), data, bytes.size());
    if (result == NGHTTP2_ERR_FLOODED || result == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
      EndFlood();
    } else if (result < 0) {
      receiving_ = false;
      if (!closed_) Count(context_.options.counters.bad_requests);
      return CloseNow(false);
    }
  }
  if (!reading_head_) std::swap(block_, spare);
  HandOverWaiting();
  receiving_ = false;
  Pump();
}

void H2Session::OnWritable() {
  if (!closed_) Pump();
}

// The client sends nothing more. It may still read, but no browser does so: what is
// under way is worth finishing only while it can be told.
void H2Session::OnEnd() { CloseNow(false); }

void H2Session::OnLost() { CloseNow(true); }

void H2Session::Drain() {
  if (closed_ || draining_ != Draining::kNo) return;
  draining_ = Draining::kNoticeSent;
  nghttp2_submit_shutdown_notice(session_.get());
  goaway_timer_.Start(kGoawayWait, [this] { SecondGoaway(); });
  SchedulePump();
}

// Requests that crossed the first GOAWAY have arrived; later ones are not taken, and
// the client knows which.
void H2Session::SecondGoaway() {
  if (closed_ || draining_ != Draining::kNoticeSent) return;
  draining_ = Draining::kFinal;
  goaway_timer_.Stop();
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
  SchedulePump();
}

void H2Session::EndCalmly(uint32_t error) {
  nghttp2_session_terminate_session(session_.get(), error);
}

void H2Session::CloseIfDone() {
  if (closed_) return;
  const bool nghttp2_done = nghttp2_session_want_read(session_.get()) == 0 &&
                            nghttp2_session_want_write(session_.get()) == 0;
  const bool drained = draining_ == Draining::kFinal && streams_.empty() &&
                       nghttp2_session_want_write(session_.get()) == 0;
  if (nghttp2_done || drained) CloseNow(false);
}

void H2Session::CloseNow(bool abort) {
  if (std::exchange(closed_, true)) return;
  tick_.Stop();
  goaway_timer_.Stop();
  if (abort) {
    context_.transport.Abort();
  } else {
    context_.transport.Flush();
    context_.transport.Close();
  }
  dead_streams_ = std::exchange(streams_, {});
  for (const H2StreamOwner& stream : dead_streams_) PartFrom(stream);
  context_.finished();
}

H2Stream* H2Session::Find(int32_t id) {
  if (found_ == nullptr || found_->id() != id) {
    found_ = static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session_.get(), id));
  }
  return found_;
}

// ---- Time

void H2Session::Tick() {
  const SteadyTime now = Now();
  const Micros since_tick = now - std::exchange(last_tick_, now);
  budget_.SecondsPassed(
      static_cast<uint64_t>(std::chrono::duration_cast<Seconds>(since_tick).count()));
  const bool stalls = ConnectionStalls(now);
  if (stalls && !context_.transport.writable()) {
    if (!streams_.empty()) Count(context_.options.counters.stalled_streams);
    return CloseNow(true);
  }
  const bool no_preface = !settings_seen_ && now - idle_since_ >= limits().preface_timeout;
  const bool head_open =
      head_open_since_ != SteadyTime() && now - head_open_since_ >= limits().header_timeout;
  const bool idle = streams_.empty() && now - idle_since_ >= limits().idle_timeout;
  if (no_preface || head_open || idle) {
    EndCalmly(NGHTTP2_NO_ERROR);
  } else {
    const std::vector<H2StreamOwner> open = streams_;
    for (const auto& stream : open) {
      if (!closed_) CheckStream(*stream, now, since_tick, stalls);
    }
  }
  Pump();
  if (closed_) return;
  RestIfIdle(now);
  const Micros idle_left =
      std::chrono::duration_cast<Micros>(limits().idle_timeout - (now - idle_since_));
  // Without any idle time left it waits for a client that does not read our GOAWAY.
  const bool busy = !streams_.empty() || !settings_seen_ || head_open_since_ != SteadyTime() ||
                    idle_left <= Micros(0);
  tick_.Start(busy ? kBusyTick : std::min(kIdleTick, idle_left), [this] { Tick(); });
}

// Once for each time that it falls idle.
void H2Session::RestIfIdle(SteadyTime now) {
  const bool idle = streams_.empty() && now - idle_since_ >= kBusyTick / 2 &&
                    nghttp2_session_want_write(session_.get()) == 0;
  if (idle && std::exchange(rested_since_, idle_since_) != idle_since_) Rest();
}

void H2Session::Rest() {
  memory_.Rest();
  encoder_.Rest();
  last_head_ = nullptr;
  same_head_ = false;
  last_lines_.Release();
  lines_.Release();
  waiting_.shrink_to_fit();
}

// The client takes nothing of what waits behind the connection's window or in the
// transport, or too little. What counts is what its kernel has taken: the transport moves
// bytes in lumps that a slow link needs long for.
bool H2Session::ConnectionStalls(SteadyTime now) {
  bool waits = !context_.transport.writable();
  bool any_rate = !streams_.empty();
  for (const auto& stream : streams_) {
    waits = waits || (stream->waits_for_client() && WindowIsShut());
    any_rate = any_rate && stream->any_rate_;
  }
  return intake_.Stalls(now, waits, waits ? context_.transport.delivered() : 0, any_rate);
}

// The request's body does not come, or too slowly, though we would take it.
bool H2Session::BodyStalls(H2Stream& stream, SteadyTime now, Micros since_tick) const {
  const bool we_hold_it_back = stream.unconsumed_ > limits().stream_window / 2 ||
                               unconsumed_ > limits().connection_window / 2;
  const bool its_turn = stream.asked_ == H2Stream::Asked::kHanded && !stream.body_ended_;
  if (!its_turn || we_hold_it_back) return false;
  stream.upload_.Owed(since_tick);
  return stream.upload_.too_slow() || now - stream.body_progress_ >= limits().body_timeout;
}

// The stream's own window stays shut with bytes waiting behind it, or opens by crumbs.
bool H2Session::AnswerStalls(H2Stream& stream, SteadyTime now) const {
  const bool shut = nghttp2_session_get_stream_remote_window_size(session_.get(), stream.id()) <= 0;
  return stream.intake_.Stalls(now, shut && stream.waits_for_client(), stream.body_sent_,
                               stream.any_rate_);
}

void H2Session::CheckStream(H2Stream& stream, SteadyTime now, Micros since_tick,
                            bool connection_stalls) {
  nghttp2_session* const session = session_.get();
  if (stream.session_ == nullptr) {
    if (now - stream.lingers_since_ < kBusyTick) return;
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream.id(), NGHTTP2_NO_ERROR);
    return;
  }
  if (BodyStalls(stream, now, since_tick)) {
    if (stream.responded_) return ResetStream(stream);
    Problem problem;
    problem.status = 408;
    problem.detail = "The rest of the request's body did not come in time.";
    return Refuse(stream, problem);
  }
  const bool alone = AnswerStalls(stream, now);
  if (!alone && !(connection_stalls && stream.waits_for_client())) return;
  Count(context_.options.counters.stalled_streams);
  stream.reset_by_us_ = true;
  nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream.id(), NGHTTP2_CANCEL);
}

// ---- Making

struct H2Session::Callbacks {
  static H2Session& Self(void* user) { return *static_cast<H2Session*>(user); }

  static int BeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& self = Self(user);
    if (self.closed_) return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) self.OnHeadersBegin(frame->hd.stream_id);
    return 0;
  }
  static int Header(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                    nghttp2_rcbuf* value, uint8_t, void* user) {
    H2Session& self = Self(user);
    if (self.closed_) return NGHTTP2_ERR_CALLBACK_FAILURE;
    const bool head = frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    if (head && self.same_head_ && self.last_lines_.Is(self.same_lines_, name, value)) {
      ++self.same_lines_;
    } else if (H2Stream* stream = self.Find(frame->hd.stream_id)) {
      self.OnField(*stream, head, name, value);
    }
    return 0;
  }
  // Names and values that RFC 9113 8.2.1 forbids make the request malformed.
  static int InvalidHeader(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t,
                           const uint8_t*, size_t, uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  static int FrameReceived(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& self = Self(user);
    if (self.closed_) return NGHTTP2_ERR_CALLBACK_FAILURE;
    const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_SETTINGS:
        self.settings_seen_ = true;
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) self.OnSettings();
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) self.OnPingAck();
        break;
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA:
        if (H2Stream* stream = self.Find(frame->hd.stream_id)) {
          Message(self, *stream, *frame, end);
        }
        break;
      default: break;
    }
    return 0;
  }
  static void Message(H2Session& self, H2Stream& stream, const nghttp2_frame& frame, bool end) {
    if (frame.hd.type == NGHTTP2_DATA) {
      if (end) self.OnBodyEnd(stream);
    } else if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
      self.OnRequestHeaders(stream, end);
    } else if (end) {
      self.OnBodyEnd(stream);
    }
  }
  static int DataChunk(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size,
                       void* user) {
    H2Session& self = Self(user);
    if (self.closed_) return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (H2Stream* stream = self.Find(id)) {
      self.OnData(*stream, {reinterpret_cast<const char*>(data), size});
    } else {
      nghttp2_session_consume_connection(self.session_.get(), size);
    }
    return 0;
  }
  static int StreamClose(nghttp2_session*, int32_t id, uint32_t, void* user) {
    Self(user).OnStreamClosed(id);
    return 0;
  }
  static int FrameSent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& self = Self(user);
    if (!self.closed_) self.OnFrameSent(*frame);
    return 0;
  }
  static int SendData(nghttp2_session*, nghttp2_frame*, const uint8_t* header, size_t size,
                      nghttp2_data_source* source, void* user) {
    H2Session& self = Self(user);
    if (self.closed_) return NGHTTP2_ERR_CALLBACK_FAILURE;
    const bool written = self.WriteData(*static_cast<H2Stream*>(source->ptr),
                                        {reinterpret_cast<const char*>(header), 9}, size);
    return written ? 0 : NGHTTP2_ERR_WOULDBLOCK;
  }
  static ssize_t DataSize(nghttp2_session*, uint8_t, int32_t, int32_t session_window,
                          int32_t stream_window, uint32_t max_frame, void*) {
    // More would keep others of the connection waiting; less costs a 16 KiB body a frame more.
    constexpr int32_t kMostPayload = 16 * 1024;
    return std::min({session_window, stream_window, static_cast<int32_t>(max_frame), kMostPayload});
  }
  static ssize_t ReadBody(nghttp2_session*, int32_t, uint8_t*, size_t max, uint32_t* flags,
                          nghttp2_data_source* source, void* user) {
    return Self(user).ReadBody(*static_cast<H2Stream*>(source->ptr), max, flags);
  }

  static nghttp2_session_callbacks* Table() {
    static nghttp2_session_callbacks* const table = [] {
      nghttp2_session_callbacks* made = nullptr;
      SKERRY_CHECK(nghttp2_session_callbacks_new(&made) == 0);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, BeginHeaders);
      nghttp2_session_callbacks_set_on_header_callback2(made, Header);
      nghttp2_session_callbacks_set_on_invalid_header_callback(made, InvalidHeader);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, FrameReceived);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, DataChunk);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, StreamClose);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, FrameSent);
      nghttp2_session_callbacks_set_send_data_callback(made, SendData);
      nghttp2_session_callbacks_set_data_source_read_length_callback(made, DataSize);
      return made;
    }();
    return table;
  }

  static const nghttp2_option* Options() {
    static const nghttp2_option* const options = [] {
      nghttp2_option* made = nullptr;
      SKERRY_CHECK(nghttp2_option_new(&made) == 0);
      nghttp2_option_set_no_auto_window_update(made, 1);
      nghttp2_option_set_no_closed_streams(made, 1);
      nghttp2_option_set_stream_reset_rate_limit(made, kUnlimitedResets, kUnlimitedResets);
      nghttp2_option_set_builtin_recv_extension_type(made, NGHTTP2_PRIORITY_UPDATE);
      return made;
    }();
    return options;
  }
};

H2Session::H2Session(SessionContext context)
    : context_(std::move(context)),
      budget_(limits().glitch_budget, limits().glitch_refill_per_request),
      tick_(context_.loop),
      goaway_timer_(context_.loop),
      idle_since_(Now()),
      last_tick_(idle_since_),
      intake_(limits().response_rate, limits().stalled_write_timeout) {
  nghttp2_session* made = nullptr;
  SKERRY_CHECK(nghttp2_session_server_new3(&made, Callbacks::Table(), this, Callbacks::Options(),
                                           memory_.functions()) == 0);
  session_.reset(made);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits().streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits().stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits().header_bytes)},
      // Streams are ordered by RFC 9218 alone, which nghttp2 reads from `priority`.
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(limits().connection_window));
  tick_.Start(kBusyTick, [this] { Tick(); });
  SchedulePump();
}

// The data provider of an answer; here because it names a callback.
void H2Session::SubmitResponse(H2Stream& stream) {
  nghttp2_data_provider body{};
  body.source.ptr = &stream;
  body.read_callback = Callbacks::ReadBody;
  SubmitHead(stream, &body);
}

}  // namespace skerry::http
