#include "core/base/sha512.h"

#include <openssl/evp.h>

#include "core/base/result.h"

namespace skerry {

struct Sha512Stream::State {
  State() : context(EVP_MD_CTX_new()) {
    SKERRY_CHECK(context != nullptr);
    SKERRY_CHECK(EVP_DigestInit_ex(context, EVP_sha512(), nullptr) == 1);
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  EVP_MD_CTX* context;
};

Sha512Stream::Sha512Stream() : state_(std::make_unique<State>()) {}
Sha512Stream::~Sha512Stream() = default;
Sha512Stream::Sha512Stream(Sha512Stream&&) noexcept = default;
Sha512Stream& Sha512Stream::operator=(Sha512Stream&&) noexcept = default;

void Sha512Stream::Update(std::string_view bytes) {
  SKERRY_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Sha512Stream::Finish() {
  std::string digest(64, '\0');
  SKERRY_CHECK(EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(digest.data()),
                                  nullptr) == 1);
  return digest;
}

}  // namespace skerry
