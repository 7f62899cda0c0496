// A connected socket, with or without TLS: the work behind Transport.
//
// A Connection outlives its Transport while it sends what is left and lingers:
// then only its timer holds it. Thread: one loop.
//
//   kIdle ──Begin──▶ kHandshake ──▶ kOpen ──Close──▶ kLingering ──▶ kClosed
//                        └──────────────┴── failure, Abort ────────▶ kClosed
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/net/readiness.h"
#include "core/net/thread_buffers.h"
#include "core/net/tls_session.h"
#include "core/net/transport.h"

namespace skerry::net {

class Connection : public std::enable_shared_from_this<Connection>,
                   private Readiness::Events,
                   private TlsSession::Sink {
 public:
  // `tls` null: clear text. `side` is whose fault a failure is.
  Connection(SocketLoop& loop, Side side, std::shared_ptr<TlsContext> tls);
  ~Connection() override;

  void SetEvents(Transport::Events* events) { events_ = events; }
  // Takes a connected socket and shakes hands; OnConnected or OnFailed follow,
  // never from inside this call. `server_name`: for clients.
  void Begin(ScopedFd fd, const Address& peer, const std::string& server_name,
             Micros handshake_timeout);
  // Reports a failure (and closes), not from inside this call.
  void FailLater(Error error);

  void Write(std::string_view bytes);
  void Flush();
  bool writable() const { return state_ == State::kOpen && unsent_.empty() && !failing_; }
  uint64_t delivered() const;
  void PauseReading() { paused_ = true; }
  void ResumeReading();
  void Close();
  void Abort();

  std::string_view alpn() const { return tls_ ? tls_->alpn() : std::string_view(); }
  std::string_view server_name() const { return tls_ ? tls_->server_name() : std::string_view(); }
  const Address& peer() const { return peer_; }
  bool is_tls() const { return context_ != nullptr; }
  std::string tls_description() const { return tls_ ? tls_->Description() : std::string(); }

 private:
  enum class State : uint8_t { kIdle, kHandshake, kOpen, kLingering, kClosed };

  void OnReadable() override;
  void OnWritable() override;
  void AppendWire(std::string_view bytes) override;

  void Connected();
  void Process(std::string_view ciphertext);
  bool ShakeHands();
  void OpenRecords();
  bool Deliver(std::string_view plain);
  void Ended();
  void ReadOn();
  bool reading() const;

  ThreadBuffers& Claim();
  void Disown();
  void SealPlain(ThreadBuffers& buffers);
  void Send(std::string_view first, std::string_view second = {});

  void Linger();
  void LingerIfSent();
  void DiscardInput();
  void StartTimer(Micros delay);
  void Fail(Error error);
  void FailAndLinger(Error error);
  void CloseNow(bool reset);

  SocketLoop& loop_;
  const Side side_;
  const std::shared_ptr<TlsContext> context_;
  Transport::Events* events_ = nullptr;
  std::unique_ptr<Readiness> socket_;
  std::unique_ptr<TlsSession> tls_;
  Address peer_;
  State state_ = State::kIdle;
  bool paused_ = false;
  bool resuming_ = false;  // a task to read what was held back is posted
  bool input_ended_ = false;
  bool failing_ = false;      // OnFailed is posted
  bool was_blocked_ = false;  // OnWritable is owed
  bool sent_fin_ = false;
  bool flushing_ = false;  // the record being sealed is the last one
  std::string unsent_;     // what the kernel did not take
  uint64_t sent_ = 0;      // bytes that it took
  std::string unread_;     // ciphertext held back by PauseReading
  Loop::TimerId timer_ = 0;
};

}  // namespace skerry::net
