// `skerry-purge purge`: sends a purge and prints, node by node, what came of it.
//
//   skerry-purge purge --to URL --token_file F --url … --tag … --wait 10s
//
// Exit codes: 0 done (complete, or accepted without --wait); 1 refused or no answer;
// 2 usage; 4 not confirmed in time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "purge-api/ledger/ledger.h"

namespace skerry::purge {

struct CommandLine {
  std::string to;  // "https://purge.example:8444"
  std::string token_file;
  std::vector<std::string> urls;
  std::vector<std::string> tags;
  std::vector<std::string> prefixes;
  std::vector<std::string> hosts;
  std::string file;  // more URLs, one a line; "-": standard input
  bool all = false;
  bool soft = false;
  bool immutable = false;
  bool dry_run = false;  // counts only
  std::string wait = "10s";
  std::string cert;  // shown to a service that asks; with its key
  std::string private_key;
  std::string ca;   // certificates that vouch for `to`
  std::string key;  // Idempotency-Key; empty: none
  bool json = false;
};

// The body of POST /v1/purges.
std::string BodyOf(const CommandLine& line, const std::vector<std::string>& more_urls);

// The receipt as a table for people; a line a node.
std::string Table(const std::string& id, const Receipt& receipt);

// What a dry run has counted, the same way; kInvalid: no such answer.
Result<std::string> DryRunTable(std::string_view answer);

// argv[0] is "purge".
int RunCommand(int argc, char** argv);

// `skerry-purge list`: what GET /v1/purges is asked.
struct ListLine {
  std::string url, tag, host, site, who, since, until, before;
  size_t limit = 20;
};
std::string PathOf(const ListLine& list);
// A line a record; kInvalid: no such answer.
Result<std::string> ListTable(std::string_view answer);
// argv[0] is "list". Exit codes: 0, 1 refused or no answer, 2 usage.
int RunList(int argc, char** argv);

}  // namespace skerry::purge
