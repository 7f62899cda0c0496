// What the options of every service must keep to, whichever program reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/config/place.h"
#include "core/net/address.h"

namespace skerry::config {

// Each check adds at most one problem, at the place where its option was set.
class ServiceChecks {
 public:
  ServiceChecks(const Places& places, Problems& problems) : places_(places), problems_(problems) {}

  // In clear text nobody outside the machine is listened to. `advice` ends the message.
  void ClearText(std::string_view name, const std::optional<net::Address>& address,
                 std::string_view advice = "");
  // One is of no use without the other.
  void CertificateAndKey(const std::string& cert, const std::string& key);
  // An application may be asked in clear text wherever it is; our own services, which
  // are sent tokens, only inside the machine.
  void ApplicationUrl(std::string_view name, const std::string& url) { Url(name, url, true); }
  void ServiceUrl(std::string_view name, const std::string& url) { Url(name, url, false); }

 private:
  void Url(std::string_view name, const std::string& url, bool clear_text_anywhere);

  const Places& places_;
  Problems& problems_;
};

}  // namespace skerry::config
