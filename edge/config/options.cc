#include "edge/config/options.h"

#include <chrono>

#include "core/config/service_checks.h"
#include "edge/config/country_file.h"
#include "edge/config/rules.h"

namespace skerry::edge {

using namespace std::chrono_literals;
using config::Bool;
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

namespace {

constexpr auto kBoth = kFile | kFlag;

}  // namespace

// Long: the table is one list, in the order of the manual.
const config::Table<Options>& OptionTable() {
  static const config::Table<Options> table = {
      {"origin", &Options::origin, Text(""),
       "URL of the application: http://app.internal:8080. Needed, or --shield, or a site.", kBoth},
      {"shield", &Options::shield, Text(""), "URL of the skerry-shield in front of the origin.",
       kBoth},
      {"shield_ca", &Options::shield_ca, Path(""),
       "Certificates (PEM) that vouch for shield and origin, instead of the system's.", kBoth},
      {"https", &Options::https, Parsed<net::Address>("ADDRESS:PORT"),
       "Listens for HTTP/2 and HTTP/1.1 over TLS. 127.0.0.1:8443 if no listener is named.", kBoth},
      {"http", &Options::http, Parsed<net::Address>("ADDRESS:PORT"),
       "Listens for HTTP/1.1, and HTTP/2 by prior knowledge, in clear text; loopback only.", kBoth},
      {"admin", &Options::admin, Parsed<net::Address>("ADDRESS:PORT"),
       "Listens for /livez /readyz /healthz /metrics /explain in clear text; loopback only.",
       kBoth},
      {"cert", &Options::cert, Path(""),
       "Certificate chain (PEM). Without it a development certificate is made in cache_dir.",
       kBoth | kReload},
      {"key", &Options::key, Path(""), "Private key (PEM) of --cert.", kBoth | kReload},
      {"cache_dir", &Options::cache_dir, Path("skerry-cache"), "Folder of the disk tier.", kBoth},
      {"ram_cache", &Options::ram_cache, Bytes(1_MiB, 1024_GiB, 512_MiB),
       "Memory for stored responses.", kBoth},
      {"disk_cache", &Options::disk_cache, Bytes(0, 1024 * 1024_GiB, 8_GiB),
       "Disk space for stored responses, 64MiB at least; 0: memory only.", kBoth},
      {"workers", &Options::workers, Integer(0, 1024, 0),
       "Threads that serve connections; 0: one a processor.", kBoth},
      {"profile", &Options::profile,
       Choice<Profile>({{"default", Profile::kDefault}, {"rfc", Profile::kRfc}}, Profile::kDefault),
       "default: the careful operator; rfc: everything that RFC 9111 lets a shared cache do.",
       kBoth},
      {"access_log", &Options::access_log, Path("off"), "File of the JSON access log, or off.",
       kBoth},
      {"ready_file", &Options::ready_file, Path(""),
       "Written when serving, with process id and listeners (JSON).", kFlag},
      {"purge", &Options::purge, Text(""), "URL of the skerry-purge whose log this node follows.",
       kBoth},
      {"purge_token_file", &Options::purge_token_file, Path(""),
       "Bearer token for --purge and --shield, one a line; the first is used.", kBoth | kReload},
      {"purge_ca", &Options::purge_ca, Path(""), "Certificates (PEM) that vouch for --purge.",
       kBoth},
      {"purge_cert", &Options::purge_cert, Path(""),
       "Certificate (PEM) that is shown to --purge if it asks for one.", kBoth | kReload},
      {"purge_key", &Options::purge_key, Path(""), "Private key (PEM) of --purge_cert.",
       kBoth | kReload},
      {"node", &Options::node, Text(""), "Name of this node in receipts; needed with --purge.",
       kBoth},
      {"drain", &Options::drain, Duration(0s, 1h, 30s),
       "How long requests under way may take after TERM.", kBoth},
      {"early_hints", &Options::early_hints, Bool(true),
       "Send the links of a stored page ahead of it (103), to browsers that navigate, by HTTP/2."},
      {"compression.upgrade_cpu", &Options::upgrade_cpu, Integer(0, 100, 10),
       "Per cent of one processor that may go into compressing hot objects smaller; 0: none."},
      {"compression.upgrade_hits", &Options::upgrade_hits, Integer(1, 1'000'000, 16),
       "Hits after which an object is hot."},
      {"limits.variants", &Options::limit_variants, Integer(1, 256, 16),
       "Variants of one object that are kept, in memory and on disk; beyond that the oldest goes."},
      {"limits.streams", &Options::limit_streams, Integer(1, 1000, 128),
       "Requests at one time on one HTTP/2 connection."},
      {"limits.header_bytes", &Options::limit_header_bytes, Bytes(1_KiB, 1_MiB, 32_KiB),
       "Size of a request's fields."},
      {"limits.header_count", &Options::limit_header_count, Integer(10, 10000, 100),
       "Number of a request's field lines, cookie crumbs counted one by one."},
      {"limits.path_bytes", &Options::limit_path_bytes, Bytes(256, 1_MiB, 16_KiB),
       "Length of a request's path and query."},
      {"limits.body_bytes", &Options::limit_body_bytes, Bytes(0, 1024_GiB, 16_MiB),
       "Size of a request's body."},
      {"limits.header_time", &Options::limit_header_time, Duration(100ms, 1h, 10s),
       "How long a request's head may take."},
      {"limits.body_time", &Options::limit_body_time, Duration(100ms, 1h, 10s),
       "How long a request's body may pause."},
      {"limits.request_rate", &Options::limit_request_rate, Integer(0, 1'000'000, 500),
       "Bytes a second of a request's body, on average; slower ones are given up. 0: any rate."},
      {"limits.response_rate", &Options::limit_response_rate, Integer(0, 1'000'000, 500),
       "Bytes a second that a client takes of an answer that waits for it. 0: any rate."},
      {"limits.stalled_write", &Options::limit_stalled_write, Duration(1s, 1h, 30s),
       "How long a client may refuse data that waits for it."},
      {"limits.idle", &Options::limit_idle, Duration(1s, 24h, 60s),
       "How long a connection may be idle."},
      {"limits.websocket_idle", &Options::limit_websocket_idle, Duration(1s, 24h, 5min),
       "How long a WebSocket may be silent on both sides."},
      {"limits.websockets", &Options::limit_websockets, Integer(0, 1'000'000, 128),
       "WebSockets at one time, a worker; each holds one of its upstream's connections."},
      {"limits.glitches", &Options::limit_glitches, Integer(100, 1'000'000, 2000),
       "Frames without use that a connection may send ahead of useful requests."},
      {"upstream.connect", &Options::upstream_connect, Duration(10ms, 10min, 5s),
       "How long connecting may take."},
      {"upstream.first_byte", &Options::upstream_first_byte, Duration(10ms, 1h, 30s),
       "How long the head of an answer may take."},
      {"upstream.between_bytes", &Options::upstream_between_bytes, Duration(10ms, 1h, 30s),
       "How long the body of an answer may pause."},
      {"upstream.connections", &Options::upstream_connections, Integer(1, 65536, 256),
       "Connections to one upstream, a worker."},
      {"upstream.budget", &Options::upstream_budget, Integer(0, 1'000'000, 1000),
       "Fetches a second that come from us more than from clients: refreshes of what was purged "
       "softly, which else wait for the next request, and what is validated while the purge log is "
       "out of reach, which waits for its turn, at most 5 s (then 503). 0: unbounded.",
       kFile | kReload},
      {"purge_method.from", &Options::purge_method_from,
       config::ParsedList<net::AddressRange>("ADDRESS or ADDRESS/BITS",
                                             std::vector<net::AddressRange>()),
       "Whose requests with the method PURGE become purges of the log; those of others are "
       "refused. "
       "Without any, PURGE is proxied like other methods."},
      {"purge_method.tag_field", &Options::purge_method_tag_field, Text(""),
       "A field of such requests that names tags, instead of their URL: \"xkey\"."},
      {"purge_method.wait", &Options::purge_method_wait, Duration(0s, 1min, 5s),
       "How long they wait for confirmation by the nodes."},
      {"country_database", &Options::country_database, Path(""),
       "MaxMind DB file with the countries of addresses, for key.country.", kBoth | kReload},
      {"explain", &Options::explain, Text(""),
       "Instead of serving: says what happens to a request for this URL, and why. Asks the node "
       "at --admin; where none answers, tells what the configuration says.",
       kFlag},
      {"header", &Options::header, Text(""),
       "A field of that request, \"Name: value\"; may be given several times.", kFlag},
      {"dry_run", &Options::dry_run, Path(""),
       "Instead of serving: replays this access log through the configuration and prints what "
       "would have come of it.",
       kFlag},
      {"against", &Options::against, Path(""),
       "For --dry_run: a second configuration file to compare with; without it, what the log says "
       "has happened.",
       kFlag},
      {"json", &Options::json, Bool(false), "For --explain and --dry_run: JSON for machines.",
       kFlag},
      {"site", &Options::sites, SiteTable(), "A site: host names, origin, rules.", kFile | kReload},
  };
  return table;
}

using config::Problems;

void CheckOptions(const Options& options, Problems& problems) {
  const config::Places& places = options.places;
  if (options.origin.empty() && options.shield.empty() && options.sites.empty()) {
    problems.Add({"", 0, 0},
                 "nothing to serve: give --origin=URL or --shield=URL, or --config=FILE");
  }
  config::ServiceChecks checks(places, problems);
  checks.ApplicationUrl("origin", options.origin);
  checks.ServiceUrl("shield", options.shield);
  checks.ServiceUrl("purge", options.purge);
  checks.ClearText("http", options.http);
  checks.ClearText("admin", options.admin);
  checks.CertificateAndKey(options.cert, options.key);
  if (options.purge_cert.empty() != options.purge_key.empty()) {
    problems.Add(places.Of(options.purge_cert.empty() ? "purge_key" : "purge_cert"),
                 "purge_cert and purge_key: one needs the other");
  }
  if (!options.purge.empty() && (options.node.empty() || options.purge_token_file.empty())) {
    problems.Add(places.Of("purge"), "purge: needs --node=NAME and --purge_token_file=FILE too");
  }
  if (!options.purge_method_from.empty() && options.purge.empty()) {
    problems.Add(places.Of("purge_method.from"), "purge_method.from: needs --purge=URL");
  }
  if (options.disk_cache != 0 && options.disk_cache < 64_MiB) {
    problems.Add(places.Of("disk_cache"), "disk_cache: at least 64MiB, or 0 for memory only");
  }
  if (!options.country_database.empty()) {
    if (const auto opened = CountryFile::Open(options.country_database); !opened) {
      problems.Add(places.Of("country_database"), "country_database: " + opened.error().context);
    }
  }
  if (!options.explain.empty() && !options.dry_run.empty()) {
    problems.Add(places.Of("dry_run"), "dry_run: not together with --explain");
  }
  if (!options.against.empty() && options.dry_run.empty()) {
    problems.Add(places.Of("against"), "against: only with --dry_run=ACCESS.log");
  }
  for (const SiteOptions& site : options.sites) CheckSite(options, site, problems);
}

}  // namespace skerry::edge
