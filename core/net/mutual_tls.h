// Certificates on both sides: servers that take only clients they know, and clients whose
// certificate is renewed while they run.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/base/thread.h"
#include "core/net/tls.h"

namespace skerry::net {

// A server that refuses the handshake of clients whose certificate `client_ca_file` (PEM)
// does not vouch for. Sessions are not resumed, so that a renewed context is asked about
// every connection. Errors name the file.
Result<std::shared_ptr<TlsContext>> ServerAsking(const TlsContext::ServerOptions& options,
                                                 const std::string& client_ca_file);

// What a client shows to servers that ask. Thread: any.
class ClientCertificate {
 public:
  static Result<std::shared_ptr<ClientCertificate>> Read(const std::string& certificate_file,
                                                         const std::string& key_file);
  // Handshakes from now on show what these files hold. An error changes nothing.
  Status Renew(const std::string& certificate_file, const std::string& key_file);

  // A context with the certificate and key of now.
  std::shared_ptr<TlsContext> held() const;

 private:
  mutable Mutex mutex_;  // lock order: last
  std::shared_ptr<TlsContext> held_ SKERRY_GUARDED_BY(mutex_);
};

// A client that shows `certificate`; null: none.
Result<std::shared_ptr<TlsContext>> ClientShowing(const TlsContext::ClientOptions& options,
                                                  std::shared_ptr<ClientCertificate> certificate);

}  // namespace skerry::net
