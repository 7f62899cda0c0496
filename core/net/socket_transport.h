// The Transport that callers hold; the Connection behind it may outlive it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/net/connection.h"
#include "core/net/transport.h"

namespace skerry::net {

class SocketTransport : public Transport {
 public:
  explicit SocketTransport(std::shared_ptr<Connection> connection)
      : connection_(std::move(connection)) {}
  ~SocketTransport() override { connection_->Abort(); }

  void Write(std::string_view bytes) override { connection_->Write(bytes); }
  void Flush() override { connection_->Flush(); }
  bool writable() const override { return connection_->writable(); }
  uint64_t delivered() const override { return connection_->delivered(); }
  void PauseReading() override { connection_->PauseReading(); }
  void ResumeReading() override { connection_->ResumeReading(); }
  void Close() override { connection_->Close(); }
  void Abort() override { connection_->Abort(); }
  std::string_view alpn() const override { return connection_->alpn(); }
  std::string_view server_name() const override { return connection_->server_name(); }
  const Address& peer() const override { return connection_->peer(); }
  bool is_tls() const override { return connection_->is_tls(); }
  std::string tls_description() const override { return connection_->tls_description(); }

 protected:
  const std::shared_ptr<Connection> connection_;
};

// A socket that a listener has accepted.
class AcceptedTransport : public SocketTransport {
 public:
  AcceptedTransport(std::shared_ptr<Connection> connection, ScopedFd fd, const Address& peer,
                    Micros handshake_timeout)
      : SocketTransport(std::move(connection)),
        fd_(std::move(fd)),
        peer_(peer),
        handshake_timeout_(handshake_timeout) {}

  void Start(Events* events) override {
    connection_->SetEvents(events);
    connection_->Begin(std::move(fd_), peer_, "", handshake_timeout_);
  }
  const Address& peer() const override { return peer_; }

 private:
  ScopedFd fd_;
  const Address peer_;
  const Micros handshake_timeout_;
};

}  // namespace skerry::net
