// The certificate of a program's listeners, from the files of its options `cert` and
// `key`: at start, and again at HUP.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/net/tls.h"

namespace skerry::daemon {

struct CertificateFiles {
  std::string cert_option;  // what messages begin with, see config::Places::Title
  std::string cert;         // chain, PEM
  std::string key_option;
  std::string key;  // PEM
  std::string client_ca_option = {};
  std::string client_ca = {};  // vouches for clients, who then must show a certificate; PEM
};

// For HTTP/2 and HTTP/1.1. Errors begin with the option whose file is at fault: missing,
// unreadable, no PEM, or a key that belongs to another certificate.
Result<std::shared_ptr<net::TlsContext>> ReadCertificate(const CertificateFiles& files);

}  // namespace skerry::daemon
