#include "purge-api/command/command.h"

#include <curl/curl.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/config/subcommands.h"
#include "core/daemon/tokens.h"
#include "core/http/upstream/upstream.h"
#include "core/net/address.h"
#include "purge-api/accept/request.h"
#include "purge-api/log/receipt_json.h"

namespace skerry::purge {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kNotConfirmed = 4;
// Beside the time that the service waits for the nodes.
constexpr Millis kPatience{10'000};

int Complain(const std::string& what, int code, const char* command = "purge") {
  std::fprintf(stderr, "skerry-purge %s: %s\n", command, what.c_str());
  return code;
}

// URLs of a file, one a line; blank lines and comments are passed over.
Result<std::vector<std::string>> ReadUrls(const std::string& file) {
  std::vector<std::string> urls;
  if (file.empty()) return urls;
  std::ifstream opened;
  if (file != "-") {
    struct stat about {};
    if (stat(file.c_str(), &about) == 0 && S_ISDIR(about.st_mode))
      errno = EISDIR;
    else
      opened.open(file);
    if (!opened.is_open()) {
      return Fail(Code::kIo, Side::kClient, file + " cannot be read: " + std::strerror(errno));
    }
  }
  std::istream& in = file == "-" ? std::cin : opened;
  for (std::string line; std::getline(in, line);) {
    const std::string_view url = http::TrimBlanks(line);
    if (!url.empty() && url.front() != '#') urls.emplace_back(url);
  }
  return urls;
}

// A token goes over TLS, or stays on this machine.
Status CheckTo(const std::string& to) {
  const auto url = http::UpstreamUrl::Parse(to);
  if (!url) {
    return Fail(Code::kInvalid, Side::kClient,
                "--to=" + to + " is no URL of a service; write https://HOST[:PORT]");
  }
  const bool local = url->host == "localhost" || net::Address{url->host, 0}.IsLoopback();
  if (url->scheme == "http" && !local) {
    return Fail(Code::kInvalid, Side::kClient,
                "--to=" + to +
                    " would send the token in clear text; write https:// (http:// is "
                    "for loopback)");
  }
  return {};
}

struct Sent {
  long status = 0;
  std::string body;
};

size_t Collect(char* bytes, size_t size, size_t count, void* to) {
  static_cast<std::string*>(to)->append(bytes, size * count);
  return size * count;
}

// Posts `body`, or gets where there is none.
Result<Sent> Ask(const CommandLine& line, const std::string& token, const std::string& path,
                 const std::string& body, Millis wait) {
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  if (curl == nullptr) return Fail(Code::kInternal, Side::kSelf, "libcurl does not start");
  curl_slist* list = curl_slist_append(nullptr, "Content-Type: application/json");
  list = curl_slist_append(list, ("Authorization: Bearer " + token).c_str());
  list = curl_slist_append(list, "Expect:");
  if (!line.key.empty()) list = curl_slist_append(list, ("Idempotency-Key: " + line.key).c_str());
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> fields(list, curl_slist_free_all);
  std::string to = line.to;
  while (to.ends_with('/')) to.pop_back();
  Sent sent;
  CURL* const handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, (to + path).c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields.get());
  if (!body.empty()) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, Collect);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &sent.body);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>((wait + kPatience).count()));
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  if (!line.ca.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, line.ca.c_str());
  if (!line.cert.empty()) curl_easy_setopt(handle, CURLOPT_SSLCERT, line.cert.c_str());
  if (!line.private_key.empty()) curl_easy_setopt(handle, CURLOPT_SSLKEY, line.private_key.c_str());
  const CURLcode code = curl_easy_perform(handle);
  if (code != CURLE_OK) {
    return Fail(Code::kRefused, Side::kUpstream, line.to + ": " + curl_easy_strerror(code));
  }
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &sent.status);
  return sent;
}

// The words of a problem+json, else the status alone.
std::string WordsOf(const Sent& sent) {
  std::string words = "the service answers " + std::to_string(sent.status);
  const Json json = Json::parse(sent.body, nullptr, false);
  if (!json.is_object()) return words;
  for (const char* name : {"title", "member", "detail"}) {
    if (json.contains(name) && json[name].is_string()) {
      words += ": " + json[name].get<std::string>();
    }
  }
  return words;
}

int ReportDryRun(const CommandLine& line, const Sent& sent, bool waited) {
  const Result<std::string> table = line.json ? sent.body : DryRunTable(sent.body);
  if (!table) return Complain(table.error().context, kFailed);
  std::fputs(table->c_str(), stdout);
  if (!waited || sent.status == 200) return kDone;
  return Complain("not counted by every node within " + line.wait, kNotConfirmed);
}

int Report(const CommandLine& line, const Sent& sent, bool waited) {
  if (sent.status != 200 && sent.status != 202) return Complain(WordsOf(sent), kFailed);
  if (line.dry_run) return ReportDryRun(line, sent, waited);
  const Result<Receipt> receipt = ReceiptFromJson(sent.body);
  const Json json = Json::parse(sent.body, nullptr, false);
  if (!receipt || !json.contains("id") || !json["id"].is_string()) {
    return Complain("what the service answers is no receipt", kFailed);
  }
  if (line.json) {
    std::fputs(sent.body.c_str(), stdout);
  } else {
    std::fputs(Table(json["id"].get<std::string>(), *receipt).c_str(), stdout);
  }
  if (!waited || receipt->complete) return kDone;
  return Complain("not confirmed by every node within " + line.wait, kNotConfirmed);
}

void Describe(CLI::App& app, CommandLine& line) {
  app.add_option("--to", line.to, "URL of the purge service")->required();
  app.add_option("--token_file", line.token_file, "its first token is sent")->required();
  app.add_option("--url", line.urls, "a URL (repeatable)");
  app.add_option("--file", line.file, "more URLs, one a line; - is standard input");
  app.add_option("--tag", line.tags, "a tag (repeatable)");
  app.add_option("--prefix", line.prefixes, "https://host/path* (repeatable)");
  app.add_option("--host", line.hosts, "a host (repeatable)");
  app.add_flag("--all", line.all, "everything");
  app.add_flag("--soft", line.soft, "make stale instead of removing");
  app.add_flag("--immutable", line.immutable, "cover content-hashed objects on fenced nodes too");
  app.add_flag("--dry_run", line.dry_run, "only count what each node would drop");
  app.add_option("--wait", line.wait, "for confirmation by the nodes; 0 does not wait")
      ->capture_default_str();
  app.add_option("--key", line.key, "Idempotency-Key: a repetition is not purged twice");
  app.add_option("--ca", line.ca, "certificates (PEM) that vouch for --to");
  app.add_option("--cert", line.cert, "certificate (PEM) to show, where the service asks");
  app.add_option("--cert_key", line.private_key, "its private key (PEM)");
  app.add_flag("--json", line.json, "print the receipt as it came");
}

}  // namespace

std::string BodyOf(const CommandLine& line, const std::vector<std::string>& more_urls) {
  std::vector<std::string> urls = line.urls;
  urls.insert(urls.end(), more_urls.begin(), more_urls.end());
  Json json = Json::object();
  if (!urls.empty()) json["urls"] = urls;
  if (!line.tags.empty()) json["tags"] = line.tags;
  if (!line.prefixes.empty()) json["prefixes"] = line.prefixes;
  if (!line.hosts.empty()) json["hosts"] = line.hosts;
  if (line.all) json["all"] = true;
  if (line.soft) json["mode"] = "soft";
  if (line.immutable) json["immutable"] = true;
  if (line.dry_run) json["dry_run"] = true;
  json["wait"] = line.wait;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Table(const std::string& id, const Receipt& receipt) {
  size_t width = 4;
  for (const auto& [name, its] : receipt.nodes) width = std::max(width, name.size());
  const auto row = [&](std::string name, std::string_view state, const std::string& rest) {
    name.resize(width, ' ');
    std::string cell(state);
    cell.resize(11, ' ');
    return "  " + name + "  " + cell + "  " + rest + "\n";
  };
  std::string table = "purge " + id + ": " + (receipt.complete ? "complete" : "accepted") + "\n";
  if (receipt.nodes.empty()) return table + "  no nodes\n";
  table += row("NODE", "STATE", "SINCE");
  for (const auto& [name, its] : receipt.nodes) {
    table += row(name, Name(its.state), ToRfc3339(its.at));
  }
  return table;
}

Result<std::string> DryRunTable(std::string_view answer) {
  std::string table;
  try {
    const Json json = Json::parse(answer);
    table = "dry run " + json.at("id").get<std::string>() + ": " +
            json.at("state").get<std::string>() + "; nothing was purged\n";
    char row[400];
    std::snprintf(row, sizeof(row), "  %-20s  %-11s  %10s  %14s\n", "NODE", "STATE", "OBJECTS",
                  "BYTES");
    table += row;
    for (const auto& [name, its] : json.at("nodes").items()) {
      const auto number = [&its = its](const char* member) {
        return its.contains(member) ? its[member].dump() : std::string("-");
      };
      std::snprintf(row, sizeof(row), "  %-20s  %-11s  %10s  %14s\n", name.c_str(),
                    its.at("state").get<std::string>().c_str(), number("objects").c_str(),
                    number("bytes").c_str());
      table += row;
    }
  } catch (const Json::exception& error) {
    return Fail(Code::kInvalid, Side::kUpstream, std::string("no dry run: ") + error.what());
  }
  return table;
}

int RunCommand(int argc, char** argv) {
  CommandLine line;
  CLI::App app(
      "Sends a purge and prints what came of it, node by node.\nExit codes: 0 done, 1 "
      "refused, 2 usage, 4 not confirmed in time.",
      "skerry-purge purge");
  Describe(app, line);
  config::ExplainMistakes(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  if (const Status to = CheckTo(line.to); !to) return Complain(to.error().context, kUsage);
  const std::optional<Millis> wait = ParseDuration(line.wait);
  if (!wait) return Complain("--wait: expected a duration such as 10s or 500ms", kUsage);
  if (line.token_file.empty()) return Complain("--token_file: expected a file", kUsage);
  const Result<std::vector<std::string>> tokens = daemon::ReadTokens(line.token_file);
  if (!tokens) return Complain("--token_file: " + tokens.error().context, kUsage);
  const Result<std::vector<std::string>> urls = ReadUrls(line.file);
  if (!urls) return Complain("--file: " + urls.error().context, kUsage);
  const std::string body = BodyOf(line, *urls);
  // What the service would refuse is refused here, in the same words.
  if (const Checked<Accepted> checked = ParsePurge(body); !checked) {
    const Problem& problem = checked.error();
    return Complain((problem.member.empty() ? "" : problem.member + ": ") + problem.detail, kUsage);
  }
  const Result<Sent> sent = Ask(line, tokens->front(), "/v1/purges", body, *wait);
  if (!sent) return Complain(sent.error().context, kFailed);
  return Report(line, *sent, *wait > Millis(0));
}

// --- skerry-purge list

namespace {

std::string Escaped(std::string_view text) {
  const std::unique_ptr<char, void (*)(void*)> escaped(
      curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size())), curl_free);
  return escaped == nullptr ? std::string() : std::string(escaped.get());
}

void DescribeList(CLI::App& app, CommandLine& line, ListLine& list) {
  app.add_option("--to", line.to, "URL of the purge service")->required();
  app.add_option("--token_file", line.token_file, "its first token is sent")->required();
  app.add_option("--url", list.url, "what covers this URL");
  app.add_option("--tag", list.tag, "what names this tag");
  app.add_option("--host", list.host, "what lies on this host");
  app.add_option("--site", list.site, "activations of this site");
  app.add_option("--who", list.who, "what this token sent, by its digest");
  app.add_option("--since", list.since, "2026-11-21 or 2026-11-21T18:00:00Z");
  app.add_option("--until", list.until, "the same");
  app.add_option("--before", list.before, "below this position: to go on");
  app.add_option("--limit", list.limit, "how many")->capture_default_str();
  app.add_option("--ca", line.ca, "certificates (PEM) that vouch for --to");
  app.add_option("--cert", line.cert, "certificate (PEM) to show, where the service asks");
  app.add_option("--cert_key", line.private_key, "its private key (PEM)");
  app.add_flag("--json", line.json, "print the answer as it came");
}

std::string Named(const Json& past) {
  std::string text;
  size_t shown = 0, all = 0;
  for (const Json& first : past.at("first")) {
    text += (text.empty() ? "" : " ") + first.get<std::string>().substr(0, 60);
    ++shown;
  }
  for (const char* kind : {"urls", "tags", "prefixes", "hosts"}) {
    all += past.at("named").at(kind).get<size_t>();
  }
  if (past.at("named").at("all") == true) text = "everything";
  if (past.at("kind") == "activation") {
    text = past.at("site").get<std::string>() + ' ' + past.at("release").get<std::string>();
  } else if (all > shown) {
    text += " and " + std::to_string(all - shown) + " more";
  }
  return text;
}

}  // namespace

std::string PathOf(const ListLine& list) {
  std::string path = "/v1/purges?limit=" + std::to_string(list.limit);
  const std::pair<const char*, const std::string*> parts[] = {
      {"url", &list.url}, {"tag", &list.tag},     {"host", &list.host},   {"site", &list.site},
      {"who", &list.who}, {"since", &list.since}, {"until", &list.until}, {"before", &list.before}};
  for (const auto& [name, value] : parts) {
    if (!value->empty()) path += std::string("&") + name + '=' + Escaped(*value);
  }
  return path;
}

Result<std::string> ListTable(std::string_view answer) {
  std::string table;
  try {
    const Json json = Json::parse(answer);
    for (const Json& past : json.at("purges")) {
      char row[400];
      if (table.empty()) {
        std::snprintf(row, sizeof(row), "%-8s  %-20s  %-12s  %-8s  %-10s  %s\n", "SEQ", "WHEN",
                      "WHO", "STATE", "KIND", "WHAT");
        table = row;
      }
      const bool soft = past.value("mode", "") == "soft";
      std::snprintf(
          row, sizeof(row), "%-8llu  %.19sZ  %-12.12s  %-8s  %-10s  ",
          past.at("seq").get<unsigned long long>(), past.at("at").get<std::string>().c_str(),
          past.at("who").get<std::string>().c_str(), past.at("state").get<std::string>().c_str(),
          soft ? "soft" : past.at("kind").get<std::string>().c_str());
      table += row + Named(past) + '\n';
    }
    if (table.empty()) table = "none\n";
    if (json.contains("next")) table += "more: --before " + json["next"].dump() + '\n';
  } catch (const Json::exception& error) {
    return Fail(Code::kInvalid, Side::kUpstream, std::string("no list: ") + error.what());
  }
  return table;
}

int RunList(int argc, char** argv) {
  CommandLine line;
  ListLine list;
  CLI::App app("Prints past purges and activations, the newest first.", "skerry-purge list");
  DescribeList(app, line, list);
  config::ExplainMistakes(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  const auto complain = [](const std::string& what, int code) {
    return Complain(what, code, "list");
  };
  if (const Status to = CheckTo(line.to); !to) return complain(to.error().context, kUsage);
  const Result<std::vector<std::string>> tokens = daemon::ReadTokens(line.token_file);
  if (!tokens) return complain("--token_file: " + tokens.error().context, kUsage);
  const Result<Sent> sent = Ask(line, tokens->front(), PathOf(list), "", Millis(0));
  if (!sent) return complain(sent.error().context, kFailed);
  if (sent->status != 200) return complain(WordsOf(*sent), kFailed);
  const Result<std::string> table = line.json ? sent->body : ListTable(sent->body);
  if (!table) return complain(table.error().context, kFailed);
  std::fputs(table->c_str(), stdout);
  return kDone;
}

}  // namespace skerry::purge
