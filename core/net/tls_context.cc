#include "core/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace skerry::net {
namespace {

using FilePtr = OpensslPtr<FILE, fclose>;
using CertificatePtr = OpensslPtr<X509, X509_free>;
using KeyPtr = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;

tl::unexpected<Error> BadFile(const std::string& file, const std::string& problem) {
  return Fail(Code::kInvalid, Side::kConfig, file + ": " + problem);
}

Result<FilePtr> OpenFile(const std::string& file) {
  FilePtr opened(fopen(file.c_str(), "re"));
  if (opened == nullptr) {
    return BadFile(file, "cannot be opened: " + std::generic_category().message(errno));
  }
  struct stat about {};
  if (fstat(fileno(opened.get()), &about) == 0 && S_ISDIR(about.st_mode)) {
    return BadFile(file, "is a folder; name the file in it");
  }
  return opened;
}

// Refuses to ask anybody for a passphrase, and notes that one was wanted.
int RefusePassphrase(char*, int, int, void* wanted) {
  *static_cast<bool*>(wanted) = true;
  return -1;
}

Status UseCertificates(SSL_CTX* context, const std::string& file) {
  auto opened = OpenFile(file);
  if (!opened) return Fail(std::move(opened.error()));
  CertificatePtr own(PEM_read_X509_AUX(opened->get(), nullptr, nullptr, nullptr));
  if (own == nullptr) {
    ERR_clear_error();
    return BadFile(file, "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
  }
  if (SSL_CTX_use_certificate(context, own.get()) != 1) {
    return BadFile(file, "certificate cannot be used: " + TakeOpensslError());
  }
  while (true) {
    CertificatePtr next(PEM_read_X509(opened->get(), nullptr, nullptr, nullptr));
    if (next == nullptr) break;
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) {
      return BadFile(file, "chain cannot be used: " + TakeOpensslError());
    }
    (void)next.release();
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) return BadFile(file, "a certificate of the chain is damaged");
  return {};
}

Status UseKey(SSL_CTX* context, const std::string& file, const std::string& certificate_file) {
  auto opened = OpenFile(file);
  if (!opened) return Fail(std::move(opened.error()));
  bool encrypted = false;
  KeyPtr key(PEM_read_PrivateKey(opened->get(), nullptr, RefusePassphrase, &encrypted));
  if (key == nullptr) {
    ERR_clear_error();
    return BadFile(file, encrypted ? "the private key is encrypted; decrypt it first"
                                   : "holds no private key in PEM form");
  }
  if (X509_check_private_key(SSL_CTX_get0_certificate(context), key.get()) != 1) {
    ERR_clear_error();
    return BadFile(file, "this key does not belong to the certificate in " + certificate_file);
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return BadFile(file, "private key cannot be used: " + TakeOpensslError());
  }
  return {};
}

Status UseIdentity(SSL_CTX* context, const std::string& certificate_file,
                   const std::string& key_file) {
  if (Status used = UseCertificates(context, certificate_file); !used) return used;
  return UseKey(context, key_file, certificate_file);
}

// The first of ours that the client offers; without a common one the handshake
// fails (RFC 7301 3.2).
int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* in, unsigned in_size, void* arg) {
  const std::string& ours = *static_cast<const std::string*>(arg);
  unsigned char* selected = nullptr;
  const int result = SSL_select_next_proto(&selected, out_size,
                                           reinterpret_cast<const unsigned char*>(ours.data()),
                                           static_cast<unsigned>(ours.size()), in, in_size);
  *out = selected;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// What both sides want: TLS 1.2 with forward secrecy and AEAD only, or 1.3.
SSL_CTX* MakeContext(const SSL_METHOD* method) {
  SSL_CTX* context = SSL_CTX_new(method);
  SKERRY_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_NO_QUERY_MTU);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_max_early_data(context, 0);
  SKERRY_CHECK(SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1);
  SKERRY_CHECK(SSL_CTX_set_ciphersuites(context,
                                        "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                        "TLS_CHACHA20_POLY1305_SHA256") == 1);
  return context;
}

}  // namespace

std::string TakeOpensslError() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  if (error == 0) return "no reason given";
  if (ERR_SYSTEM_ERROR(error)) return std::generic_category().message(ERR_GET_REASON(error));
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : "error " + std::to_string(error);
}

Status OpensslContext::SetAlpn(const std::vector<std::string>& protocols) {
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255) {
      return Fail(Code::kInvalid, Side::kConfig,
                  "an ALPN protocol name has 1 to 255 bytes: \"" + protocol + "\"");
    }
    alpn_.push_back(static_cast<char>(protocol.size()));
    alpn_ += protocol;
  }
  if (alpn_.empty()) return {};
  if (is_server_) {
    SSL_CTX_set_alpn_select_cb(get(), SelectProtocol, &alpn_);
  } else {
    SSL_CTX_set_alpn_protos(get(), reinterpret_cast<const unsigned char*>(alpn_.data()),
                            static_cast<unsigned>(alpn_.size()));
  }
  return {};
}

Result<std::shared_ptr<TlsContext>> TlsContext::Server(const ServerOptions& options) {
  auto context = std::make_shared<OpensslContext>(MakeContext(TLS_server_method()), true, false);
  SSL_CTX_set_session_cache_mode(context->get(), SSL_SESS_CACHE_OFF);
  Status made = UseIdentity(context->get(), options.certificate_file, options.key_file);
  if (made) made = context->SetAlpn(options.alpn);
  if (!made) return Fail(std::move(made.error()));
  return context;
}

Result<std::shared_ptr<TlsContext>> TlsContext::Client(const ClientOptions& options) {
  auto context =
      std::make_shared<OpensslContext>(MakeContext(TLS_client_method()), false, options.verify);
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context->get());
  } else {
    auto opened = OpenFile(options.ca_file);
    if (!opened) return Fail(std::move(opened.error()));
    if (SSL_CTX_load_verify_file(context->get(), options.ca_file.c_str()) != 1) {
      ERR_clear_error();
      return BadFile(options.ca_file, "holds no certificate in PEM form");
    }
  }
  ERR_clear_error();
  SSL_CTX_set_verify(context->get(), options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!options.certificate_file.empty()) {
    Status used = UseIdentity(context->get(), options.certificate_file, options.key_file);
    if (!used) return Fail(std::move(used.error()));
  }
  if (Status set = context->SetAlpn(options.alpn); !set) return Fail(std::move(set.error()));
  return context;
}

}  // namespace skerry::net
