#include "origin-shield/options.h"

#include "core/config/service_checks.h"

namespace skerry::shield {

using namespace std::chrono_literals;
using config::Bytes;
using config::Choice;
using config::Duration;
using config::Integer;
using config::kFile;
using config::kFlag;
using config::kReload;
using config::Parsed;
using config::Path;
using config::Text;
using config::WholeSeconds;

// Long: the table is the manual, one entry an option.
const config::Table<Options>& OptionTable() {
  constexpr config::Use kBoth = kFile | kFlag;
  static const config::Table<Options> table = {
      {"listen", &Options::listen, Parsed<net::Address>("ADDRESS:PORT"),
       "Listens for edges and CI: HTTP/2 and HTTP/1.1; in clear text on loopback only.", kBoth},
      {"admin", &Options::admin, Parsed<net::Address>("ADDRESS:PORT"),
       "Listens for /livez /readyz /healthz /metrics /explain in clear text; loopback only.",
       kBoth},
      {"cert", &Options::cert, Path(""), "Certificate chain (PEM).", kBoth | kReload},
      {"key", &Options::key, Path(""), "Private key (PEM) of --cert.", kBoth | kReload},
      {"data_dir", &Options::data_dir, Path(), "Folder of blobs, releases and the disk tier.",
       kBoth},
      {"token_file", &Options::token_file, Path(),
       "Bearer tokens of the upload API, one a line; # begins a comment.", kBoth | kReload},
      {"ready_file", &Options::ready_file, Path(""),
       "Written when serving, with process id and listeners (JSON).", kFlag},
      {"access_log", &Options::access_log, Path("off"), "File of the JSON access log, or off.",
       kBoth},
      {"origin", &Options::origin, Text(""),
       "URL of the application that answers what no release has.", kBoth},
      {"profile", &Options::profile,
       Choice<Profile>({{"default", Profile::kDefault}, {"rfc", Profile::kRfc}}, Profile::kDefault),
       "Of what --origin answers: default: the careful operator; rfc: everything that RFC 9111 "
       "lets "
       "a shared cache do.",
       kBoth},
      {"purge", &Options::purge, Text(""), "URL of the skerry-purge whose log this node follows.",
       kBoth},
      {"purge_token_file", &Options::purge_token_file, Path(""),
       "Bearer tokens, one a line: the first is sent to --purge, all are believed from edges.",
       kBoth | kReload},
      {"purge_ca", &Options::purge_ca, Path(""), "Certificates (PEM) that vouch for --purge.",
       kBoth},
      {"purge_cert", &Options::purge_cert, Path(""),
       "Certificate (PEM) that is shown to --purge if it asks for one.", kBoth | kReload},
      {"purge_key", &Options::purge_key, Path(""), "Private key (PEM) of --purge_cert.",
       kBoth | kReload},
      {"node", &Options::node, Text("skerry-shield"), "Name of this node in receipts.", kBoth},
      {"blob_cache", &Options::blob_cache, Bytes(1_MiB, 1024_GiB, 128_MiB),
       "Memory for pieces of releases' files.", kBoth},
      {"ram_cache", &Options::ram_cache, Bytes(1_MiB, 1024_GiB, 128_MiB),
       "Memory for stored responses of --origin.", kBoth},
      {"disk_cache", &Options::disk_cache, Bytes(0, 1024 * 1024_GiB, 2_GiB),
       "Disk space for stored responses of --origin, 64MiB at least; 0: memory only.", kBoth},
      {"workers", &Options::workers, Integer(0, 1024, 0),
       "Threads that serve connections; 0: one a processor.", kBoth},
      {"drain", &Options::drain, Duration(0s, 1h, 30s),
       "How long requests under way may take after TERM.", kBoth},
      {"upstream.budget", &Options::upstream_budget, Integer(0, 1'000'000, 1000),
       "Fetches a second from --origin that come from us more than from clients: what is validated "
       "while the purge log is out of reach, which waits for its turn, at most 5 s (then 503). 0: "
       "unbounded.",
       kFile | kReload},
      {"limits.blob_bytes", &Options::limit_blob_bytes, Bytes(1_KiB, 1024_GiB, 4_GiB),
       "Size of one uploaded file, and of any request's body."},
      {"limits.manifest_bytes", &Options::limit_manifest_bytes, Bytes(1_KiB, 1_GiB, 64_MiB),
       "Size of a manifest."},
      {"releases.keep_least", &Options::keep_least, Integer(0, 10'000, 5),
       "Complete releases of a site that are kept whatever their age."},
      {"releases.keep_most", &Options::keep_most, Integer(1, 10'000, 50),
       "Complete releases of a site that are kept at most."},
      {"releases.keep_for", &Options::keep_for,
       WholeSeconds(0s, std::chrono::hours(24 * 3650), std::chrono::hours(24 * 30)),
       "How long a release is kept after it was last active: its hashed files stay served."},
  };
  return table;
}

using config::Problems;

void CheckOptions(const Options& options, Problems& problems) {
  const config::Places& places = options.places;
  config::ServiceChecks checks(places, problems);
  checks.ApplicationUrl("origin", options.origin);
  checks.ServiceUrl("purge", options.purge);
  if (options.cert.empty()) {
    checks.ClearText("listen", options.listen, "; give --cert and --key");
  }
  checks.ClearText("admin", options.admin);
  checks.CertificateAndKey(options.cert, options.key);
  if (options.purge_cert.empty() != options.purge_key.empty()) {
    problems.Add(places.Of(options.purge_cert.empty() ? "purge_key" : "purge_cert"),
                 "purge_cert and purge_key: one needs the other");
  }
  if (!options.purge.empty() && options.purge_token_file.empty()) {
    problems.Add(places.Of("purge"), "purge: needs --purge_token_file=FILE too");
  }
  if (!options.purge.empty() && !places.Has("node")) {
    problems.Add(places.Of("purge"), "purge: needs --node=NAME too");
  }
  if (options.disk_cache != 0 && options.disk_cache < 64_MiB) {
    problems.Add(places.Of("disk_cache"), "disk_cache: at least 64MiB, or 0 for memory only");
  }
  if (options.keep_least > options.keep_most) {
    problems.Add(places.Of("releases.keep_least"),
                 "releases.keep_least: more than releases.keep_most");
  }
}

}  // namespace skerry::shield
