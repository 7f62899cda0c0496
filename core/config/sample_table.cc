#include "core/config/sample_table.h"

#include <charconv>

namespace skerry::config {

using namespace std::chrono_literals;

Result<Endpoint> Endpoint::Parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  int port = -1;
  if (colon != text.npos) std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  if (port < 0 || port > 65535) {
    return Fail(Code::kInvalid, Side::kConfig,
                "expected HOST:PORT, found \"" + std::string(text) + "\"");
  }
  return Endpoint{std::string(text.substr(0, colon)), port};
}

namespace {

const Table<RuleOptions>& RuleTable() {
  static const Table<RuleOptions> table = {
      {"match", &RuleOptions::match, TextList(), "Paths this rule is for."},
      {"edge_ttl", &RuleOptions::edge_ttl, WholeSeconds(0s, 24h * 365), "Freshness at the edge."},
      {"bypass", &RuleOptions::bypass, Bool(false), "Never cached."},
  };
  return table;
}

const Table<SiteOptions>& SiteTable() {
  static const Table<SiteOptions> table = {
      {"hosts", &SiteOptions::hosts, TextList(), "Names of the site."},
      {"origin", &SiteOptions::origin, Text(""), "Where its pages come from."},
      {"rule", &SiteOptions::rules, RuleTable(), "Policy of some paths; the first that matches."},
  };
  return table;
}

}  // namespace

const Table<SampleOptions>& SampleTable() {
  static const Table<SampleOptions> table = {
      {"https", &SampleOptions::https, Parsed<Endpoint>("HOST:PORT"), "Where to listen.",
       kFile | kFlag},
      {"peers", &SampleOptions::peers, ParsedList<Endpoint>("HOST:PORT", {{}}), "Neighbours.",
       kFile | kFlag},
      {"ram_cache", &SampleOptions::ram_cache, Bytes(16_MiB, 1024_GiB, 512_MiB), "Kept in memory.",
       kFile | kFlag},
      {"profile", &SampleOptions::profile,
       Choice<Profile>({{"default", Profile::kDefault}, {"rfc", Profile::kRfc}}, Profile::kDefault),
       "How careful | or literal.", kFile | kFlag | kReload},
      {"cache_dir", &SampleOptions::cache_dir, Path("/var/cache/sample"), "The disk tier.",
       kFile | kFlag},
      {"ready_file", &SampleOptions::ready_file, Path(""), "Written when serving.", kFlag},
      {"verbose", &SampleOptions::verbose, Bool(false), "Say more.", kFile | kFlag | kReload},
      {"limits.streams", &SampleOptions::streams, Integer(1, 1000, 128), "Requests at one time.",
       kFile | kReload},
      {"limits.idle", &SampleOptions::idle, Duration(1s, 1h, 60s), "Idle connections end."},
      {"limits.grace", &SampleOptions::grace, WholeSeconds(0s, 24h, 0s), "Stale answers."},
      {"images.widths", &SampleOptions::widths, IntegerList(16, 8192, {{640, 1280}}), "Widths."},
      {"site", &SampleOptions::sites, SiteTable(), "A site.", kFile | kReload},
  };
  return table;
}

}  // namespace skerry::config
