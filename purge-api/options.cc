#include "purge-api/options.h"

#include "core/config/service_checks.h"

namespace skerry::purge {

using namespace std::chrono_literals;
using config::Duration;
using config::Integer;
using config::kFile;
using config::kFlag;
using config::kReload;
using config::Parsed;
using config::Path;

const config::Table<Options>& OptionTable() {
  constexpr config::Use kBoth = kFile | kFlag;
  static const config::Table<Options> table = {
      {"listen", &Options::listen, Parsed<net::Address>("ADDRESS:PORT"),
       "Listens for backends, shields and nodes: HTTP/2 and HTTP/1.1; in clear text on loopback "
       "only.",
       kBoth},
      {"admin", &Options::admin, Parsed<net::Address>("ADDRESS:PORT"),
       "Listens for /livez /readyz /healthz /metrics in clear text; loopback only.", kBoth},
      {"cert", &Options::cert, Path(""), "Certificate chain (PEM).", kBoth | kReload},
      {"key", &Options::key, Path(""), "Private key (PEM) of --cert.", kBoth | kReload},
      {"data_dir", &Options::data_dir, Path(), "Folder of the log.", kBoth},
      {"token_file", &Options::token_file, Path(),
       "Bearer tokens of backends, shields and nodes, one a line; # begins a comment.",
       kBoth | kReload},
      {"ready_file", &Options::ready_file, Path(""),
       "Written when serving, with process id and listeners (JSON).", kFlag},
      {"lease", &Options::lease, Duration(1s, 10min, 10s),
       "How long a node may serve without hearing from the log. A purge waits that long for a node "
       "that has died.",
       kBoth},
      {"drain", &Options::drain, Duration(0s, 1h, 10s),
       "How long requests under way may take after TERM.", kBoth},
      {"log.keep_records", &Options::keep_records, Integer(1000, 1'000'000'000, 1'000'000),
       "Records kept for nodes that come back; one that missed more validates all it has."},
      {"limits.queue", &Options::queue, Integer(1, 1'000'000, 1000),
       "Requests that may wait for the log; more are answered 429."},
  };
  return table;
}

void CheckOptions(const Options& options, config::Problems& problems) {
  config::ServiceChecks checks(options.places, problems);
  if (options.cert.empty()) {
    checks.ClearText("listen", options.listen, "; give --cert and --key");
  }
  checks.ClearText("admin", options.admin);
  checks.CertificateAndKey(options.cert, options.key);
}

}  // namespace skerry::purge
