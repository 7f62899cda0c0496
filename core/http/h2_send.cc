// The sending half of H2Session: answers become frames.
#include <nghttp2/nghttp2.h>

#include <utility>
#include <vector>

#include "core/http/h2_lines.h"
#include "core/http/h2_session.h"

namespace skerry::http {
namespace {

// A large body on a fast connection lets the others of the loop have their turn.
constexpr size_t kPumpBytes = 512 * 1024;

nghttp2_nv Copied(std::string_view name, std::string_view value) {
  nghttp2_nv line = Reference(name, value);
  line.flags = NGHTTP2_NV_FLAG_NONE;
  return line;
}

}  // namespace

void H2Session::SubmitInterim(H2Stream& stream, const ResponseHead& head) {
  Decimal status;
  status.Set(static_cast<uint64_t>(head.status));
  std::vector<nghttp2_nv> fields = {Copied(":status", status.view())};
  for (const Field& field : head.fields) fields.push_back(Copied(field.name, field.value));
  nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream.id(), nullptr, fields.data(),
                         fields.size(), nullptr);
  SchedulePump();
}

void H2Session::SubmitHead(H2Stream& stream, const nghttp2_data_provider* body) {
  Response& response = stream.response_;
  if (response.prepared != nullptr) {
    if (!MayHaveBody(stream.method(), response.prepared->status())) response.body = nullptr;
    if (response.body != nullptr) stream.length_ = response.prepared->length();
    return SubmitLines(stream, response.prepared->h2_lines().lines, body);
  }
  thread_local std::vector<nghttp2_nv> lines;
  lines.clear();
  stream.status_.Set(static_cast<uint64_t>(response.status));
  lines.push_back(Reference(":status", stream.status_.view()));
  std::optional<std::string_view> length = AddLines(response.lists(), lines);
  const bool no_length = response.status == 204 || response.status == 304;
  if (!length && response.body != nullptr && response.body->length() && !no_length) {
    stream.length_text_.Set(*response.body->length());
    length = stream.length_text_.view();
    lines.push_back(Reference("content-length", *length));
  }
  if (!MayHaveBody(stream.method(), response.status)) response.body = nullptr;
  if (response.body != nullptr && length) stream.length_ = ParseDecimal(*length);
  SubmitLines(stream, lines, body);
}

void H2Session::SubmitLines(H2Stream& stream, const std::vector<nghttp2_nv>& lines,
                            const nghttp2_data_provider* body) {
  const bool has_body = stream.response_.body != nullptr;
  const int submitted = nghttp2_submit_response(session_.get(), stream.id(), lines.data(),
                                                lines.size(), has_body ? body : nullptr);
  if (submitted != 0) return ResetStream(stream);
  SchedulePump();
}

// Asked for at the first wait: bodies in memory never do.
void H2Session::AskToBeWoken(H2Stream& stream) {
  if (std::exchange(stream.wake_asked_, true)) return;
  stream.response_.body->WakeWith([weak = std::weak_ptr<H2Stream>(streams_[stream.place_])] {
    const auto held = weak.lock();
    if (held == nullptr || held->session_ == nullptr) return;
    H2Session& session = *held->session_;
    nghttp2_session_resume_data(session.session_.get(), held->id());
    session.SchedulePump();
  });
}

void H2Session::Consume(H2Stream& stream, size_t count) {
  unconsumed_ -= count;
  stream.body_progress_ = Now();
  if (count == 0) return;
  nghttp2_session_consume(session_.get(), stream.id(), count);
  SchedulePump();
}

void H2Session::ResetStream(H2Stream& stream) {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id(), NGHTTP2_INTERNAL_ERROR);
  SchedulePump();
}

// Inside an event Pump follows anyway; elsewhere one posted turn serves all that
// is answered before it runs.
void H2Session::SchedulePump() {
  if (closed_ || receiving_ || pumping_ || std::exchange(pump_posted_, true)) return;
  context_.loop.Post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    pump_posted_ = false;
    if (!closed_) Pump();
  });
}

void H2Session::Pump() {
  if (closed_ || pumping_) return;
  pumping_ = true;
  held_back_ = false;
  data_written_ = 0;
  net::Transport& transport = context_.transport;
  while (transport.writable()) {
    const uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &data);
    if (size < 0) {
      pumping_ = false;
      return CloseNow(true);
    }
    if (size == 0) break;
    transport.Write({reinterpret_cast<const char*>(data), static_cast<size_t>(size)});
  }
  pumping_ = false;
  if (closed_) return;
  transport.Flush();
  if (!transport.writable()) return;
  if (held_back_) {
    SchedulePump();
  } else {
    CloseIfDone();
  }
}

// ---- Called by nghttp2 from within Pump

ssize_t H2Session::ReadBody(H2Stream& stream, size_t max, uint32_t* flags) {
  if (stream.response_.body == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const BodySource::Piece piece = stream.NextPiece(max);
  switch (piece.state) {
    case BodySource::State::kData:
      *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
      if (piece.last) *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(piece.bytes.size());
    case BodySource::State::kWait: AskToBeWoken(stream); return NGHTTP2_ERR_DEFERRED;
    case BodySource::State::kFailed:
      stream.reset_by_us_ = true;
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    case BodySource::State::kEnd: break;
  }
  *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_COPY;
  const Fields* trailers = stream.response_.body->trailers();
  if (trailers != nullptr && !trailers->empty()) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    std::vector<nghttp2_nv> lines;
    for (const Field& field : *trailers) lines.push_back(Copied(field.name, field.value));
    nghttp2_submit_trailer(session_.get(), stream.id(), lines.data(), lines.size());
  }
  return 0;
}

// False when the frame has to wait: nghttp2 sends DATA without returning to Pump.
bool H2Session::WriteData(H2Stream& stream, std::string_view header, size_t size) {
  held_back_ = data_written_ >= kPumpBytes;
  if (held_back_ || !context_.transport.writable()) return false;
  context_.transport.Write(header);
  if (size > 0) context_.transport.Write(stream.piece().bytes.substr(0, size));
  data_written_ += header.size() + size;
  budget_.Transferred(size);
  stream.Sent(size);
  return true;
}

void H2Session::OnFrameSent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_RST_STREAM) {
    const H2Stream* stream = Find(frame.hd.stream_id);
    const bool ours = stream != nullptr && stream->reset_by_us_;
    if (frame.rst_stream.error_code != NGHTTP2_NO_ERROR && !ours) Glitch(1);
    return;
  }
  if (frame.hd.type == NGHTTP2_GOAWAY && draining_ == Draining::kNoticeSent) {
    // Behind the notice, so that its answer says that the notice was read.
    nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
    return;
  }
  if (frame.hd.type != NGHTTP2_DATA && frame.hd.type != NGHTTP2_HEADERS) return;
  H2Stream* const stream = Find(frame.hd.stream_id);
  if (stream == nullptr) return;
  if (frame.hd.type == NGHTTP2_HEADERS) stream->bytes_sent_ += frame.hd.length + 9;
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
  stream->answer_sent_ = true;
  if (stream->asked_ == H2Stream::Asked::kHanded) budget_.Answered();
  if (stream->body_ended_) return;
  // An answer before the end of the request. The rest is not wanted (RFC 9113 8.1),
  // but a reset at once makes some clients (curl 7.88) lose the answer: Tick sends it.
  stream->lingers_since_ = Now();
  ReleaseWindow(*stream);
  const std::shared_ptr<H2Stream> held = streams_[stream->place_];
  stream->Gone(true);
}

void H2Session::ReleaseWindow(H2Stream& stream) {
  const size_t held = std::exchange(stream.unconsumed_, 0);
  unconsumed_ -= held;
  if (held > 0) nghttp2_session_consume_connection(session_.get(), held);
}

void H2Session::OnStreamClosed(int32_t id) {
  const H2Stream* const closed = closed_ ? nullptr : Find(id);
  if (closed == nullptr) return;
  found_ = nullptr;
  // The last one takes its place.
  const size_t place = closed->place_;
  const std::shared_ptr<H2Stream> stream = std::move(streams_[place]);
  if (place + 1 < streams_.size()) {
    streams_[place] = std::move(streams_.back());
    streams_[place]->place_ = place;
  }
  streams_.pop_back();
  if (streams_.empty()) idle_since_ = Now();
  ReleaseWindow(*stream);
  stream->Gone(stream->answer_sent_);
}

}  // namespace skerry::http
