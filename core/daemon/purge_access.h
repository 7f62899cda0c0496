// The purge service as its nodes reach it: whom they take for it, and what they show it. From
// the options that edge and shield have in common, at start and again at HUP.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/base/secrets.h"
#include "core/http/upstream/upstream.h"
#include "core/net/loop.h"
#include "core/net/mutual_tls.h"
#include "core/net/tls.h"

namespace skerry::daemon {

// Empty: not given. Titles are what messages begin with, see config::Places::Title.
struct PurgeAccessFiles {
  std::string url;
  std::string ca_title;
  std::string ca;
  std::string cert_title;
  std::string cert;
  std::string key;
  std::string tokens_title;
  std::string tokens;

  template <class Options>
  static PurgeAccessFiles Of(const Options& options) {
    const auto& places = options.places;
    return {options.purge,
            places.Title("purge_ca"),
            options.purge_ca,
            places.Title("purge_cert"),
            options.purge_cert,
            options.purge_key,
            places.Title("purge_token_file"),
            options.purge_token_file};
  }
};

// Owner: the program. Thread: that of start and reload; Connect and tokens(): any.
class PurgeAccess {
 public:
  // Errors begin with the title of the file at fault.
  static Result<std::unique_ptr<PurgeAccess>> Open(const PurgeAccessFiles& files);

  // Tokens and certificate from `fresh`, of what there was at start; together or, with an
  // error, neither. The URL and whom we believe stay.
  Status Renew(const PurgeAccessFiles& fresh);

  // REQUIRES of both: a URL was given, and is one (http::UpstreamUrl).
  std::unique_ptr<http::Upstream> Connect(net::Loop& loop) const;
  std::string authority() const;  // for Host

  bool has_tokens() const { return has_tokens_; }
  const std::shared_ptr<Secrets>& tokens() const { return tokens_; }

 private:
  PurgeAccess() = default;

  std::string url_;
  std::shared_ptr<net::TlsContext> tls_;
  std::shared_ptr<net::ClientCertificate> certificate_;  // null: none is shown
  bool has_tokens_ = false;
  const std::shared_ptr<Secrets> tokens_ = std::make_shared<Secrets>();
};

}  // namespace skerry::daemon
