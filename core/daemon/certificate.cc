#include "core/daemon/certificate.h"

#include <utility>

#include "core/net/mutual_tls.h"

namespace skerry::daemon {

Result<std::shared_ptr<net::TlsContext>> ReadCertificate(const CertificateFiles& files) {
  const net::TlsContext::ServerOptions server{files.cert, files.key, {"h2", "http/1.1"}};
  auto made = files.client_ca.empty() ? net::TlsContext::Server(server)
                                      : net::ServerAsking(server, files.client_ca);
  if (made) return made;
  if (!files.client_ca.empty() && made.error().context.starts_with(files.client_ca + ":")) {
    return Fail(std::move(made.error()).In(files.client_ca_option));
  }
  const bool by_key = files.key != files.cert && made.error().context.starts_with(files.key + ":");
  return Fail(std::move(made.error()).In(by_key ? files.key_option : files.cert_option));
}

}  // namespace skerry::daemon
