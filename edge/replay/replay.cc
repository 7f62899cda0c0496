#include "edge/replay/replay.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/base/metrics.h"
#include "core/base/thread.h"
#include "core/cache/purge/generations.h"
#include "core/cache/ram.h"
#include "core/gateway/gateway.h"
#include "core/gateway/ruled_urls.h"
#include "core/http/date.h"
#include "core/http/server/server.h"
#include "core/net/fake_loop.h"
#include "edge/config/sites.h"
#include "edge/replay/replay_disk.h"

namespace skerry::edge {
namespace {

constexpr size_t kTellEvery = 4096;  // lines
// Everything that is under way at the end has come by then.
constexpr Micros kAfterwards = std::chrono::hours(24);

// The configuration's routes, which do not compress: sizes in the log are those of
// what was stored.
class Uncompressed : public gateway::Classifier {
 public:
  explicit Uncompressed(std::shared_ptr<const gateway::Classifier> inner)
      : inner_(std::move(inner)) {}
  const std::shared_ptr<const gateway::Route>& Classify(std::string_view host,
                                                        std::string_view path) const override {
    const auto& route = inner_->Classify(host, path);
    if (route != nullptr) {
      const gateway::KeySpec& key = route->key;
      beyond_log_ = beyond_log_ || key.device || key.tier || !key.fields.empty();
    }
    if (route == nullptr || !route->compress) return route;
    auto& changed = changed_[route];
    if (changed == nullptr) {
      gateway::Route copy = *route;
      copy.compress = false;
      changed = std::make_shared<const gateway::Route>(std::move(copy));
    }
    return changed;
  }

  bool beyond_log() const { return beyond_log_; }

 private:
  const std::shared_ptr<const gateway::Classifier> inner_;
  mutable std::map<std::shared_ptr<const gateway::Route>, std::shared_ptr<const gateway::Route>>
      changed_;  // one thread
  mutable bool beyond_log_ = false;
};

// The client of one line: takes everything at once.
class Client : public http::ServerStream {
 public:
  Client(http::RequestHead request, std::string address, SteadyTime begun)
      : request_(std::move(request)), begun_(begun), peer_{std::move(address), 1} {}

  const http::RequestHead& request() const override { return request_; }
  bool end_of_body() const override { return true; }
  http::Protocol protocol() const override { return http::Protocol::kHttp2; }
  const net::Address& peer() const override { return peer_; }
  const std::string& tls() const override { return tls_; }
  SteadyTime begun() const override { return begun_; }
  void SendInterim(const http::ResponseHead&) override {}
  void Respond(http::Response response) override {
    cache_status = response.own.Find("cache-status").value_or("");
    body_ = std::move(response.body);
    if (body_ != nullptr) body_->WakeWith([this] { Pull(); });
    Pull();
  }
  void ConsumedBody(size_t) override {}
  void Reset() override { done = true; }
  uint64_t bytes_sent() const override { return 0; }

  std::string cache_status;
  bool done = false;

 private:
  void Pull() {
    while (body_ != nullptr && request_.method != "HEAD" && !done) {
      const http::BodySource::Piece piece = body_->Peek(cache::kChunkBytes);
      if (piece.state == http::BodySource::State::kWait) return;
      if (piece.state != http::BodySource::State::kData) break;
      body_->Consume(piece.bytes.size());
      if (piece.last) break;
    }
    done = true;
  }

  const http::RequestHead request_;
  const SteadyTime begun_;
  const net::Address peer_;
  const std::string tls_;
  std::unique_ptr<http::BodySource> body_;
};

// What is known of an origin's answers to one URL.
struct Known {
  uint32_t answer = 0;
  uint64_t size = 0;
  Millis took{0};
  bool fails = false;
};

// "abc~br5" of ours and "abc" of the origin name the same content.
std::string_view WithoutRecipe(std::string_view etag) {
  etag = etag.substr(0, etag.find('~'));
  return etag.ends_with('"') ? etag.substr(0, etag.size() - 1) : etag;
}

// The answer as the origin would give it now: its times are those of the log's fetch.
http::Fields AsOf(const http::Fields& logged, WallTime now) {
  http::Fields fields = logged;
  const auto date = fields.Find("date");
  const auto expires = fields.Find("expires");
  const auto then = date ? http::ParseDate(*date, now) : std::nullopt;
  const auto until = expires ? http::ParseDate(*expires, now) : std::nullopt;
  if (then && until) fields.Set("expires", http::FormatDate(now + (*until - *then)));
  fields.Set("date", http::FormatDate(now));
  return fields;
}

class Player;

// A fetch under way; the player outlives it.
class ReplayFetch : public http::Fetch, public std::enable_shared_from_this<ReplayFetch> {
 public:
  ReplayFetch(Player& player, http::RequestHead request, http::FetchEvents* events)
      : player_(player), request_(std::move(request)), events_(events) {}
  void Answer(const Known& known);
  void Cancel() { events_ = nullptr; }
  void Pause() override { paused_ = true; }
  void Resume() override;

 private:
  bool Confirms(const http::Fields& answer) const;
  void Deliver();

  Player& player_;
  const http::RequestHead request_;
  http::FetchEvents* events_;
  uint64_t left_ = 0;
  bool paused_ = false;
  bool delivering_ = false;
  bool answered_ = false;
};

// What the gateway holds: its end cancels.
class FetchHandle : public http::Fetch {
 public:
  explicit FetchHandle(std::shared_ptr<ReplayFetch> fetch) : fetch_(std::move(fetch)) {}
  ~FetchHandle() override { fetch_->Cancel(); }
  void Pause() override { fetch_->Pause(); }
  void Resume() override { fetch_->Resume(); }

 private:
  std::shared_ptr<ReplayFetch> fetch_;
};

class ReplayOrigin : public http::Upstream {
 public:
  explicit ReplayOrigin(Player& player) : player_(player) {}
  std::unique_ptr<http::Fetch> Start(http::RequestHead request,
                                     std::unique_ptr<http::BodySource> body,
                                     http::FetchEvents* events) override;

 private:
  Player& player_;
};

// One configuration and the log.
class Player {
 public:
  // `upstreams`: those of `classifier`.
  Player(const ReplayLog& log, const Options& options, std::string name,
         std::shared_ptr<const gateway::Classifier> classifier, const UpstreamList& upstreams);
  ~Player();
  Outcome Play(const std::function<void(size_t)>& progress);

 private:
  friend class ReplayFetch;
  friend class ReplayOrigin;
  struct Asked {
    std::shared_ptr<Client> client;
    std::shared_ptr<http::StreamEvents> events;
    const LogLine* line;
  };

  void FirstAnswers();
  void MoveTo(WallTime time);
  void PurgeAsLogged(const LogLine& line);
  void Ask(const LogLine& line);
  void Learn(const LogLine& line);
  void Settle();
  void Count(const Asked& asked);

  const ReplayLog& log_;
  net::FakeLoop loop_;
  Metrics metrics_;
  gateway::RuledUrls purged_urls_;
  cache::Generations generations_{
      {.other_names = [this](std::string_view url, std::vector<std::string>& names) {
        purged_urls_.AddNames(url, names);
      }}};
  cache::Ram ram_;
  ReplayDisk disk_;
  Pool compute_{"replay", 1};
  gateway::Shared shared_;
  std::shared_ptr<const Uncompressed> classifier_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::vector<Known> known_;                               // by URL
  std::unordered_map<std::string, uint32_t> url_numbers_;  // as upstream is asked
  std::vector<Asked> asked_;
  uint32_t asking_ = 0;  // the URL whose line is being played
  Outcome outcome_;
};

void ReplayFetch::Resume() {
  paused_ = false;
  if (!answered_ || delivering_) return;
  player_.loop_.Post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Deliver();
  });
}

bool ReplayFetch::Confirms(const http::Fields& answer) const {
  const auto etag = answer.Find("etag");
  const auto wanted = request_.fields.Find("if-none-match");
  if (wanted) return etag && WithoutRecipe(*etag) == WithoutRecipe(*wanted);
  const auto since = request_.fields.Find("if-modified-since");
  return since && since == answer.Find("last-modified");
}

void ReplayFetch::Answer(const Known& known) {
  if (events_ == nullptr) return;
  if (known.fails) {
    return std::exchange(events_, nullptr)
        ->OnFailed({Code::kReset, Side::kUpstream, true, "as in the log"});
  }
  const http::ResponseHead& logged = player_.log_.answers[known.answer];
  http::ResponseHead head{logged.status == 0 ? 200 : logged.status,
                          AsOf(logged.fields, player_.loop_.clock().Wall())};
  const bool confirmed = head.status == 200 && Confirms(logged.fields);
  if (confirmed) head.status = 304;
  const bool has_body = http::MayHaveBody(request_.method, head.status);
  left_ = has_body ? known.size : 0;
  if (!confirmed) head.fields.Set("content-length", std::to_string(known.size));
  player_.outcome_.all.origin_bytes += left_;
  player_.outcome_.urls[player_.url_numbers_[request_.authority + request_.path]].origin_bytes +=
      left_;
  answered_ = true;
  const auto alive = shared_from_this();
  events_->OnHead(std::move(head));
  Deliver();
}

void ReplayFetch::Deliver() {
  if (std::exchange(delivering_, true)) return;
  const auto alive = shared_from_this();
  while (events_ != nullptr && left_ > 0 && !paused_) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(left_, cache::kChunkBytes));
    left_ -= size;
    events_->OnBody(MadeUpBytes(size).view());
  }
  delivering_ = false;
  if (events_ != nullptr && left_ == 0) std::exchange(events_, nullptr)->OnEnd({});
}

std::unique_ptr<http::Fetch> ReplayOrigin::Start(http::RequestHead request,
                                                 std::unique_ptr<http::BodySource>,
                                                 http::FetchEvents* events) {
  // A rule may have taken parameters out of the query: then it is the line's own URL.
  const auto [at, fresh] =
      player_.url_numbers_.try_emplace(request.authority + request.path, player_.asking_);
  const uint32_t url = at->second;
  ++player_.outcome_.all.origin_requests;
  ++player_.outcome_.urls[url].origin_requests;
  const Known known = player_.known_[url];
  auto fetch = std::make_shared<ReplayFetch>(player_, std::move(request), events);
  player_.loop_.After(known.took, [fetch, known] { fetch->Answer(known); });
  return std::make_unique<FetchHandle>(std::move(fetch));
}

Player::Player(const ReplayLog& log, const Options& options, std::string name,
               std::shared_ptr<const gateway::Classifier> classifier, const UpstreamList& upstreams)
    : log_(log),
      ram_({.capacity = options.ram_cache}),
      disk_(options.disk_cache, generations_),
      known_(log.urls.size()) {
  outcome_.name = std::move(name);
  outcome_.urls.resize(log.urls.size());
  shared_.name = "skerry-edge";
  shared_.ram = &ram_;
  shared_.disk = &disk_;
  shared_.generations = &generations_;
  shared_.compute = &compute_;
  shared_.metrics = &metrics_;
  shared_.clock = &loop_.clock();
  shared_.keep_bytes = std::max<ByteCount>(1_MiB, options.ram_cache / 64);
  ram_.OnEvict([this](cache::EntryPtr evicted) {
    for (const cache::DiskRow& row : disk_.Find(evicted->head.key.hash)) {
      if (row.variant_hash == evicted->head.variant_hash) return;
    }
    disk_.Store(std::move(evicted));
  });
  purged_urls_.SetClassifier(classifier, QueryRules(options));
  classifier_ = std::make_shared<const Uncompressed>(std::move(classifier));
  gateway::Gateway::Options gateway_options;
  gateway_options.classifier = classifier_;
  for (size_t i = 0; i < upstreams.urls.size(); ++i) {
    gateway_options.upstreams.push_back(std::make_unique<ReplayOrigin>(*this));
    gateway_options.upstream_is_shield.push_back(false);
  }
  gateway_ = std::make_unique<gateway::Gateway>(loop_, shared_, std::move(gateway_options));
}

Player::~Player() {
  for (Asked& one : asked_) one.events->OnGone(false);
  asked_.clear();
  loop_.RunPosted();
  gateway_.reset();
}

// Until a URL's own line has come, its first known answer counts.
void Player::FirstAnswers() {
  for (const LogLine& line : log_.lines) {
    Known& known = known_[line.url];
    if (known.answer == 0 && line.answer != 0) {
      known.answer = line.answer;
      known.size = line.size;
    }
    if (known.answer == 0) known.size = std::max(known.size, line.size);
  }
  for (uint32_t i = 1; i < log_.urls.size(); ++i) {
    url_numbers_.try_emplace(log_.urls[i].authority + log_.urls[i].path, i);
  }
}

void Player::MoveTo(WallTime time) {
  const Millis ahead = time - loop_.clock().Wall();
  if (ahead > Millis(0)) loop_.Advance(ahead);
}

void Player::PurgeAsLogged(const LogLine& line) {
  if (line.purged == LogLine::Purged::kNo) return;
  cache::Record record;
  record.seq = generations_.head() + 1;
  record.mode =
      line.purged == LogLine::Purged::kHard ? cache::PurgeMode::kHard : cache::PurgeMode::kSoft;
  record.selectors.urls.push_back(log_.urls[line.url].ToString());
  generations_.Apply(record);
}

void Player::Learn(const LogLine& line) {
  Known& known = known_[line.url];
  if (line.answer != 0) {
    known.answer = line.answer;
    known.size = line.size;
  }
  if (line.served == LogLine::Served::kForwarded) {
    known.fails = line.origin_failed && log_.answers[line.answer].status < 500;
    if (!line.collapsed) known.took = line.took;
  }
}

void Player::Ask(const LogLine& line) {
  Learn(line);
  PurgeAsLogged(line);
  asking_ = line.url;
  const LogUrl& url = log_.urls[line.url];
  const ReplayLog::Request& logged = log_.requests[line.request];
  http::RequestHead request{logged.method, url.scheme, url.authority, url.path, logged.fields};
  auto client =
      std::make_shared<Client>(std::move(request), log_.peers[line.peer], loop_.clock().Steady());
  auto events = gateway_->OnRequest(client);
  asked_.push_back({std::move(client), std::move(events), &line});
  loop_.RunPosted();
}

// Counts who has been answered, and lets go of the bodies that were stored.
void Player::Settle() {
  for (size_t i = 0; i < asked_.size();) {
    if (!asked_[i].client->done) {
      ++i;
      continue;
    }
    Count(asked_[i]);
    asked_[i].events->OnGone(true);
    asked_[i] = std::move(asked_.back());
    asked_.pop_back();
  }
  loop_.RunPosted();
  for (const cache::Key& key : disk_.TakeKept()) {
    for (const cache::EntryPtr& entry : ram_.Peek(key)) {
      if (!HasMadeUpBody(*entry)) ram_.Replace(entry, WithMadeUpBody(*entry));
    }
  }
}

void Player::Count(const Asked& asked) {
  const std::string& said = asked.client->cache_status;
  Tally tally;
  tally.requests = 1;
  tally.bytes = asked.line->bytes;
  if (said.find("; hit") != said.npos) {
    tally.hits = 1;
    tally.stale = said.find("; ttl=-") == said.npos ? 0 : 1;
    tally.hit_bytes = tally.bytes;
  } else {
    const size_t at = said.find("; fwd=");
    const std::string word =
        at == said.npos ? "refused" : said.substr(at + 6, said.find(';', at + 6) - at - 6);
    tally.forwarded[word] = 1;
  }
  outcome_.all.Add(tally);
  outcome_.urls[asked.line->url].Add(tally);
}

Outcome Player::Play(const std::function<void(size_t)>& progress) {
  FirstAnswers();
  if (!log_.lines.empty()) {
    loop_.fake_clock().JumpWall(log_.lines.front().begun - loop_.clock().Wall());
  }
  size_t done = 0;
  for (const LogLine& line : log_.lines) {
    MoveTo(line.begun);
    Settle();
    Ask(line);
    Settle();
    if (++done % kTellEvery == 0) progress(done);
  }
  loop_.Advance(kAfterwards);
  Settle();
  progress(done);
  outcome_.key_beyond_log = classifier_->beyond_log();
  outcome_.objects_in_ram = ram_.objects();
  outcome_.bytes_in_ram = ram_.bytes();
  const cache::Disk::Stats disk = disk_.stats();
  outcome_.objects_on_disk = disk.objects;
  outcome_.bytes_on_disk = disk.bytes;
  return std::move(outcome_);
}

}  // namespace

void Tally::Add(const Tally& other) {
  requests += other.requests;
  hits += other.hits;
  stale += other.stale;
  bytes += other.bytes;
  hit_bytes += other.hit_bytes;
  origin_requests += other.origin_requests;
  origin_bytes += other.origin_bytes;
  for (const auto& [word, count] : other.forwarded) forwarded[word] += count;
}

Result<Outcome> Replay(const ReplayLog& log, const Options& options, std::string name,
                       const std::function<void(size_t)>& progress) {
  UpstreamList upstreams;
  auto classifier = MakeClassifier(options, upstreams);
  if (!classifier) return Fail(std::move(classifier.error()));
  Player player(log, options, std::move(name), std::move(*classifier), upstreams);
  return player.Play(progress);
}

Outcome AsLogged(const ReplayLog& log) {
  Outcome outcome;
  outcome.name = "as logged";
  outcome.urls.resize(log.urls.size());
  for (const LogLine& line : log.lines) {
    Tally tally;
    tally.requests = 1;
    tally.bytes = line.bytes;
    const bool stale = line.served == LogLine::Served::kStale;
    if (stale || line.served == LogLine::Served::kHit) {
      tally.hits = 1;
      tally.stale = stale ? 1 : 0;
      tally.hit_bytes = line.bytes;
    }
    if (line.served == LogLine::Served::kForwarded && !line.collapsed) tally.origin_requests = 1;
    outcome.all.Add(tally);
    outcome.urls[line.url].Add(tally);
  }
  return outcome;
}

}  // namespace skerry::edge
