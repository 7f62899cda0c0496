#include "core/base/thread.h"

#include <pthread.h>

#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace skerry {

void NameThisThread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

struct Pool::State {
  void Work() {
    while (true) {
      std::function<void()> task;
      {
        MutexLock lock(mutex);
        while (tasks.empty() && !ending) changed.Wait(mutex);
        if (tasks.empty()) return;
        task = std::move(tasks.front());
        tasks.pop_front();
      }
      task();
    }
  }

  mutable Mutex mutex;  // lock order: last; nothing is called while it is held
  ConditionVariable changed;
  std::deque<std::function<void()>> tasks SKERRY_GUARDED_BY(mutex);
  bool ending SKERRY_GUARDED_BY(mutex) = false;
  std::vector<std::thread> threads;
};

Pool::Pool(std::string name, size_t threads) : state_(std::make_unique<State>()) {
  SKERRY_CHECK(threads >= 1);
  for (size_t i = 0; i < threads; ++i) {
    state_->threads.emplace_back([state = state_.get(), name] {
      NameThisThread(name);
      state->Work();
    });
  }
}

Pool::~Pool() {
  {
    MutexLock lock(state_->mutex);
    state_->ending = true;
  }
  state_->changed.NotifyAll();
  for (std::thread& thread : state_->threads) thread.join();
}

void Pool::Run(std::function<void()> task) {
  {
    MutexLock lock(state_->mutex);
    SKERRY_CHECK(!state_->ending);
    state_->tasks.push_back(std::move(task));
  }
  state_->changed.NotifyOne();
}

size_t Pool::queued() const {
  MutexLock lock(state_->mutex);
  return state_->tasks.size();
}

}  // namespace skerry
