#include "core/net/mutual_tls.h"

#include <utility>

#include "core/net/tls_context.h"

namespace skerry::net {
namespace {

// OpenSSL's way to ask for a client's certificate, once a handshake.
int Show(SSL* ssl, void* certificate) {
  const auto held = static_cast<const ClientCertificate*>(certificate)->held();
  SSL_CTX* const context = OpensslContext::From(*held).get();
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context, &chain);
  return SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(context),
                              SSL_CTX_get0_privatekey(context), chain, 1);
}

}  // namespace

Result<std::shared_ptr<TlsContext>> ServerAsking(const TlsContext::ServerOptions& options,
                                                 const std::string& client_ca_file) {
  // Says precisely what is wrong with the file.
  TlsContext::ClientOptions trust;
  trust.ca_file = client_ca_file;
  if (auto readable = TlsContext::Client(trust); !readable) return readable;
  auto made = TlsContext::Server(options);
  if (!made) return made;
  SSL_CTX* const context = OpensslContext::From(**made).get();
  const bool loaded = SSL_CTX_load_verify_file(context, client_ca_file.c_str()) == 1;
  STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(client_ca_file.c_str());
  if (!loaded || names == nullptr) {
    return Fail(Code::kInvalid, Side::kConfig, client_ca_file + ": " + TakeOpensslError());
  }
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  return made;
}

Result<std::shared_ptr<ClientCertificate>> ClientCertificate::Read(
    const std::string& certificate_file, const std::string& key_file) {
  auto certificate = std::make_shared<ClientCertificate>();
  Status read = certificate->Renew(certificate_file, key_file);
  if (!read) return Fail(std::move(read.error()));
  return certificate;
}

Status ClientCertificate::Renew(const std::string& certificate_file, const std::string& key_file) {
  TlsContext::ClientOptions options;
  options.certificate_file = certificate_file;
  options.key_file = key_file;
  auto read = TlsContext::Client(options);
  if (!read) return Fail(std::move(read.error()));
  MutexLock lock(mutex_);
  held_ = std::move(*read);
  return {};
}

std::shared_ptr<TlsContext> ClientCertificate::held() const {
  MutexLock lock(mutex_);
  return held_;
}

Result<std::shared_ptr<TlsContext>> ClientShowing(const TlsContext::ClientOptions& options,
                                                  std::shared_ptr<ClientCertificate> certificate) {
  auto made = TlsContext::Client(options);
  if (!made || certificate == nullptr) return made;
  auto& context = static_cast<OpensslContext&>(**made);
  SSL_CTX_set_cert_cb(context.get(), Show, certificate.get());
  context.Keep(std::move(certificate));
  return made;
}

}  // namespace skerry::net
