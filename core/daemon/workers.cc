#include "core/daemon/workers.h"

#include <sched.h>

#include <atomic>
#include <thread>

#include "core/base/result.h"
#include "core/base/thread.h"
#include "core/base/urgency.h"

namespace skerry::daemon {

struct Workers::Threads {
  std::vector<std::thread> all;
};

Workers::Workers(std::string name, size_t count)
    : name_(std::move(name)), threads_(std::make_unique<Threads>()) {
  SKERRY_CHECK(count >= 1);
  for (size_t i = 0; i < count; ++i) loops_.push_back(net::Loop::Make());
}

Workers::~Workers() {
  Stop();
  Join();
}

void Workers::Start() {
  SKERRY_CHECK(threads_->all.empty());
  for (size_t i = 0; i < loops_.size(); ++i) {
    threads_->all.emplace_back([loop = loops_[i].get(), name = name_ + "-" + std::to_string(i)] {
      NameThisThread(name);
      SetUrgency(Urgency::kAnswers);
      loop->Run();
    });
  }
}

void Workers::Stop() {
  for (const auto& loop : loops_) loop->Stop();
}

void Workers::Join() {
  for (std::thread& thread : threads_->all) {
    if (thread.joinable()) thread.join();
  }
}

void Workers::OnEach(std::function<void(size_t)> task, std::function<void()> done) {
  auto left = std::make_shared<std::atomic<size_t>>(loops_.size());
  for (size_t i = 0; i < loops_.size(); ++i) {
    loops_[i]->Post([this, i, task, done, left] {
      task(i);
      if (left->fetch_sub(1) == 1 && done) loops_[0]->Post(done);
    });
  }
}

size_t UsableProcessors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<size_t>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace skerry::daemon
