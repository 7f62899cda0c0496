// The sending half of H2Session: answers become frames.
#include <nghttp2/nghttp2.h>

#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "core/http/server/h2_lines.h"
#include "core/http/server/h2_session.h"

namespace skerry::http {
namespace {

// A large body on a fast connection lets the others of the loop have their turn.
constexpr size_t kPumpBytes = 512 * 1024;

// Heads of more than that are left to nghttp2, which makes several frames of them. A frame
// of 16 KiB may be sent to everybody (RFC 9113 4.2).
constexpr size_t kMostInOneFrame = 15 * 1024;
constexpr size_t kFrameHeader = 9;
// What nghttp2 puts into a frame of its own: header, announcements of the table's size, status.
constexpr size_t kMostOfStatus = 64;
constexpr size_t kMostLengthLine = HpackEncoder::MostBytes(14, 20);

// The dynamic table belongs to `encoder_`.
nghttp2_nv Copied(std::string_view name, std::string_view value) {
  nghttp2_nv line = Reference(name, value);
  line.flags = NGHTTP2_NV_FLAG_NO_INDEX;
  return line;
}

// Calls take(name, value) for the fields of an answer that is not prepared, in the order they
// are sent.
template <class Take>
void ForEachField(const H2Stream& stream, Take take) {
  for (const Fields* list : stream.response_.lists()) {
    if (list == nullptr) continue;
    for (const Field& field : *list) take(field.name, field.value);
  }
  const std::string_view length = stream.length_text_.view();
  if (!length.empty()) take("content-length", length);
}

}  // namespace

// A HEADERS frame on its way out: what nghttp2 made of it goes before the fields. Each Pump
// has one to itself; the thread keeps one for the next.
class H2Session::OutgoingHead {
 public:
  static std::unique_ptr<OutgoingHead> Take() {
    auto taken = std::move(Spare());
    return taken != nullptr ? std::move(taken) : std::make_unique<OutgoingHead>();
  }
  static void Return(std::unique_ptr<OutgoingHead> head) {
    head->size_ = 0;
    Spare() = std::move(head);
  }

  // Room for a block of kMostInOneFrame. Where the fields begin, and where they end by now.
  char* begin() { return room_.data() + kMostOfStatus; }
  void SetEnd(char* end) { size_ = static_cast<size_t>(end - begin()); }
  size_t size() const { return size_; }

  // The frame with its fields, which are gone after that.
  std::string_view Complete(std::string_view frame) {
    SKERRY_CHECK(frame.size() <= kMostOfStatus);
    char* const whole = begin() - frame.size();
    memcpy(whole, frame.data(), frame.size());
    const size_t payload = frame.size() - kFrameHeader + size_;
    whole[0] = static_cast<char>(payload >> 16);
    whole[1] = static_cast<char>(payload >> 8);
    whole[2] = static_cast<char>(payload);
    return {whole, frame.size() + std::exchange(size_, 0)};
  }

 private:
  static std::unique_ptr<OutgoingHead>& Spare() {
    thread_local std::unique_ptr<OutgoingHead> spare;
    return spare;
  }

  size_t size_ = 0;
  std::array<char, kMostOfStatus + kMostInOneFrame> room_;
};

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
    const PreparedHead& prepared = *response.prepared;
    if (!MayHaveBody(stream.method(), prepared.status())) response.body = nullptr;
    if (response.body != nullptr) stream.length_ = prepared.length();
    const PreparedHead::H2Lines& h2 = prepared.h2_lines();
    return SubmitStatus(stream, h2.status_line, h2.rest.bytes_at_most(), body);
  }
  stream.status_.Set(static_cast<uint64_t>(response.status));
  std::optional<std::string_view> length = DeclaredLength(response.lists());
  const bool no_length = response.status == 204 || response.status == 304;
  if (!length && response.body != nullptr && response.body->length() && !no_length) {
    stream.length_text_.Set(*response.body->length());
    length = stream.length_text_.view();
  }
  if (!MayHaveBody(stream.method(), response.status)) response.body = nullptr;
  if (response.body != nullptr && length) stream.length_ = ParseDecimal(*length);
  SubmitStatus(stream, StatusLine(response.status, stream.status_),
               BlockBytesAtMost(response.lists()) + kMostLengthLine, body);
}

// nghttp2 gets the status, which is all that it wants; the fields join it on its way out,
// when its frame has been made.
void H2Session::SubmitStatus(H2Stream& stream, const nghttp2_nv& status, size_t bytes_at_most,
                             const nghttp2_data_provider* body) {
  if (bytes_at_most > kMostInOneFrame) {
    thread_local std::vector<nghttp2_nv> lines;
    lines = {status};
    const auto add = [](std::string_view name, std::string_view value) {
      lines.push_back(ReferenceUnindexed(name, value));
    };
    if (stream.response_.prepared != nullptr) {
      for (const HpackLine& line : stream.response_.prepared->h2_lines().rest.lines()) {
        add(line.name(), line.value());
      }
    } else {
      ForEachField(stream, add);
    }
    return SubmitLines(stream, lines.data(), lines.size(), body);
  }
  stream.fields_waiting_ = true;
  SubmitLines(stream, &status, 1, body);
}

void H2Session::SubmitLines(H2Stream& stream, const nghttp2_nv* lines, size_t count,
                            const nghttp2_data_provider* body) {
  const bool has_body = stream.response_.body != nullptr;
  const int submitted =
      nghttp2_submit_response(session_.get(), stream.id(), lines, count, has_body ? body : nullptr);
  if (submitted != 0) return ResetStream(stream);
  SchedulePump();
}

// The frame is made, and what Pump gets next. Its stream may be closed by then: what
// belongs to it is worked out here.
void H2Session::EncodeFields(H2Stream& stream, const nghttp2_headers& headers) {
  const bool interim = headers.nvlen > 0 && *headers.nva[0].value == '1';
  if (interim || !std::exchange(stream.fields_waiting_, false)) return;
  char* to = head_->begin();
  if (stream.response_.prepared != nullptr) {
    to = encoder_.Write(stream.response_.prepared->h2_lines().rest, to);
  } else {
    ForEachField(stream, [&](std::string_view name, std::string_view value) {
      to = encoder_.Write(name, value, to);
    });
  }
  head_->SetEnd(to);
  stream.bytes_sent_ += head_->size();
}

// A whole frame, as nghttp2 made it, with the fields that belong to it.
void H2Session::WriteFrame(std::string_view frame) {
  context_.transport.Write(head_->size() == 0 ? frame : head_->Complete(frame));
}

// Asked for at the first wait: bodies in memory never do.
void H2Session::AskToBeWoken(H2Stream& stream) {
  if (std::exchange(stream.wake_asked_, true)) return;
  const std::weak_ptr<ServerStream> weak = streams_[stream.place_].stream();
  stream.response_.body->WakeWith([weak] {
    const std::shared_ptr<ServerStream> held = weak.lock();
    if (held == nullptr) return;
    const auto& woken = static_cast<const H2Stream&>(*held);
    if (woken.session_ == nullptr) return;
    H2Session& session = *woken.session_;
    nghttp2_session_resume_data(session.session_.get(), woken.id());
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
  pumped_at_.reset();
  held_back_ = false;
  data_written_ = 0;
  std::unique_ptr<OutgoingHead> head = OutgoingHead::Take();
  head_ = head.get();
  const bool sound = WriteFrames();
  head_ = nullptr;
  OutgoingHead::Return(std::move(head));
  pumping_ = false;
  if (!sound) return CloseNow(true);
  if (closed_) return;
  net::Transport& transport = context_.transport;
  transport.Flush();
  if (!transport.writable()) return;
  if (held_back_) {
    SchedulePump();
  } else {
    CloseIfDone();
  }
}

// All that nghttp2 has and the transport takes. False when nghttp2 is at its end.
bool H2Session::WriteFrames() {
  while (context_.transport.writable()) {
    const uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &data);
    if (size < 0) return false;
    if (size == 0) break;
    WriteFrame({reinterpret_cast<const char*>(data), static_cast<size_t>(size)});
  }
  return true;
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
  if (frame.hd.type == NGHTTP2_HEADERS) {
    stream->bytes_sent_ += frame.hd.length + kFrameHeader;
    EncodeFields(*stream, frame.headers);
  }
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
  stream->answer_sent_ = true;
  if (stream->asked_ == H2Stream::Asked::kHanded) budget_.Answered();
  if (stream->body_ended_) return;
  // An answer before the end of the request. The rest is not wanted (RFC 9113 8.1),
  // but a reset at once makes some clients (curl 7.88) lose the answer: Tick sends it.
  stream->lingers_since_ = Now();
  ReleaseWindow(*stream);
  const H2StreamOwner held = streams_[stream->place_];
  PartFrom(held);
}

// One look at the clock for all answers that end in the same Pump.
SteadyTime H2Session::PumpNow() {
  if (!pumping_) return Now();
  if (!pumped_at_) pumped_at_ = Now();
  return *pumped_at_;
}

// Nothing more is said of it; those who have it may keep it.
void H2Session::PartFrom(const H2StreamOwner& stream) {
  if (!stream.alone()) stream->Keep(context_.facts);
  stream->Gone(stream->answer_sent_, PumpNow());
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
  const H2StreamOwner stream = std::move(streams_[place]);
  if (place + 1 < streams_.size()) {
    streams_[place] = std::move(streams_.back());
    streams_[place]->place_ = place;
  }
  streams_.pop_back();
  if (streams_.empty()) idle_since_ = PumpNow();
  if (stream->waiting_place_ != H2Stream::kNoPlace) waiting_[stream->waiting_place_] = nullptr;
  ReleaseWindow(*stream);
  PartFrom(stream);
}

}  // namespace skerry::http
