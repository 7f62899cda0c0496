#include "core/net/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

#include "core/base/result.h"
#include "core/net/socket.h"

namespace skerry::net {
namespace {

// What SSL_get_error says is only true if the thread's queue was empty before. Clearing an
// empty one costs 800 instructions.
void ForgetErrors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

int TlsSession::BioRead(BIO* bio, char* to, int size) {
  auto* session = static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (session->input_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t count = std::min(session->input_.size(), static_cast<size_t>(size));
  memcpy(to, session->input_.data(), count);
  session->input_.remove_prefix(count);
  return static_cast<int>(count);
}

int TlsSession::BioWrite(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  static_cast<TlsSession*>(BIO_get_data(bio))->sink_->AppendWire({from, static_cast<size_t>(size)});
  return size;
}

long TlsSession::BioControl(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* TlsSession::Method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "skerry wire");
    SKERRY_CHECK(made != nullptr);
    BIO_meth_set_read(made, BioRead);
    BIO_meth_set_write(made, BioWrite);
    BIO_meth_set_ctrl(made, BioControl);
    return made;
  }();
  return method;
}

TlsSession::TlsSession(std::shared_ptr<TlsContext> context, const std::string& server_name,
                       Sink* sink)
    : context_(std::move(context)), sink_(sink) {
  const OpensslContext& openssl = OpensslContext::From(*context_);
  ssl_.reset(SSL_new(openssl.get()));
  SKERRY_CHECK(ssl_ != nullptr);
  BIO* bio = BIO_new(Method());
  SKERRY_CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (openssl.is_server()) {
    SSL_set_accept_state(ssl_.get());
    return;
  }
  SSL_set_connect_state(ssl_.get());
  const bool is_address = SocketAddress::From({server_name, 0}).has_value();
  if (!is_address) SSL_set_tlsext_host_name(ssl_.get(), server_name.c_str());
  if (!openssl.verify()) return;
  if (is_address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), server_name.c_str());
  } else {
    SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl_.get(), server_name.c_str());
  }
}

TlsSession::~TlsSession() = default;

TlsSession::Step TlsSession::Outcome(int result) {
  if (result > 0) return Step::kDone;
  const int kind = SSL_get_error(ssl_.get(), result);
  if (kind == SSL_ERROR_WANT_READ) return Step::kWantMore;
  if (kind == SSL_ERROR_ZERO_RETURN) return Step::kEnd;
  broken_ = true;
  DescribeFailure(kind);
  return Step::kFailed;
}

void TlsSession::DescribeFailure(int kind) {
  const long verified = SSL_get_verify_result(ssl_.get());
  if (!established_ && OpensslContext::From(*context_).verify() && verified != X509_V_OK) {
    untrusted_ = true;
    error_ = std::string("certificate not trusted: ") + X509_verify_cert_error_string(verified);
    ERR_clear_error();
    return;
  }
  error_ = kind == SSL_ERROR_SSL ? TakeOpensslError() : "TLS error " + std::to_string(kind);
}

TlsSession::Step TlsSession::Handshake() {
  if (broken_) return Step::kFailed;
  ForgetErrors();
  const Step step = Outcome(SSL_do_handshake(ssl_.get()));
  if (step == Step::kDone) established_ = true;
  return step;
}

TlsSession::Step TlsSession::Read(char* to, size_t size, size_t* count) {
  *count = 0;
  if (broken_) return Step::kFailed;
  ForgetErrors();
  return Outcome(SSL_read_ex(ssl_.get(), to, size, count));
}

bool TlsSession::Seal(std::string_view plain) {
  if (broken_ || plain.empty()) return !broken_;
  ForgetErrors();
  size_t written = 0;
  if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written) == 1) return true;
  broken_ = true;
  error_ = TakeOpensslError();
  return false;
}

void TlsSession::CloseNotify() {
  if (broken_ || !established_) return;
  ForgetErrors();
  SSL_shutdown(ssl_.get());
  ForgetErrors();
}

std::string_view TlsSession::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string_view TlsSession::server_name() const {
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? name : "";
}

std::string TlsSession::Description() const {
  return std::string(SSL_get_version(ssl_.get())) + " " + SSL_get_cipher_name(ssl_.get());
}

}  // namespace skerry::net
