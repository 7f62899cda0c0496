// The OpenSSL side of TlsContext. Private to this room.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/net/tls.h"

namespace skerry::net {

// Frees OpenSSL's objects: OpensslPtr<X509, X509_free>.
template <class T, auto Free>
struct OpensslDeleter {
  void operator()(T* object) const { Free(object); }
};
template <class T, auto Free>
using OpensslPtr = std::unique_ptr<T, OpensslDeleter<T, Free>>;

// The only TlsContext there is. Thread: any, once made.
class OpensslContext : public TlsContext {
 public:
  OpensslContext(SSL_CTX* context, bool is_server, bool verify)
      : context_(context), is_server_(is_server), verify_(verify) {}

  SSL_CTX* get() const { return context_.get(); }
  bool is_server() const { return is_server_; }
  bool verify() const { return verify_; }
  // Protocols in order of preference, each behind its length (RFC 7301 3.1).
  const std::string& alpn() const { return alpn_; }
  Status SetAlpn(const std::vector<std::string>& protocols);
  // Lives as long as this: what callbacks of OpenSSL are given.
  void Keep(std::shared_ptr<void> kept) { kept_ = std::move(kept); }

  static const OpensslContext& From(const TlsContext& context) {
    return static_cast<const OpensslContext&>(context);
  }

 private:
  OpensslPtr<SSL_CTX, SSL_CTX_free> context_;
  bool is_server_;
  bool verify_;
  std::string alpn_;
  std::shared_ptr<void> kept_;
};

// The newest reason in OpenSSL's error queue of this thread, in words; empties the queue.
std::string TakeOpensslError();

}  // namespace skerry::net
