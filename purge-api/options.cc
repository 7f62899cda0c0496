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
using config::Text;

namespace {

config::Kind<std::vector<Template>> Templates() {
  return config::ParsedList<Template>("TEXT with {NAME}", std::vector<Template>());
}

void CheckRedis(const Options& options, config::Problems& problems) {
  const bool named = !options.redis_stream.empty() || !options.redis_channel.empty();
  const bool templates = !options.redis_urls.empty() || !options.redis_tags.empty() ||
                         !options.redis_prefixes.empty() || !options.redis_hosts.empty();
  if (options.redis && (!named || !templates)) {
    problems.Add(options.places.Of("redis.address"),
                 "redis.address: needs redis.stream or redis.channel, and one of redis.urls, "
                 "redis.tags, redis.prefixes, redis.hosts");
  }
  if (!options.redis && (named || templates)) {
    problems.Add(options.places.Of(named ? "redis.stream" : "redis.urls"),
                 "redis.*: needs redis.address");
  }
}

}  // namespace

// Long: the table is the manual, one entry an option.
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
      {"client_ca", &Options::client_ca, Path(""),
       "Certificates (PEM) that vouch for clients: then nodes and backends must show one, beside "
       "their token.",
       kBoth | kReload},
      {"data_dir", &Options::data_dir, Path(), "Folder of the log.", kBoth},
      {"token_file", &Options::token_file, Path(),
       "Bearer tokens of backends, shields and nodes, one a line, or sha256: and their hash; what "
       "a "
       "token may stands behind it (docs/purge-protocol.md); # begins a comment.",
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
      {"limits.rate", &Options::rate, Integer(0, 1'000'000, 0),
       "Purges a second with one token; more are answered 429, with RateLimit fields. 0: "
       "without bound."},
      {"adapters.zones", &Options::zones,
       config::ParsedList<Zone>("\"ID: HOST, HOST\"", std::vector<Zone>()),
       "Services or zones of other purge APIs and their hosts: requests in the shape of Fastly's "
       "and Cloudflare's are taken for them."},
      {"redis.address", &Options::redis, Parsed<net::Address>("ADDRESS:PORT"),
       "A Redis whose messages become purges, by the templates below."},
      {"redis.password_file", &Options::redis_password_file, Path(""), "Its password, on a line."},
      {"redis.stream", &Options::redis_stream, Text(""),
       "The stream that is read, as a consumer group: an entry is acknowledged when its record is "
       "durable."},
      {"redis.group", &Options::redis_group, Text("skerry"), "The consumer group."},
      {"redis.channel", &Options::redis_channel, Text(""),
       "The channel that is subscribed to: \"cache_invalidation\". What is published while we are "
       "away is lost."},
      {"redis.urls", &Options::redis_urls, Templates(),
       "URLs that a message names: \"https://www.example.com/products/{id}\", with fields of a "
       "stream's entry, members of JSON, or {message}. A template without all its values is "
       "passed over."},
      {"redis.tags", &Options::redis_tags, Templates(), "Tags: \"product-{id}\"."},
      {"redis.prefixes", &Options::redis_prefixes, Templates(), "Prefixes, with * at their end."},
      {"redis.hosts", &Options::redis_hosts, Templates(), "Hosts."},
      {"redis.mode", &Options::redis_soft,
       config::Choice<bool>({{"hard", false}, {"soft", true}}, false),
       "Whether what they name is gone, or stale."},
  };
  return table;
}

void CheckOptions(const Options& options, config::Problems& problems) {
  config::ServiceChecks checks(options.places, problems);
  if (options.cert.empty()) {
    checks.ClearText("listen", options.listen, "; give --cert and --key");
  }
  checks.ClearText("admin", options.admin);
  CheckRedis(options, problems);
  checks.CertificateAndKey(options.cert, options.key);
  if (!options.client_ca.empty() && options.cert.empty()) {
    problems.Add(options.places.Of("client_ca"), "client_ca: needs --cert and --key too");
  }
}

}  // namespace skerry::purge
