#include "core/daemon/purge_access.h"

#include <utility>
#include <vector>

#include "core/daemon/tokens.h"

namespace skerry::daemon {
namespace {

Result<std::vector<std::string>> ReadThem(const PurgeAccessFiles& files) {
  if (files.tokens.empty()) return std::vector<std::string>();
  auto read = ReadTokens(files.tokens);
  if (!read) return Fail(std::move(read.error()).In(files.tokens_title));
  return read;
}

}  // namespace

Result<std::unique_ptr<PurgeAccess>> PurgeAccess::Open(const PurgeAccessFiles& files) {
  std::unique_ptr<PurgeAccess> access(new PurgeAccess());
  access->url_ = files.url;
  auto tokens = ReadThem(files);
  if (!tokens) return Fail(std::move(tokens.error()));
  access->has_tokens_ = !tokens->empty();
  access->tokens_->Set(std::move(*tokens));
  if (!files.cert.empty()) {
    auto read = net::ClientCertificate::Read(files.cert, files.key);
    if (!read) return Fail(std::move(read.error()).In(files.cert_title));
    access->certificate_ = std::move(*read);
  }
  net::TlsContext::ClientOptions client;
  client.ca_file = files.ca;
  auto made = net::ClientShowing(client, access->certificate_);
  if (!made) return Fail(std::move(made.error()).In(files.ca_title));
  access->tls_ = std::move(*made);
  return access;
}

Status PurgeAccess::Renew(const PurgeAccessFiles& fresh) {
  auto tokens = ReadThem(fresh);
  if (!tokens) return Fail(std::move(tokens.error()));
  if (certificate_ != nullptr && !fresh.cert.empty()) {
    if (Status renewed = certificate_->Renew(fresh.cert, fresh.key); !renewed) {
      return Fail(std::move(renewed.error()).In(fresh.cert_title));
    }
  }
  if (has_tokens_ && !tokens->empty()) tokens_->Set(std::move(*tokens));
  return {};
}

std::unique_ptr<http::Upstream> PurgeAccess::Connect(net::Loop& loop) const {
  http::Upstream::Options upstream;
  upstream.url = *http::UpstreamUrl::Parse(url_);
  if (upstream.url.scheme == "https") upstream.tls = tls_;
  return http::Upstream::Make(loop, std::move(upstream));
}

std::string PurgeAccess::authority() const { return http::UpstreamUrl::Parse(url_)->authority(); }

}  // namespace skerry::daemon
