#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "core/net/address.h"
#include "core/net/socket.h"
#include "core/net/tls_context.h"

namespace skerry::net {
namespace {

using CertificatePtr = OpensslPtr<X509, X509_free>;
using ExtensionPtr = OpensslPtr<X509_EXTENSION, X509_EXTENSION_free>;
using KeyPtr = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using FilePtr = OpensslPtr<FILE, fclose>;
using BioPtr = OpensslPtr<BIO, BIO_free>;

constexpr long kDay = 24 * 3600;

bool HasADayLeft(const std::string& certificate_file) {
  FilePtr file(fopen(certificate_file.c_str(), "re"));
  if (file == nullptr) return false;
  CertificatePtr certificate(PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) return false;
  time_t tomorrow = time(nullptr) + kDay;
  return X509_cmp_time(X509_get0_notAfter(certificate.get()), &tomorrow) > 0;
}

bool AddExtension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::string AlternativeNames(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    if (!list.empty()) list += ',';
    list += SocketAddress::From({name, 0}) ? "IP:" : "DNS:";
    list += name;
  }
  return list;
}

CertificatePtr SelfSigned(EVP_PKEY* key, const std::vector<std::string>& names) {
  CertificatePtr certificate(X509_new());
  X509* x = certificate.get();
  uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial));
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 90 * kDay);
  X509_set_pubkey(x, key);
  X509_NAME* subject = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(
      subject, "CN", MBSTRING_UTF8,
      reinterpret_cast<const unsigned char*>("Skerry development certificate"), -1, -1, 0);
  X509_set_issuer_name(x, subject);
  const bool made = AddExtension(x, NID_basic_constraints, "critical,CA:FALSE") &&
                    AddExtension(x, NID_key_usage, "critical,digitalSignature") &&
                    AddExtension(x, NID_ext_key_usage, "serverAuth") &&
                    AddExtension(x, NID_subject_alt_name, AlternativeNames(names)) &&
                    X509_sign(x, key, EVP_sha256()) > 0;
  if (!made) return nullptr;
  return certificate;
}

// Whole or not at all: written beside the place and renamed.
Status WriteFile(const std::string& file, BIO* content, mode_t mode) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(content, &bytes);
  const std::string beside = file + ".new";
  const auto failed = [&](const char* what) {
    Error error = SystemError(errno, Side::kConfig, file + ": " + what);
    unlink(beside.c_str());
    return Fail(std::move(error));
  };
  ScopedFd fd(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd.valid()) return failed("cannot be written");
  for (long done = 0; done < size;) {
    const ssize_t written = write(fd.get(), bytes + done, size - done);
    if (written < 0) return failed("cannot be written");
    done += written;
  }
  if (fchmod(fd.get(), mode) != 0 || rename(beside.c_str(), file.c_str()) != 0) {
    return failed("cannot be put in place");
  }
  return {};
}

}  // namespace

Status MakeDevelopmentCertificate(const std::string& certificate_file, const std::string& key_file,
                                  const std::vector<std::string>& names) {
  if (access(key_file.c_str(), F_OK) == 0 && HasADayLeft(certificate_file)) return {};
  if (names.empty()) {
    return Fail(Code::kInvalid, Side::kConfig, "a certificate needs at least one name");
  }
  KeyPtr key(EVP_EC_gen("P-256"));
  CertificatePtr certificate = key ? SelfSigned(key.get(), names) : nullptr;
  if (certificate == nullptr) {
    return Fail(Code::kInvalid, Side::kConfig,
                "no certificate for " + AlternativeNames(names) + ": " + TakeOpensslError());
  }
  BioPtr key_pem(BIO_new(BIO_s_mem()));
  BioPtr certificate_pem(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_bio_X509(certificate_pem.get(), certificate.get());
  if (Status written = WriteFile(key_file, key_pem.get(), 0600); !written) return written;
  return WriteFile(certificate_file, certificate_pem.get(), 0644);
}

}  // namespace skerry::net
