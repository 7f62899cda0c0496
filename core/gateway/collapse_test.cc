// Many requests for one thing at once, on several workers with loops of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/gateway/testing.h"

namespace skerry::gateway {
namespace {

using testing::HasSubstr;

constexpr size_t kWorkers = 4;
constexpr size_t kRequests = 10'000;

struct Reply {
  int status = 200;
  http::Fields fields = {};
  std::string body = {};
  bool fails = false;
};

class CollapseTest : public testing::Test {
 protected:
  CollapseTest() : ram_({.capacity = 64_MiB, .shards = 4}), compute_("test", 1) {
    shared_.name = "skerry-edge";
    shared_.ram = &ram_;
    shared_.generations = &generations_;
    shared_.compute = &compute_;
    shared_.metrics = &metrics_;
    for (Worker& worker : workers_) {
      worker.loop = net::Loop::Make();
      auto origin = std::make_unique<FakeOrigin>();
      worker.origin = origin.get();
      Gateway::Options options;
      options.classifier = std::make_shared<OneRoute>(Route());
      options.upstreams.push_back(std::move(origin));
      options.upstream_is_shield = {false};
      worker.gateway = std::make_unique<Gateway>(*worker.loop, shared_, std::move(options));
      worker.thread = std::thread([&worker] { worker.loop->Run(); });
    }
  }

  ~CollapseTest() override {
    OnEach([](Worker& worker) {
      for (Open& open : worker.open) open.events->OnGone(open.stream->ended);
      worker.open.clear();
    });
    OnEach([](Worker&) {});
    for (Worker& worker : workers_) worker.loop->Stop();
    for (Worker& worker : workers_) worker.thread.join();
    for (Worker& worker : workers_) worker.gateway.reset();
  }

  struct Open {
    std::shared_ptr<FakeStream> stream;
    std::shared_ptr<http::StreamEvents> events;
  };
  struct Worker {
    std::unique_ptr<net::Loop> loop;
    std::thread thread;
    FakeOrigin* origin = nullptr;
    std::unique_ptr<Gateway> gateway;
    std::vector<Open> open;
  };

  // Runs `task` on every loop, behind all that was posted there before.
  template <class Task>
  void OnEach(Task task) {
    std::latch done(kWorkers);
    for (Worker& worker : workers_) {
      worker.loop->Post([&worker, &task, &done] {
        task(worker);
        done.count_down();
      });
    }
    done.wait();
  }

  // 10,000 clients ask for "/a", spread over the workers.
  void Ask() {
    OnEach([](Worker& worker) {
      for (size_t i = 0; i < kRequests / kWorkers; ++i) {
        http::RequestHead request{"GET", "https", "example.com", "/a", {}};
        auto stream = std::make_shared<FakeStream>(std::move(request), true, SteadyTime());
        worker.open.push_back({stream, worker.gateway->OnRequest(stream)});
      }
    });
  }

  // The requests that origins have been sent and not answered yet, one by one.
  template <class Answer>
  size_t AnswerAll(Answer answer) {
    std::atomic<size_t> answered = 0;
    OnEach([&](Worker& worker) {
      for (size_t i = 0; i < worker.origin->asked.size(); ++i) {
        http::FetchEvents* events = worker.origin->asked[i]->events;
        if (events == nullptr) continue;
        ++answered;
        answer(*worker.origin->asked[i], *events);
      }
    });
    return answered;
  }
  size_t AnswerAll(const Reply& reply) {
    return AnswerAll([&](FakeOrigin::Asked& asked, http::FetchEvents& events) {
      if (reply.fails) {
        asked.events = nullptr;
        return events.OnFailed({Code::kReset, Side::kUpstream, true, "gone"});
      }
      events.OnHead({reply.status, reply.fields});
      if (asked.events != nullptr) events.OnBody(reply.body);
      if (asked.events == nullptr) return;
      asked.events = nullptr;
      events.OnEnd({});
    });
  }

  size_t Asked() {
    std::atomic<size_t> asked = 0;
    OnEach([&](Worker& worker) { asked += worker.origin->asked.size(); });
    return asked;
  }
  template <class Predicate>
  size_t Count(Predicate predicate) {
    std::atomic<size_t> count = 0;
    OnEach([&](Worker& worker) {
      for (const Open& open : worker.open) count += predicate(*open.stream) ? 1 : 0;
    });
    return count;
  }
  // Lets what is under way between the loops go on until `count` streams have ended.
  size_t Ended(size_t count) {
    size_t ended = 0;
    for (int round = 0; round < 1000 && ended < count; ++round) {
      ended = Count([](const FakeStream& stream) { return stream.answered && stream.ended; });
    }
    return ended;
  }

  cache::Ram ram_;
  Pool compute_;
  Metrics metrics_;
  cache::Generations generations_;
  Shared shared_;
  std::array<Worker, kWorkers> workers_;
};

TEST_F(CollapseTest, OneFetchForAllAndTheyHaveBytesAsTheyArrive) {
  Ask();
  EXPECT_EQ(Asked(), 1u);
  AnswerAll([](FakeOrigin::Asked&, http::FetchEvents& events) {
    events.OnHead({200, {{"cache-control", "max-age=60"}}});
    events.OnBody("part one, ");
  });
  size_t have_one = 0;
  for (int round = 0; round < 1000 && have_one < kRequests; ++round) {
    have_one = Count([](const FakeStream& stream) { return stream.body == "part one, "; });
  }
  EXPECT_EQ(have_one, kRequests);
  AnswerAll([](FakeOrigin::Asked& asked, http::FetchEvents& events) {
    events.OnBody("part two");
    asked.events = nullptr;
    events.OnEnd({});
  });
  EXPECT_EQ(Ended(kRequests), kRequests);
  EXPECT_EQ(Count([](const FakeStream& stream) { return stream.body == "part one, part two"; }),
            kRequests);
  EXPECT_EQ(Count([](const FakeStream& stream) {
              return stream.Field("cache-status").find("collapsed") != std::string::npos;
            }),
            kRequests - 1);
  EXPECT_EQ(Asked(), 1u);
  EXPECT_EQ(shared_.fills.size(), 0u);
}

TEST_F(CollapseTest, AFetchThatFailsReleasesAllOfThemWithTheSameError) {
  Ask();
  EXPECT_EQ(AnswerAll(Reply{.fails = true}), 1u);
  EXPECT_EQ(Ended(kRequests), kRequests);
  EXPECT_EQ(Count([](const FakeStream& stream) { return stream.status == 502; }), kRequests);
  EXPECT_EQ(Asked(), 1u);
}

TEST_F(CollapseTest, AnErrorOfTheOriginIsSharedAndNotStored) {
  Ask();
  EXPECT_EQ(AnswerAll(Reply{.status = 503, .body = "busy"}), 1u);
  EXPECT_EQ(Ended(kRequests), kRequests);
  EXPECT_EQ(Count([](const FakeStream& stream) { return stream.body == "busy"; }), kRequests);
  Ask();
  EXPECT_EQ(Asked(), 2u);
}

TEST_F(CollapseTest, AnAnswerForOneReleasesTheOthersToFetchForThemselves) {
  Ask();
  const Reply mine{.fields = {{"cache-control", "private"}}, .body = "mine"};
  size_t answered = AnswerAll(mine);
  EXPECT_EQ(answered, 1u);
  for (int round = 0; round < 1000 && answered < kRequests; ++round) answered += AnswerAll(mine);
  EXPECT_EQ(Ended(kRequests), kRequests);
  EXPECT_EQ(Asked(), kRequests);
  EXPECT_EQ(Count([](const FakeStream& stream) { return stream.body == "mine"; }), kRequests);
  EXPECT_EQ(shared_.unshareable.size(), 1u);
}

TEST_F(CollapseTest, AStaleAnswerIsServedToAllAtOnceAndRefreshedOnce) {
  const http::Fields stale = {{"cache-control", "max-age=0, stale-while-revalidate=600"},
                              {"etag", "\"v1\""}};
  Ask();
  AnswerAll(Reply{.fields = stale, .body = "old"});
  ASSERT_EQ(Ended(kRequests), kRequests);
  Ask();
  EXPECT_EQ(Ended(2 * kRequests), 2 * kRequests);
  EXPECT_EQ(Count([](const FakeStream& stream) { return stream.body == "old"; }), 2 * kRequests);
  EXPECT_EQ(Asked(), 2u);
  AnswerAll(Reply{.fields = {{"cache-control", "max-age=60"}}, .body = "new"});
  Ask();
  EXPECT_EQ(Ended(3 * kRequests), 3 * kRequests);
  EXPECT_EQ(Count([](const FakeStream& stream) { return stream.body == "new"; }), kRequests);
  EXPECT_EQ(Asked(), 2u);
}

TEST_F(CollapseTest, AFailedRefreshKeepsTheStaleCopyForAll) {
  Ask();
  AnswerAll(
      Reply{.fields = {{"cache-control", "max-age=0, stale-while-revalidate=600"}}, .body = "old"});
  ASSERT_EQ(Ended(kRequests), kRequests);
  Ask();
  AnswerAll(Reply{.fails = true});
  Ask();
  EXPECT_EQ(Ended(3 * kRequests), 3 * kRequests);
  EXPECT_EQ(Count([](const FakeStream& stream) { return stream.body == "old"; }), 3 * kRequests);
  EXPECT_EQ(Asked(), 3u);
}

}  // namespace
}  // namespace skerry::gateway
