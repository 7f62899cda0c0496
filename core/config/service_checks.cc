#include "core/config/service_checks.h"

#include "core/http/upstream/upstream.h"

namespace skerry::config {

void ServiceChecks::ClearText(std::string_view name, const std::optional<net::Address>& address,
                              std::string_view advice) {
  if (!address || address->IsLoopback()) return;
  problems_.Add(places_.Of(name), std::string(name) + ": clear text only on loopback, not on " +
                                      address->ToString() + std::string(advice));
}

void ServiceChecks::CertificateAndKey(const std::string& cert, const std::string& key) {
  if (cert.empty() == key.empty()) return;
  problems_.Add(places_.Of(cert.empty() ? "key" : "cert"), "cert and key: give both or neither");
}

void ServiceChecks::Url(std::string_view name, const std::string& url, bool clear_text_anywhere) {
  if (url.empty()) return;
  const auto parsed = http::UpstreamUrl::Parse(url);
  const Place& place = places_.Of(name);
  if (!parsed) return problems_.Add(place, std::string(name) + ": " + parsed.error().context);
  const bool local = net::Address{parsed->host, 0}.IsLoopback() || parsed->host == "localhost";
  if (parsed->scheme == "http" && !local && !clear_text_anywhere) {
    problems_.Add(place, std::string(name) + ": clear text only on loopback; use https://" +
                             parsed->authority());
  }
}

}  // namespace skerry::config
