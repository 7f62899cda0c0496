#include "purge-api/serve/service.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/digest.h"
#include "core/base/log.h"
#include "purge-api/log/receipt_json.h"

namespace skerry::purge {
namespace {

using cache::Seq;
using Json = nlohmann::ordered_json;

// Longer bodies are parsed off the loop.
constexpr size_t kSmallBody = 32 << 10;
constexpr size_t kLongestKey = 200;
constexpr size_t kRecentReceipts = 10'000;

Problem NotFound(std::string detail) { return {404, "not found", std::move(detail), ""}; }
Problem Unavailable(std::string detail) { return {503, "unavailable", std::move(detail), ""}; }

std::string_view StateName(const Ledger::NodeView& view) {
  if (view.member.ended) return "ended";
  return view.leased ? "leased" : "expired";
}

std::string Fingerprint(const Request& request) {
  if (!request.by.empty()) return request.by;
  return Sha256(request.fields.Find("authorization").value_or("")).Hex().substr(0, 12);
}

bool IsKey(std::string_view key) {
  return !key.empty() && key.size() <= kLongestKey &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

Service::Service(net::Loop& loop, Pool& writer, Pool& reader, Log& log, Metrics& metrics,
                 Options options)
    : loop_(loop),
      writer_(writer),
      reader_(reader),
      log_(log),
      metrics_(metrics),
      options_(std::move(options)),
      ledger_({.lease = options_.lease}, log.opened().members, log.opened().head,
              options_.clock->Boot()),
      batch_(loop, writer, log, options_.batch),
      tail_(log.opened().head, options_.tail_bytes),
      alarm_(loop) {
  for (const auto& [seq, needs] : log.opened().open) ledger_.Reopen(seq, needs, Boot(), Wall());
  if (const auto releases = log.Releases()) {
    for (const std::string& text : *releases) {
      if (const auto record = cache::RecordFromJson(text)) releases_[record->site] = text;
    }
  }
  batch_.set_on_written([this] { OnBatchWritten(); });
  AfterLedger();
}

Service::~Service() = default;

std::string Service::IdOf(Seq seq) const { return log_.opened().id + '-' + std::to_string(seq); }

// --- requests come and go

uint64_t Service::Handle(Request request, Reply reply) {
  const uint64_t call = ++last_call_;
  std::optional<Problem> untranslated;
  if (std::optional<Adapted> adapted = Adapt(request, options_.zones)) {
    request = std::move(adapted->request);
    untranslated = adapted->refused;
    reply = [adapted = std::move(*adapted), reply = std::move(reply)](const Answer& answer) {
      reply(Dress(adapted, answer));
    };
  }
  calls_.emplace(call, std::move(reply));
  if (std::optional<Answer> refused = Refuse(request)) {
    Send(call, std::move(*refused));
  } else if (untranslated) {
    Send(call, Answer::Of(*untranslated));
  } else {
    Dispatch(call, std::move(request));
  }
  return call;
}

void Service::Cancel(uint64_t call) {
  calls_.erase(call);
  if (const auto held = held_.extract(call)) loop_.Cancel(held.mapped().timer);
  if (const auto waiter = waiters_.extract(call)) loop_.Cancel(waiter.mapped().timer);
}

void Service::Send(uint64_t call, Answer answer) {
  metrics_
      .GetCounter("skerry_purge_requests_total", "Requests of the purge API.",
                  {{"status", std::to_string(answer.status)}})
      .Add();
  const auto waiting = calls_.extract(call);
  if (waiting.empty()) return;
  answer.fields.Add("cache-control", "no-store");
  waiting.mapped()(std::move(answer));
}

// Runs `work` on the pool, and what it gives on the loop while this service lives.
// The work may outlive this service, so it is given the log.
void Service::OnPool(Pool& pool, std::function<std::function<void()>(Log&)> work) {
  pool.Run(
      [&loop = loop_, &log = log_, weak = std::weak_ptr<bool>(alive_), work = std::move(work)] {
        loop.Post([weak, then = work(log)] {
          if (!weak.expired()) then();
        });
      });
}

std::optional<Answer> Service::Refuse(Request& request) const {
  if (!request.path.starts_with("/v1/") || !request.by.empty()) return std::nullopt;
  const Access::Checked checked = options_.access.Check(request.fields);
  if (checked.bearer == Access::Bearer::kMissing) {
    Answer answer = Answer::Of({401, "no token",
                                "send Authorization: Bearer TOKEN with a line of the service's "
                                "--token_file",
                                ""});
    answer.fields.Add("www-authenticate", "Bearer");
    return answer;
  }
  if (checked.bearer == Access::Bearer::kWrong) {
    return Answer::Of({403, "wrong token", "no line of the service's --token_file", ""});
  }
  request.scope = checked.scope;
  const bool purges = request.path == "/v1/purges" || request.path.starts_with("/v1/purges/");
  if (checked.scope.limited && !purges) {
    return Answer::Of({403, "not allowed", "this token may purge only", ""});
  }
  return std::nullopt;
}

bool Service::TakeTurn(const std::string& who, http::Fields& fields) {
  const double rate = options_.rate;
  const SteadyTime now = options_.clock->Steady();
  const auto [it, first] = turns_.try_emplace(who, Turns{rate, now});
  Turns& turns = it->second;
  const std::chrono::duration<double> since = now - turns.at;
  turns = {std::min(rate, turns.left + since.count() * rate), now};
  const bool taken = turns.left >= 1;
  if (taken) turns.left -= 1;
  const std::string most = std::to_string(options_.rate);
  fields.Add("ratelimit-policy", "\"purges\";q=" + most + ";w=1");
  fields.Add("ratelimit", "\"purges\";r=" + std::to_string(static_cast<int>(turns.left)) + ";t=1");
  if (!taken) fields.Add("retry-after", "1");
  return taken;
}

void Service::Dispatch(uint64_t call, Request request) {
  const std::string& path = request.path;
  const bool get = request.method == "GET" || request.method == "HEAD";
  const bool post = request.method == "POST";
  const std::string purges = "/v1/purges/";
  const std::string nodes = "/v1/nodes/";
  const auto named = [&](const std::string& prefix) {
    return path.starts_with(prefix) && path.size() > prefix.size();
  };
  const char* allow = nullptr;
  if (path == "/v1/purges" || path == "/v1/activations") {
    if (post) return PostPurge(call, std::move(request), path == "/v1/activations");
    const bool lists = path == "/v1/purges";
    if (lists && get) return ListPurges(call, request.query);
    allow = lists ? "GET, HEAD, POST" : "POST";
  } else if (named(purges)) {
    if (get) return GetPurge(call, path.substr(purges.size()));
    allow = "GET, HEAD";
  } else if (path == "/v1/log") {
    if (request.method == "GET") return GetLog(call, request.query);
    allow = "GET";
  } else if (path == "/v1/nodes") {
    if (get) return GetNodes(call);
    allow = "GET, HEAD";
  } else if (named(nodes)) {
    if (request.method == "DELETE") {
      return DeleteNode(call, path.substr(nodes.size()), request.query);
    }
    allow = "DELETE";
  } else if (path == "/livez" || path == "/readyz" || path == "/metrics") {
    if (get)
      return Send(call, path == "/metrics" ? Metric() : Answer{200, "text/plain", "ok\n", {}});
    allow = "GET, HEAD";
  } else {
    return Send(call, Answer::Of(NotFound("there are /v1/purges, /v1/purges/{id}, "
                                          "/v1/activations, /v1/nodes, /v1/nodes/{name}, /v1/log, "
                                          "/livez, /readyz and /metrics")));
  }
  Answer answer = Answer::Of({405, "method not allowed", std::string("allowed: ") + allow, ""});
  answer.fields.Add("allow", allow);
  Send(call, std::move(answer));
}

Answer Service::Metric() const {
  return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_.Text(), {}};
}

void Service::StopHolding() {
  holding_ = false;
  AnswerHeld();
  for (const auto& [call, waiter] : std::exchange(waiters_, {})) {
    loop_.Cancel(waiter.timer);
    if (!waiter.dry_run.empty()) {
      AnswerDryRun(call, waiter.dry_run, Millis(0), 202);
    } else {
      AnswerReceipt(call, waiter.seq, Millis(0));
    }
  }
}

// --- purges and activations

void Service::PostPurge(uint64_t call, Request request, bool activation) {
  if (options_.rate > 0 && request.by.empty()) {
    http::Fields told;
    const bool taken = TakeTurn(Fingerprint(request), told);
    Reply& reply = calls_[call];
    reply = [told, reply = std::move(reply)](Answer answer) {
      for (const http::Field& field : told) answer.fields.Set(field.name, field.value);
      reply(std::move(answer));
    };
    if (!taken) {
      return Send(call, Answer::Of({429, "too many requests",
                                    "more than limits.rate purges a second with this token", ""}));
    }
  }
  const auto parse = activation ? ParseActivation : ParsePurge;
  if (request.body.size() <= kSmallBody) {
    return OnParsed(call, request, parse(request.body));
  }
  auto shared = std::make_shared<Request>(std::move(request));
  OnPool(reader_, [this, call, shared, parse](Log&) {
    auto accepted = std::make_shared<Checked<Accepted>>(parse(shared->body));
    return [this, call, shared, accepted] { OnParsed(call, *shared, std::move(*accepted)); };
  });
}

void Service::OnParsed(uint64_t call, const Request& request, Checked<Accepted> accepted) {
  if (!accepted) return Send(call, Answer::Of(accepted.error()));
  if (const auto refused = request.scope.Refuse(accepted->record)) {
    return Send(call, Answer::Of(*refused));
  }
  if (accepted->dry_run) return BeginDryRun(call, std::move(*accepted));
  Draft draft;
  draft.who = Fingerprint(request);
  draft.at = Wall();
  if (const auto key = request.fields.Find("idempotency-key")) {
    if (!IsKey(*key)) {
      return Send(call, Answer::Of({400, "invalid field",
                                    "Idempotency-Key has 1 to 200 visible characters, no blanks",
                                    "Idempotency-Key"}));
    }
    draft.key = draft.who + ':' + std::string(*key);
    draft.digest = Sha256(request.path + '\n' + request.body).Hex();
  }
  const cache::Selectors& named = accepted->record.selectors;
  LogInfo("purge: accepted", {{"by", draft.who},
                              {"kind", Name(accepted->record.kind)},
                              {"mode", Name(accepted->record.mode)},
                              {"urls", named.urls.size()},
                              {"tags", named.tags.size()},
                              {"prefixes", named.prefixes.size()},
                              {"hosts", named.hosts.size()},
                              {"all", named.all ? "yes" : "no"}});
  draft.record = std::move(accepted->record);
  const Millis wait = accepted->wait;
  const bool taken =
      batch_.Add(std::move(draft), request.body.size(),
                 [this, call, wait](const Result<Written>& w) { OnWritten(call, wait, w); });
  if (taken) return;
  Answer answer = Answer::Of({429, "too many requests", "the log's queue is full", ""});
  answer.fields.Add("retry-after", "1");
  Send(call, std::move(answer));
}

void Service::BeginDryRun(uint64_t call, Accepted accepted) {
  const auto id =
      dry_runs_.Begin(std::move(accepted.record), ledger_.head(), ledger_.Nodes(Boot()), Wall());
  if (!id) {
    Answer answer = Answer::Of({429, "too many requests", "too many dry runs are under way", ""});
    answer.fields.Add("retry-after", "5");
    return Send(call, std::move(answer));
  }
  AnswerDryRun(call, *id, accepted.wait, accepted.wait > Millis(0) ? 200 : 202);
  AnswerHeld();
}

// Now, or when every node has counted, or when `wait` is over.
void Service::AnswerDryRun(uint64_t call, const std::string& id, Millis wait, int status) {
  const std::vector<Ledger::NodeView> nodes = ledger_.Nodes(Boot());
  if (!dry_runs_.Knows(id)) {
    return Send(call, Answer::Of(NotFound("no dry run " + id + " (or no longer kept)")));
  }
  if (wait > Millis(0) && holding_ && !dry_runs_.Complete(id, nodes)) {
    const net::Loop::TimerId timer = loop_.After(wait, [this, call, id] {
      waiters_.erase(call);
      AnswerDryRun(call, id, Millis(0), 202);
    });
    waiters_[call] = {0, timer, id};
    return;
  }
  Answer answer{status, "application/json", dry_runs_.Body(id, nodes), {}};
  answer.fields.Add("location", "/v1/purges/" + id);
  Send(call, std::move(answer));
}

void Service::AnswerDryRuns() {
  std::vector<uint64_t> done;
  for (const auto& [call, waiter] : waiters_) {
    const std::string& id = waiter.dry_run;
    if (id.empty()) continue;
    if (!dry_runs_.Knows(id) || dry_runs_.Complete(id, ledger_.Nodes(Boot()))) done.push_back(call);
  }
  for (const uint64_t call : done) {
    const auto waiter = waiters_.extract(call);
    loop_.Cancel(waiter.mapped().timer);
    AnswerDryRun(call, waiter.mapped().dry_run, Millis(0), 200);
  }
}

void Service::OnWritten(uint64_t call, Millis wait, const Result<Written>& written) {
  if (!written) {
    LogError("purge: a record could not be written", {{"error", written.error().ToString()}});
    return Send(call, Answer::Of(Unavailable("the log cannot be written; nothing was purged")));
  }
  if (written->outcome == Written::Outcome::kMismatch) {
    return Send(call,
                Answer::Of({422, "key used twice",
                            "this Idempotency-Key was used for another request, " + written->id,
                            "Idempotency-Key"}));
  }
  if (written->outcome == Written::Outcome::kNew) {
    tail_.Add(written->json);
    if (written->needs == Needs::kActivation) {
      const auto record = cache::RecordFromJson(written->json);
      if (record) releases_[record->site] = written->json;
    }
    begun_[written->seq] = options_.clock->Steady();
    ledger_.OnAppended(written->seq, written->needs, Boot(), Wall());
  }
  // Behind the whole batch: what completes at once is answered as complete.
  loop_.Post([this, weak = std::weak_ptr<bool>(alive_), call, seq = written->seq, wait] {
    if (!weak.expired()) AnswerReceipt(call, seq, wait);
  });
}

void Service::OnBatchWritten() {
  AnswerHeld();
  AfterLedger();
}

// What is known in memory; nothing: it is in the log.
std::optional<Receipt> Service::ReceiptOf(Seq seq) const {
  if (std::optional<Receipt> open = ledger_.Open(seq)) return open;
  const auto recent = recent_.find(seq);
  if (recent != recent_.end()) return recent->second;
  return std::nullopt;
}

// A node that was fenced when the record became complete may have applied it since.
std::string Service::ReceiptBody(Seq seq, Receipt receipt) const {
  for (auto& [name, its] : receipt.nodes) {
    if (its.state == NodeState::kApplied) continue;
    std::optional<NodeReceipt> now;
    for (const Ledger::NodeView& view : ledger_.Nodes(Boot())) {
      if (view.member.node != name) continue;
      const bool behind = view.acked < seq;
      if (behind || !now) now = NodeReceipt{NodeState::kApplied, view.acked, view.seen};
      if (behind) break;
    }
    if (now && now->seq >= seq) its = *now;
  }
  return ToJson(IdOf(seq), seq, receipt);
}

// Now, or when the record is complete, or when `wait` is over.
void Service::AnswerReceipt(uint64_t call, Seq seq, Millis wait) {
  const std::optional<Receipt> receipt = ReceiptOf(seq);
  // Complete for long: a request that was repeated.
  if (!receipt) return GetPurge(call, IdOf(seq), wait > Millis(0) ? 200 : 202);
  const bool waits = wait > Millis(0) && holding_;
  if (!waits || receipt->complete) {
    const int status = wait > Millis(0) && receipt->complete ? 200 : 202;
    Answer answer{status, "application/json", ReceiptBody(seq, *receipt), {}};
    answer.fields.Add("location", "/v1/purges/" + IdOf(seq));
    return Send(call, std::move(answer));
  }
  waiters_[call] = {seq, loop_.After(wait, [this, call, seq] {
                      waiters_.erase(call);
                      AnswerReceipt(call, seq, Millis(0));
                    })};
}

void Service::GetPurge(uint64_t call, const std::string& id, int status) {
  if (id.starts_with("dry-")) return AnswerDryRun(call, id, Millis(0), 200);
  OnPool(reader_, [this, call, id, status](Log& log) {
    auto found = std::make_shared<Result<Found>>(log.Find(id));
    return [this, call, id, status, found] {
      if (!*found && found->error().code == Code::kNotFound) {
        return Send(call, Answer::Of(NotFound("no purge " + id + " (or no longer kept)")));
      }
      if (!*found) return Send(call, Answer::Of(Unavailable(found->error().context)));
      const Seq seq = (*found)->seq;
      std::optional<Receipt> receipt = ReceiptOf(seq);
      if (!receipt) receipt = (*found)->receipt;
      Send(call, {status, "application/json", ReceiptBody(seq, receipt.value_or(Receipt())), {}});
    };
  });
}

void Service::ListPurges(uint64_t call, const std::string& query) {
  const Checked<ListQuery> asked = ParseListQuery(query);
  if (!asked) return Send(call, Answer::Of(asked.error()));
  const Search search{asked->before, asked->limit, asked->who,   asked->url,  asked->tag,
                      asked->host,   asked->site,  asked->since, asked->until};
  OnPool(reader_, [this, call, search](Log& log) {
    const Result<Pasts> pasts = log.List(search);
    Answer answer = pasts ? Answer{200, "application/json", ToJson(*pasts), {}}
                          : Answer::Of(Unavailable(pasts.error().context));
    return [this, call, answer = std::move(answer)] { Send(call, answer); };
  });
}

// --- nodes

void Service::GetNodes(uint64_t call) {
  Json nodes = Json::array();
  for (const Ledger::NodeView& view : ledger_.Nodes(Boot())) {
    nodes.push_back({{"name", view.member.node},
                     {"incarnation", view.member.incarnation},
                     {"state", StateName(view)},
                     {"seq", view.acked},
                     {"lease_ms", view.lease_left.count()},
                     {"serves_on_partition", view.member.serves_on_partition},
                     {"serves_releases", view.member.serves_releases},
                     {"seen", ToRfc3339(view.seen)}});
  }
  const Json body = {{"log", log_.opened().id}, {"head", ledger_.head()}, {"nodes", nodes}};
  Send(call, {200,
              "application/json",
              body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n",
              {}});
}

// A whole node, or that process of it which says goodbye.
void Service::DeleteNode(uint64_t call, const std::string& name, const std::string& query) {
  const Checked<LeavingNode> leaving = ParseLeavingNode(name, query);
  if (!leaving) return Send(call, Answer::Of(leaving.error()));
  const std::string& node = leaving->node;
  if (!leaving->incarnation.empty()) {
    ledger_.OnGoodbye(node, leaving->incarnation, leaving->given, Boot(), Wall());
    LogInfo("purge: a node has ended", {{"node", node}, {"incarnation", leaving->incarnation}});
  } else if (ledger_.Remove(node, Boot(), Wall())) {
    LogWarning("purge: a node was removed", {{"node", node}});
  } else {
    return Send(call, Answer::Of(NotFound("no node " + node)));
  }
  AfterLedger();
  Send(call, {204, "", "", {}});
}

Member Service::MemberOf(const LogQuery& asked) {
  return {
      asked.node, asked.incarnation, asked.serves_on_partition, asked.serves_releases, asked.given,
      false};
}

void Service::GetLog(uint64_t call, const std::string& query) {
  Checked<LogQuery> asked = ParseLogQuery(query);
  if (!asked) return Send(call, Answer::Of(asked.error()));
  const auto other_log = [&](std::string detail) {
    Send(call, Answer::Of({409, "another log", std::move(detail), "log"}));
  };
  if (!asked->log_id.empty() && asked->log_id != log_.opened().id) {
    return other_log("this is log " + log_.opened().id + "; pull without log to start anew");
  }
  if (asked->counts) dry_runs_.OnPull(MemberOf(*asked));
  if (asked->counted) dry_runs_.OnCounted(MemberOf(*asked), *asked->counted, Wall());
  const Ledger::Pulled pulled = ledger_.OnPull(MemberOf(*asked), asked->after, Boot(), Wall());
  if (pulled == Ledger::Pulled::kBeyond) {
    return other_log("position " + std::to_string(*asked->after) +
                     " was never written; the head is " + std::to_string(ledger_.head()));
  }
  if (pulled == Ledger::Pulled::kEnded) {
    return Send(call, Answer::Of({409, "ended", "this process has said goodbye", "incarnation"}));
  }
  if (pulled == Ledger::Pulled::kKnown) {
    HoldOrAnswer(call, std::move(*asked));
    return AfterLedger();
  }
  LogInfo("purge: a node joins", {{"node", asked->node}, {"incarnation", asked->incarnation}});
  StoreMembers([this, call, asked = *asked](const Status& stored) {
    if (!stored) return Send(call, Answer::Of(Unavailable(stored.error().context)));
    HoldOrAnswer(call, asked);
  });
  AfterLedger();
}

void Service::HoldOrAnswer(uint64_t call, LogQuery asked) {
  if (!calls_.contains(call)) return;
  const Millis wait = std::min(asked.wait, options_.lease / 3);
  const bool nothing_new =
      asked.after && *asked.after == ledger_.head() && !dry_runs_.HasNew(MemberOf(asked));
  if (!nothing_new || wait == Millis(0) || !holding_) return AnswerPull(call, asked);
  const net::Loop::TimerId timer = loop_.After(wait, [this, call] {
    const auto held = held_.extract(call);
    AnswerPull(call, held.mapped().asked);
    AfterLedger();
  });
  held_[call] = {std::move(asked), timer};
}

void Service::AnswerHeld() {
  for (const auto& [call, held] : std::exchange(held_, {})) {
    loop_.Cancel(held.timer);
    AnswerPull(call, held.asked);
  }
}

void Service::AnswerPull(uint64_t call, const LogQuery& asked) {
  const Seq head = ledger_.head();
  if (!asked.after) return SendRecords(call, asked, head, {}, true);
  if (tail_.Covers(*asked.after)) {
    return SendRecords(call, asked, head, tail_.After(*asked.after, options_.answer_bytes), false);
  }
  OnPool(reader_, [this, call, asked, head, bytes = options_.answer_bytes](Log& log) {
    auto records =
        std::make_shared<Result<std::vector<std::string>>>(log.Read(*asked.after, bytes));
    return [this, call, asked, head, records] {
      if (!*records) return Send(call, Answer::Of(Unavailable(records->error().context)));
      // Written meanwhile, and not yet told: they come with the next pull.
      std::vector<std::string_view> some((*records)->begin(), (*records)->end());
      some.resize(std::min<size_t>(some.size(), head - *asked.after));
      SendRecords(call, asked, head, some, some.empty());
      AfterLedger();
    };
  });
}

void Service::SendRecords(uint64_t call, const LogQuery& asked, Seq head,
                          const std::vector<std::string_view>& records, bool with_releases) {
  if (!calls_.contains(call)) return;  // nobody would hear of the lease
  const Millis lease = ledger_.Grant(MemberOf(asked), head, Boot(), Wall());
  std::string body = "{\"log\":\"" + log_.opened().id + "\",\"head\":" + std::to_string(head) +
                     ",\"lease_ms\":" + std::to_string(lease.count());
  const auto list = [&body](std::string_view name, const auto& texts, auto text_of) {
    body += ",\"" + std::string(name) + "\":[";
    bool first = true;
    for (const auto& text : texts) {
      if (!std::exchange(first, false)) body += ',';
      body += text_of(text);
    }
    body += ']';
  };
  list("records", records, [](std::string_view text) { return text; });
  if (with_releases) list("releases", releases_, [](const auto& its) { return its.second; });
  const std::vector<std::string_view> counts = dry_runs_.AskedOf(MemberOf(asked));
  if (!counts.empty()) list("counts", counts, [](std::string_view text) { return text; });
  body += "}\n";
  Send(call, {200, "application/json", std::move(body), {}});
}

// --- the ledger

void Service::AfterLedger() {
  std::vector<std::pair<Seq, Receipt>> completed = ledger_.TakeCompleted();
  if (!completed.empty()) {
    Histogram& seconds = metrics_.GetHistogram("skerry_purge_complete_seconds",
                                               "From durable to complete, a record.");
    for (const auto& [seq, receipt] : completed) {
      recent_[seq] = receipt;
      if (const auto begun = begun_.extract(seq)) {
        seconds.Observe(
            std::chrono::duration<double>(options_.clock->Steady() - begun.mapped()).count());
      }
    }
    while (recent_.size() > kRecentReceipts) recent_.erase(recent_.begin());
    for (auto it = waiters_.begin(); it != waiters_.end();) {
      if (!it->second.dry_run.empty() || ledger_.Open(it->second.seq)) {
        ++it;
        continue;
      }
      loop_.Cancel(it->second.timer);
      const uint64_t call = it->first;
      const Seq seq = it->second.seq;
      it = waiters_.erase(it);
      AnswerReceipt(call, seq, Millis(1));
    }
    OnPool(writer_, [completed = std::move(completed)](Log& log) {
      const Status status = log.PutReceipts(completed);
      return [status] {
        if (!status) LogError("purge: receipts not stored", {{"error", status.error().ToString()}});
      };
    });
  }
  if (stored_members_ != ledger_.members_version()) StoreMembers([](const Status&) {});
  AnswerDryRuns();
  ArmAlarm();
}

void Service::StoreMembers(std::function<void(const Status&)> then) {
  const uint64_t version = stored_members_ = ledger_.members_version();
  OnPool(writer_, [this, version, members = ledger_.members(), then = std::move(then)](Log& log) {
    const Status status = log.PutMembers(members);
    return [this, version, then, status] {
      if (!status) {
        LogError("purge: nodes not stored", {{"error", status.error().ToString()}});
      } else {
        ledger_.OnMembersStored(version);
      }
      then(status);
      AfterLedger();
    };
  });
}

void Service::ArmAlarm() {
  const std::optional<BootTime> next = ledger_.NextExpiry();
  if (!next) return alarm_.Stop();
  alarm_.Start(std::max(*next - Boot(), Millis(1)), [this] {
    ledger_.OnTime(Boot(), Wall());
    AfterLedger();
  });
}

}  // namespace skerry::purge
