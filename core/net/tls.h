// TLS contexts: certificates for our listeners, trust for our upstreams.
// OpenSSL stays inside this room (and core/base/digest).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace skerry::net {

// Immutable once made; shared by all connections of a listener or upstream.
// Thread: any.
class TlsContext {
 public:
  virtual ~TlsContext() = default;

  struct ServerOptions {
    std::string certificate_file;                        // PEM, chain included
    std::string key_file;                                // PEM
    std::vector<std::string> alpn = {"h2", "http/1.1"};  // in order of preference
  };
  // TLS 1.2 and 1.3, no renegotiation, no compression, no 0-RTT, tickets on.
  // The error names the file and what is wrong with it.
  static Result<std::shared_ptr<TlsContext>> Server(const ServerOptions& options);

  struct ClientOptions {
    std::string ca_file;           // empty: the system's store
    bool verify = true;            // false only where an operator says so
    std::string certificate_file;  // client certificate; empty: none
    std::string key_file;
    std::vector<std::string> alpn = {"http/1.1"};
  };
  static Result<std::shared_ptr<TlsContext>> Client(const ClientOptions& options);
};

// Writes a self-signed ECDSA P-256 certificate for `names` (DNS names and IP
// addresses), valid for 90 days, unless both files exist and have at least a
// day left. For development: browsers will not trust it.
Status MakeDevelopmentCertificate(const std::string& certificate_file, const std::string& key_file,
                                  const std::vector<std::string>& names);

}  // namespace skerry::net
