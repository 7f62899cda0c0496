// The service and a node's feed over real sockets: RocksDB, HTTP, long polls.
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "core/base/random.h"
#include "core/cache/purge/feed.h"
#include "core/cache/purge/goodbye.h"
#include "core/cache/purge/scopes.h"
#include "core/daemon/workers.h"
#include "core/http/server/server.h"
#include "core/net/listener.h"
#include "purge-api/log/rocks_log.h"
#include "purge-api/serve/front.h"
#include "purge-api/serve/service.h"

namespace skerry::purge {
namespace {

using namespace std::chrono_literals;

// Waits for something that another thread brings about; bounded.
template <class Condition>
bool Until(Condition condition, Seconds most = 20s) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

// The service on a loop of its own.
class Served {
 public:
  explicit Served(const std::string& directory, net::Address address, Millis lease) {
    log = std::move(*OpenRocksLog({.directory = directory}));
    Service::Options options;
    options.access = *Access::Parse({"secret-token", "tags-token kinds=tags"});
    options.lease = lease;
    service = std::make_unique<Service>(workers.loop(0), *writer, *reader, *log, metrics, options);
    http::Server::Options server_options;
    server_options.scheme = "http";
    server = http::Server::Make(workers.loop(0), server_options,
                                [this](auto stream) { return Accept(*service, stream); });
    net::ListenOptions listen;
    listen.address = address;
    listener = std::move(*net::Listener::Open(
        workers.loop(0), listen, [this](auto peer) { server->Serve(std::move(peer)); }));
    workers.Start();
  }
  ~Served() {
    workers.Stop();
    workers.Join();
  }

  // On the service's loop.
  Answer Ask(std::string method, std::string path, std::string body = "") {
    std::atomic<bool> done{false};
    Answer answer;
    workers.loop(0).Post([&] {
      Request request{method, path, "", {{"authorization", "Bearer secret-token"}}, body};
      service->Handle(std::move(request), [&](Answer its) {
        answer = std::move(its);
        done = true;
      });
    });
    EXPECT_TRUE(Until([&] { return done.load(); }));
    return answer;
  }

  Metrics metrics;
  std::unique_ptr<Log> log;
  daemon::Workers workers{"purge", 1};
  std::unique_ptr<Service> service;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<net::Listener> listener;
  std::unique_ptr<Pool> reader = std::make_unique<Pool>("log-read", 1);
  std::unique_ptr<Pool> writer = std::make_unique<Pool>("log-write", 1);
};

// A node that follows it.
class Node {
 public:
  Node(std::string name, const net::Address& service, cache::ControlStore& store) {
    cache::PurgeFeed::Options options;
    options.name = std::move(name);
    options.tokens = std::make_shared<Secrets>(std::vector<std::string>{"secret-token"});
    options.authority = service.ToString();
    options.generations = &generations;
    options.store = &store;
    options.pool = pool.get();
    feed = std::move(*cache::PurgeFeed::Open(std::move(options)));
    http::Upstream::Options upstream;
    upstream.url = *http::UpstreamUrl::Parse("http://" + service.ToString());
    feed->Start(workers.loop(0), http::Upstream::Make(workers.loop(0), std::move(upstream)));
    workers.Start();
  }
  ~Node() {
    workers.Stop();
    workers.Join();
    feed.reset();
  }

  cache::Purged Judge(const std::string& url, cache::Stamp stamp) const {
    return generations.Judge(cache::Key::Of(url), {}, stamp);
  }

  cache::Generations generations;
  daemon::Workers workers{"node", 1};
  std::unique_ptr<cache::PurgeFeed> feed;
  std::unique_ptr<Pool> pool = std::make_unique<Pool>("feed", 1);
};

class LoopbackTest : public ::testing::Test {
 protected:
  LoopbackTest()
      : directory_(std::filesystem::path(::testing::TempDir()) /
                   ("purge-" + Random::Secure().Hex(8))) {
    Serve({"127.0.0.1", 0});
  }
  ~LoopbackTest() override {
    node_.reset();
    served_.reset();
    std::filesystem::remove_all(directory_);
  }
  void Serve(net::Address address, Millis lease = 10s) {
    served_ = std::make_unique<Served>(directory_, address, lease);
  }
  void Follow() {
    node_ = std::make_unique<Node>("edge", served_->listener->address(), store_);
    ASSERT_TRUE(Until([&] { return node_->feed->ready(); }));
  }

  std::filesystem::path directory_;
  cache::MemoryControlStore store_;
  std::unique_ptr<Served> served_;
  std::unique_ptr<Node> node_;
};

TEST_F(LoopbackTest, APurgeIsCompleteWhenTheNodeHasAppliedIt) {
  Follow();
  const cache::Stamp before = node_->generations.Now();
  const Answer answer =
      served_->Ask("POST", "/v1/purges", R"({"urls":["https://a.example/x"],"wait":"20s"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(node_->Judge("https://a.example/x", before), cache::Purged::kHard);
  EXPECT_FALSE(node_->feed->fenced());
}

TEST_F(LoopbackTest, TenThousandUrlsArriveWhole) {
  Follow();
  std::string urls;
  for (int i = 0; i < 10'000; ++i) {
    urls += (i == 0 ? "\"" : ",\"") + std::string("https://a.example/") + std::to_string(i) + '"';
  }
  const cache::Stamp before = node_->generations.Now();
  const SteadyTime begun = Clock::Real().Steady();
  const Answer answer =
      served_->Ask("POST", "/v1/purges", "{\"urls\":[" + urls + "],\"wait\":\"20s\"}");
  const Micros took = Clock::Real().Steady() - begun;
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(node_->Judge("https://a.example/9999", before), cache::Purged::kHard);
  std::printf("10,000 URLs durable, applied and confirmed in %.1f ms\n", took.count() / 1000.0);
}

TEST_F(LoopbackTest, ANodeFollowsARestartedServiceWithoutLosingARecord) {
  Follow();
  const net::Address address = served_->listener->address();
  const cache::Stamp before = node_->generations.Now();
  served_->Ask("POST", "/v1/purges", R"({"urls":["https://a.example/1"]})");
  served_.reset();
  Serve(address);
  const Answer answer =
      served_->Ask("POST", "/v1/purges", R"({"urls":["https://a.example/2"],"wait":"20s"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(node_->Judge("https://a.example/1", before), cache::Purged::kHard);
  EXPECT_EQ(node_->Judge("https://a.example/2", before), cache::Purged::kHard);
}

TEST_F(LoopbackTest, ARestartedNodeHearsWhatItMissed) {
  Follow();
  const cache::Stamp before = node_->generations.Now();
  node_.reset();
  served_->Ask("POST", "/v1/purges", R"({"urls":["https://a.example/x"]})");
  Follow();
  EXPECT_EQ(node_->Judge("https://a.example/x", before), cache::Purged::kHard);
  EXPECT_EQ(node_->feed->applied(), 1u);
}

TEST_F(LoopbackTest, AGoodbyeIsHeardAndOneThatIsNotCostsNoMoreThanItsTime) {
  Follow();
  const net::Address service = served_->listener->address();
  const cache::Goodbye goodbye = {"edge", node_->feed->incarnation(), false, "secret-token",
                                  service.ToString()};
  node_.reset();
  const auto say = [&](Millis at_most) {
    const std::unique_ptr<net::Loop> loop = net::Loop::Make();
    http::Upstream::Options upstream;
    upstream.url = *http::UpstreamUrl::Parse("http://" + service.ToString());
    return SayGoodbye(*loop, http::Upstream::Make(*loop, std::move(upstream)), goodbye, at_most);
  };
  EXPECT_TRUE(say(20s));
  const Answer answer = served_->Ask("POST", "/v1/purges", R"({"all":true,"wait":"5s"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  served_.reset();
  EXPECT_FALSE(say(20s));  // nobody listens
  const std::unique_ptr<net::Loop> still = net::Loop::Make();
  // Who takes connections and says nothing.
  net::ListenOptions listen;
  listen.address = service;
  const auto silent = net::Listener::Open(*still, listen, [](auto) {});
  EXPECT_EQ(say(10ms).error().code, Code::kTimeout);
}

TEST_F(LoopbackTest, ANodeIsFencedWhenTheServiceIsGoneForALease) {
  const net::Address address = served_->listener->address();
  served_.reset();
  Serve(address, 1s);
  Follow();
  EXPECT_EQ(node_->feed->fence(), cache::Fence::kNone);
  served_.reset();
  EXPECT_TRUE(Until([&] { return node_->feed->fence() == cache::Fence::kPartition; }));
  Serve(address, 1s);
  EXPECT_TRUE(Until([&] { return node_->feed->fence() == cache::Fence::kNone; }));
}

}  // namespace
}  // namespace skerry::purge
