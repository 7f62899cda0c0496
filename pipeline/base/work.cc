#include "pipeline/base/work.h"

#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/thread.h"

namespace skerry::pipeline {

struct Crew::State {
  void Run() {
    for (;;) {
      std::function<void()> task;
      {
        MutexLock lock(mutex);
        while (queue.empty() && !stopping) changed.Wait(mutex);
        if (queue.empty()) return;
        const auto largest = std::prev(queue.end());
        task = std::move(largest->second);
        queue.erase(largest);
      }
      task();
      MutexLock lock(mutex);
      if (--unfinished == 0) changed.NotifyAll();
    }
  }

  Mutex mutex;  // not held while a task runs
  ConditionVariable changed;
  // By cost, then by age: the largest and oldest is the last.
  std::map<std::pair<uint64_t, uint64_t>, std::function<void()>> queue SKERRY_GUARDED_BY(mutex);
  uint64_t unfinished SKERRY_GUARDED_BY(mutex) = 0;
  uint64_t added SKERRY_GUARDED_BY(mutex) = 0;
  bool stopping SKERRY_GUARDED_BY(mutex) = false;
  std::vector<std::thread> threads;
};

Crew::Crew(size_t jobs) : state_(std::make_unique<State>()) {
  for (size_t i = 0; i < jobs; ++i) {
    state_->threads.emplace_back([state = state_.get(), i] {
      NameThisThread("crew-" + std::to_string(i));
      state->Run();
    });
  }
}

Crew::~Crew() {
  Wait();
  {
    MutexLock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.NotifyAll();
  for (std::thread& thread : state_->threads) thread.join();
}

size_t Crew::jobs() const { return state_->threads.size(); }

void Crew::Add(uint64_t cost, std::function<void()> task) {
  {
    MutexLock lock(state_->mutex);
    const uint64_t age = ~uint64_t{0} - state_->added++;
    state_->queue.emplace(std::pair(cost, age), std::move(task));
    ++state_->unfinished;
  }
  state_->changed.NotifyAll();
}

void Crew::Wait() {
  MutexLock lock(state_->mutex);
  while (state_->unfinished != 0) state_->changed.Wait(state_->mutex);
}

}  // namespace skerry::pipeline
