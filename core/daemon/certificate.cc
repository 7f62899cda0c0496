#include "core/daemon/certificate.h"

#include <utility>

namespace skerry::daemon {

Result<std::shared_ptr<net::TlsContext>> ReadCertificate(const CertificateFiles& files) {
  auto made = net::TlsContext::Server({files.cert, files.key, {"h2", "http/1.1"}});
  if (made) return made;
  const bool by_key = files.key != files.cert && made.error().context.starts_with(files.key + ":");
  return Fail(std::move(made.error()).In(by_key ? files.key_option : files.cert_option));
}

}  // namespace skerry::daemon
