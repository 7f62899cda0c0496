// One TLS connection without its socket: ciphertext goes in and comes out as bytes.
//
// OpenSSL reads from the view given by Feed and writes to the Sink at once, so no
// connection owns I/O buffers; what SSL itself allocates it releases when idle
// (SSL_MODE_RELEASE_BUFFERS). Thread and owner: one connection.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/net/tls_context.h"

namespace skerry::net {

class TlsSession {
 public:
  // Where ciphertext goes. Appending never fails; the sink batches.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void AppendWire(std::string_view bytes) = 0;
  };

  enum class Step : uint8_t {
    kDone,      // Handshake: established. Read: bytes were read
    kWantMore,  // all input is used up
    kEnd,       // Read: close_notify came
    kFailed,    // error() tells; an alert may be in the sink
  };

  // `server_name` is for clients: SNI, and what the certificate is checked
  // against unless the context does not verify. `sink` must outlive the session.
  TlsSession(std::shared_ptr<TlsContext> context, const std::string& server_name, Sink* sink);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Ciphertext for the calls that follow; the view must live until input() is
  // empty or taken away by Feed({}).
  void Feed(std::string_view ciphertext) { input_ = ciphertext; }
  std::string_view input() const { return input_; }
  // Read has nothing to give before the next Feed.
  bool drained() const { return input_.empty() && SSL_has_pending(ssl_.get()) == 0; }

  // A client begins by itself at the first call.
  Step Handshake();
  // Reads at most `size` bytes of one record; `*count` says how many.
  Step Read(char* to, size_t size, size_t* count);
  // Seals into the sink; false when the session is broken. REQUIRES: established.
  bool Seal(std::string_view plain);
  // Appends close_notify to the sink, once; harmless on a broken session.
  void CloseNotify();

  bool established() const { return established_; }
  const std::string& error() const { return error_; }
  // Of a failed handshake: the certificate was not trusted.
  bool untrusted() const { return untrusted_; }
  std::string_view alpn() const;
  std::string_view server_name() const;
  std::string Description() const;

 private:
  static int BioRead(BIO* bio, char* to, int size);
  static int BioWrite(BIO* bio, const char* from, int size);
  static long BioControl(BIO* bio, int command, long number, void* pointer);
  static const BIO_METHOD* Method();
  Step Outcome(int result);
  void DescribeFailure(int kind);

  std::shared_ptr<TlsContext> context_;
  Sink* sink_;
  OpensslPtr<SSL, SSL_free> ssl_;
  std::string_view input_;
  bool established_ = false;
  bool broken_ = false;
  bool untrusted_ = false;
  std::string error_;
};

}  // namespace skerry::net
