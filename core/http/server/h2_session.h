// The server side of one HTTP/2 connection, on nghttp2, which stays behind this
// header and h2_*.cc.
//
// Bytes come in by OnBytes: first past the frame scanner, which pays for every
// frame without purpose from the glitch budget, then into nghttp2, whose callbacks
// make streams of them. Answers are only submitted there; Pump sends what nghttp2
// has ready, once per readable event or posted turn, so that many small answers
// share records and system calls. DATA goes from the body to the transport without
// a copy inside nghttp2, names and values of fields neither.
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <optional>
#include <vector>

#include "core/http/server/glitch_budget.h"
#include "core/http/server/h2_frame_scanner.h"
#include "core/http/server/h2_memory.h"
#include "core/http/server/h2_stream.h"
#include "core/http/server/head_lines.h"
#include "core/http/server/hpack_encoder.h"
#include "core/http/server/request_check.h"
#include "core/http/server/server_session.h"

namespace skerry::http {

class H2Session : public ServerSession {
 public:
  explicit H2Session(SessionContext context);
  ~H2Session() override;

  void OnBytes(std::string_view bytes) override;
  void OnWritable() override;
  void OnEnd() override;
  void OnLost() override;
  void Drain() override;

  // ---- For streams
  void SubmitInterim(H2Stream& stream, const ResponseHead& head);
  void SubmitResponse(H2Stream& stream);
  void Consume(H2Stream& stream, size_t count);
  void ResetStream(H2Stream& stream);

 private:
  // nghttp2's callbacks, each a thin door to the method of the same purpose.
  struct Callbacks;
  friend struct Callbacks;
  struct SessionDeleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };
  class OutgoingHead;
  enum class Draining : uint8_t { kNo, kNoticeSent, kFinal };

  // ---- Receiving (h2_receive.cc)
  bool ScanFrames(std::string_view bytes);
  bool PayFor(const H2FrameHeader& frame);
  bool KnowsStream(uint32_t stream);
  void OnHeadersBegin(int32_t id);
  void OnRequestHeaders(H2Stream& stream, bool end_of_body);
  void OnField(H2Stream& stream, bool head, nghttp2_rcbuf* name, nghttp2_rcbuf* value);
  void NoteField(H2Stream& stream, nghttp2_rcbuf* name, nghttp2_rcbuf* value);
  void LeaveLastHead(H2Stream& stream);
  bool IsKnownHead(H2Stream& stream);
  void CheckHead(H2Stream& stream);
  void OnData(H2Stream& stream, std::string_view bytes);
  void OnBodyEnd(H2Stream& stream);
  void OnSettings();
  void OnPingAck();
  void Refuse(H2Stream& stream, const Problem& problem);
  void Hand(H2Stream& stream);
  void HandOver(H2Stream& stream, Expectation expectation);
  void HandOverWaiting();
  void Begin(H2Stream& stream, Expectation expectation);
  void Glitch(uint32_t amount);
  void EndFlood();

  // ---- Sending (h2_send.cc)
  void Pump();
  void SchedulePump();
  ssize_t ReadBody(H2Stream& stream, size_t max, uint32_t* flags);
  void AskToBeWoken(H2Stream& stream);
  void ReleaseWindow(H2Stream& stream);
  bool WriteData(H2Stream& stream, std::string_view header, size_t size);
  void OnFrameSent(const nghttp2_frame& frame);
  void OnStreamClosed(int32_t id);
  void PartFrom(const H2StreamOwner& stream);
  SteadyTime PumpNow();
  void SubmitHead(H2Stream& stream, const nghttp2_data_provider* body);
  void SubmitStatus(H2Stream& stream, const nghttp2_nv& status, size_t bytes_at_most,
                    const nghttp2_data_provider* body);
  void SubmitLines(H2Stream& stream, const nghttp2_nv* lines, size_t count,
                   const nghttp2_data_provider* body);
  bool WriteFrames();
  void EncodeFields(H2Stream& stream, const nghttp2_headers& headers);
  void WriteFrame(std::string_view frame);

  // ---- Lifetime (h2_session.cc)
  void Tick();
  void RestIfIdle(SteadyTime now);
  void Rest();
  bool WindowIsShut() const { return nghttp2_session_get_remote_window_size(session_.get()) <= 0; }
  bool ConnectionStalls(SteadyTime now);
  void CheckStream(H2Stream& stream, SteadyTime now, Micros since_tick, bool connection_stalls);
  bool BodyStalls(H2Stream& stream, SteadyTime now, Micros since_tick) const;
  bool AnswerStalls(H2Stream& stream, SteadyTime now) const;
  void SecondGoaway();
  void EndCalmly(uint32_t error);
  void CloseIfDone();
  void CloseNow(bool abort);
  H2Stream* Find(int32_t id);
  SteadyTime Now() const { return context_.loop.clock().Steady(); }
  const SessionLimits& limits() const { return context_.options.limits; }

  SessionContext context_;
  H2Memory memory_;
  std::unique_ptr<nghttp2_session, SessionDeleter> session_;
  std::vector<H2StreamOwner> streams_;  // each knows its place
  // Of a closed session: nghttp2 may still be at work on one of them.
  std::vector<H2StreamOwner> dead_streams_;
  // For the end of OnBytes, to begin. Null: closed meanwhile.
  std::vector<H2Stream*> waiting_;
  H2Stream* found_ = nullptr;  // by the last Find, and open still
  H2FrameScanner scanner_;
  HeadBlock block_;  // of the head that is coming in
  HeadLines lines_;  // of that head
  // The last one that was known, and how far the one that is coming in is the same.
  HeadLines last_lines_;
  LocalPtr<SharedHead> last_head_;
  bool same_head_ = false;
  size_t same_lines_ = 0;
  bool reading_head_ = false;  // begun, and not at its end
  HpackEncoder encoder_;
  OutgoingHead* head_ = nullptr;  // within Pump
  H2StreamLedger ledger_;
  GlitchBudget budget_;
  std::string known_authority_;  // of the last request that passed
  net::Timer tick_;
  net::Timer goaway_timer_;
  Draining draining_ = Draining::kNo;
  bool receiving_ = false;  // inside nghttp2's receiving: Pump comes at its end
  bool pumping_ = false;    // inside Pump
  bool pump_posted_ = false;
  bool closed_ = false;
  bool flooded_ = false;
  bool settings_seen_ = false;
  SteadyTime head_open_since_{};  // epoch: no header block is unfinished
  SteadyTime received_at_;        // the bytes at hand
  std::optional<SteadyTime> pumped_at_;
  SteadyTime idle_since_;
  SteadyTime rested_since_{};  // the idle_since_ that memory was given back for
  SteadyTime last_tick_;
  Intake intake_;            // of the connection: its window and its transport
  size_t unconsumed_ = 0;    // of all streams
  size_t data_written_ = 0;  // in this Pump
  bool held_back_ = false;   // it had more to send
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace skerry::http
