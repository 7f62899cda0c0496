// The receiving half of H2Session: frames become requests.
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <utility>

#include "core/http/server/h2_session.h"
#include "core/http/server/request_check.h"

namespace skerry::http {
namespace {

// Bytes of a header block that cost as much as a frame without use: HPACK makes 4 KB out
// of one. The largest head that is allowed earns back what it costs when it is answered.
constexpr uint32_t kHeadBytesPerUnit = 4096;

}  // namespace

// Looks at every frame that begins in these bytes. False when the connection is
// ended and the bytes are worth nothing.
bool H2Session::ScanFrames(std::string_view bytes) {
  while (const std::optional<H2FrameHeader> frame = scanner_.Next(&bytes)) {
    if (!PayFor(*frame)) {
      EndFlood();
      return false;
    }
    const bool head = frame->type == NGHTTP2_HEADERS || frame->type == NGHTTP2_CONTINUATION;
    if (head) {
      const bool ends = (frame->flags & NGHTTP2_FLAG_END_HEADERS) != 0;
      if (ends) {
        head_open_since_ = {};
      } else if (head_open_since_ == SteadyTime()) {
        head_open_since_ = Now();
      }
    }
    if (frame->type == NGHTTP2_HEADERS && frame->stream % 2 == 1 && !KnowsStream(frame->stream)) {
      EndCalmly(NGHTTP2_PROTOCOL_ERROR);
      return false;
    }
  }
  return true;
}

// False for a stream number that the client has skipped before.
bool H2Session::KnowsStream(uint32_t stream) {
  const H2StreamLedger::Verdict verdict = ledger_.Headers(stream);
  // Trailers, or a head that nghttp2 decodes and drops.
  const bool dropped = verdict == H2StreamLedger::Verdict::kSeen &&
                       std::none_of(streams_.begin(), streams_.end(), [stream](const auto& open) {
                         return open->id() == static_cast<int32_t>(stream);
                       });
  if (dropped) Glitch(1);
  return verdict != H2StreamLedger::Verdict::kSkipped;
}

// What costs work and asks for none. False when the budget is used up.
bool H2Session::PayFor(const H2FrameHeader& frame) {
  const bool end_stream = (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  const bool ack = (frame.flags & NGHTTP2_FLAG_ACK) != 0;
  switch (frame.type) {
    case NGHTTP2_DATA:
      return (frame.length > 0 && !frame.only_padding) || end_stream || budget_.Spend();
    // Pays when it turns out to be odd; what its bytes unfold to is work in any case.
    case NGHTTP2_HEADERS: return budget_.Spend(frame.length / kHeadBytesPerUnit);
    case NGHTTP2_CONTINUATION: return budget_.Spend(1 + frame.length / kHeadBytesPerUnit);
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PING: return ack || budget_.Spend();
    default: return budget_.Spend();
  }
}

void H2Session::Glitch(uint32_t amount) {
  if (!closed_ && !budget_.Spend(amount)) EndFlood();
}

void H2Session::EndFlood() {
  if (!std::exchange(flooded_, true)) Count(context_.options.counters.glitch_closures);
  EndCalmly(NGHTTP2_ENHANCE_YOUR_CALM);
}

void H2Session::OnHeadersBegin(int32_t id) {
  auto stream = std::make_shared<H2Stream>(this, id, *context_.facts, limits(), received_at_);
  nghttp2_session_set_stream_user_data(session_.get(), id, stream.get());
  stream->place_ = streams_.size();
  found_ = stream.get();
  streams_.emplace_back(std::move(stream));
  block_.Clear();
  lines_.Clear();
  same_head_ = last_head_ != nullptr;
  same_lines_ = 0;
  reading_head_ = true;
}

// A field of a head that is not the next one of the last head in the same buffers, or of
// trailers.
void H2Session::OnField(H2Stream& stream, bool head, nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
  const bool path = HeadLines::TextOf(name) == ":path";
  if (!head || path) {
    return stream.AddField(HeadLines::TextOf(name), HeadLines::TextOf(value), limits(), block_);
  }
  if (same_head_ && last_lines_.Equals(same_lines_, name, value)) {
    ++same_lines_;
    return;
  }
  LeaveLastHead(stream);
  NoteField(stream, name, value);
}

void H2Session::NoteField(H2Stream& stream, nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
  stream.AddField(HeadLines::TextOf(name), HeadLines::TextOf(value), limits(), block_);
  lines_.Add(name, value);
}

// It is another head after all.
void H2Session::LeaveLastHead(H2Stream& stream) {
  if (!std::exchange(same_head_, false)) return;
  for (size_t i = 0; i < same_lines_; ++i) {
    NoteField(stream, last_lines_.name(i), last_lines_.value(i));
  }
}

void H2Session::OnRequestHeaders(H2Stream& stream, bool end_of_body) {
  reading_head_ = false;
  stream.body_ended_ = end_of_body;
  stream.body_progress_ = stream.begun_;
  if (!IsKnownHead(stream)) return CheckHead(stream);
  known_authority_ = stream.common_->head.authority;
  if (const auto problem = ObjectionToPath(stream.path_, stream.method(), limits().path_bytes)) {
    return Refuse(stream, *problem);
  }
  HandOver(stream, Expectation::kNone);
}

// Has all but its path been read and checked before?
bool H2Session::IsKnownHead(H2Stream& stream) {
  if (same_head_ && same_lines_ == last_lines_.size()) {
    stream.common_ = last_head_;
    return true;
  }
  LeaveLastHead(stream);
  if (stream.too_many_fields(limits())) return false;
  stream.common_ = HeadMemo::OfThread().Find(block_.bytes());
  if (stream.common_ != nullptr && stream.common_->head.scheme != context_.options.scheme) {
    stream.common_ = nullptr;
  }
  if (stream.common_ == nullptr) return false;
  if (lines_.complete()) {
    last_head_ = stream.common_;
    last_lines_.Swap(lines_);
  }
  lines_.Clear();
  return true;
}

void H2Session::CheckHead(H2Stream& stream) {
  stream.ReadHead(block_);
  RequestHead& head = stream.head_;
  if (stream.too_many_fields(limits())) {
    // Decoding them was work, whatever they compressed to.
    Glitch(static_cast<uint32_t>(stream.field_count_ / limits().header_count));
    return Refuse(stream, ProblemOf(H1Flaw::kTooManyFields));
  }
  if (const auto host = head.fields.Find("host")) {
    if (head.authority.empty()) head.authority = *host;
    if (!EqualsIgnoreCase(head.authority, *host)) {
      Problem problem;
      problem.status = 400;
      problem.detail = "Host differs from :authority.";
      return Refuse(stream, problem);
    }
    head.fields.Remove("host");
  }
  RemoveHopByHop(head.fields);
  JoinCookies(head.fields);
  if (const auto problem =
          Objection(head, context_.options.scheme, limits().path_bytes, known_authority_)) {
    return Refuse(stream, *problem);
  }
  known_authority_ = head.authority;
  Hand(stream);
}

// Gives a checked request to the program, unless it wants what we do not give.
void H2Session::Hand(H2Stream& stream) {
  const Expectation expectation = TakeExpectation(stream.head_.fields);
  Problem problem;
  if (expectation == Expectation::kUnknown) {
    problem.status = 417;
    return Refuse(stream, problem);
  }
  if (const auto length = stream.head_.fields.Find("content-length")) {
    if (ParseDecimal(*length).value_or(UINT64_MAX) > limits().body_bytes) {
      problem.status = 413;
      problem.detail = "A body has at most " + std::to_string(limits().body_bytes) + " bytes.";
      return Refuse(stream, problem);
    }
  } else if (expectation == Expectation::kNone) {
    HeadMemo::OfThread().Put(block_.bytes(), stream.head_);
  }
  HandOver(stream, expectation);
}

void H2Session::HandOver(H2Stream& stream, Expectation expectation) {
  // Nothing more comes of it: it waits for the end of what has been read, and never begins if it
  // is reset in there.
  if (!stream.body_ended_) return Begin(stream, expectation);
  stream.waiting_place_ = waiting_.size();
  waiting_.push_back(&stream);
}

void H2Session::HandOverWaiting() {
  for (H2Stream* const stream : waiting_) {
    if (closed_) break;
    if (stream == nullptr) continue;
    stream->waiting_place_ = H2Stream::kNoPlace;
    found_ = stream;
    Begin(*stream, Expectation::kNone);
  }
  waiting_.clear();
}

void H2Session::Begin(H2Stream& stream, Expectation expectation) {
  stream.asked_ = H2Stream::Asked::kHanded;
  // Whatever the program does: streams stay with the session while it receives.
  auto events = context_.on_request(streams_[stream.place_].stream());
  if (closed_ || stream.session_ == nullptr) {
    if (events != nullptr) events->OnGone(false);
    return;
  }
  stream.events_ = std::move(events);
  if (stream.events_ == nullptr) return stream.Reset();
  const bool will_read = !stream.body_ended_ && !stream.responded_;
  if (expectation == Expectation::kContinue && will_read) stream.SendInterim({100, {}});
}

// The session answers by itself; the program hears that its stream is gone.
void H2Session::Refuse(H2Stream& stream, const Problem& problem) {
  Count(context_.options.counters.bad_requests);
  Glitch(1);
  stream.asked_ = H2Stream::Asked::kRefused;
  if (const auto events = std::exchange(stream.events_, nullptr)) events->OnGone(false);
  if (stream.session_ == nullptr) return;
  Consume(stream, std::exchange(stream.unconsumed_, 0));
  stream.Respond(ProblemResponse(problem, context_.loop.clock().Wall()));
}

void H2Session::OnData(H2Stream& stream, std::string_view bytes) {
  stream.body_progress_ = Now();
  stream.upload_.Moved(bytes.size());
  stream.body_received_ += bytes.size();
  unconsumed_ += bytes.size();
  budget_.Transferred(bytes.size());
  if (stream.session_ == nullptr) {
    // Answered already: at most a window of it still comes.
    stream.unconsumed_ += bytes.size();
    return ReleaseWindow(stream);
  }
  if (stream.events_ == nullptr || stream.reset_by_us_) return Consume(stream, bytes.size());
  stream.unconsumed_ += bytes.size();
  if (stream.body_received_ <= limits().body_bytes) {
    const auto events = stream.events_;
    return events->OnBody(bytes);
  }
  if (stream.responded_) return ResetStream(stream);
  Problem problem;
  problem.status = 413;
  problem.detail = "A body has at most " + std::to_string(limits().body_bytes) + " bytes.";
  Refuse(stream, problem);
}

void H2Session::OnBodyEnd(H2Stream& stream) {
  stream.body_ended_ = true;
  if (const auto events = stream.events_) {
    RemoveHopByHop(stream.trailers_);
    events->OnBodyEnd(std::move(stream.trailers_));
  }
}

// nghttp2 tells the client in its next block that the table has this size.
void H2Session::OnSettings() {
  encoder_.SetTableSize(
      nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_HEADER_TABLE_SIZE));
}

void H2Session::OnPingAck() {
  if (draining_ == Draining::kNoticeSent) SecondGoaway();
}

}  // namespace skerry::http
