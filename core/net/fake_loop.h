// A loop for tests: runs when told, on a clock that stands still between steps.
#pragma once

#include <deque>
#include <map>
#include <utility>

#include "core/base/thread.h"
#include "core/net/loop.h"

namespace skerry::net {

// Thread: the test's; Post alone may come from others (a pool).
class FakeLoop : public Loop {
 public:
  void Post(Task task) override {
    MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  TimerId After(Micros delay, Task task) override {
    const TimerId id = ++last_id_;
    timers_.emplace(std::pair(clock_.Steady() + delay, id), std::move(task));
    return id;
  }
  void Cancel(TimerId id) override {
    for (auto it = timers_.begin(); it != timers_.end(); ++it) {
      if (it->first.second == id) {
        timers_.erase(it);
        return;
      }
    }
  }
  void Run() override { RunPosted(); }
  void Stop() override {
    MutexLock lock(mutex_);
    tasks_.clear();
  }
  bool IsCurrent() const override { return true; }
  const FakeClock& clock() const override { return clock_; }
  FakeClock& fake_clock() { return clock_; }

  // Timers ever started: how busy a subject is.
  TimerId timers_made() const { return last_id_; }

  // Runs what is posted, and what that posts, until nothing is left.
  void RunPosted() {
    while (Task task = Take()) task();
  }

  // Moves time forward, running timers when they are due and posted tasks between them.
  void Advance(Micros by) {
    const SteadyTime until = clock_.Steady() + by;
    RunPosted();
    while (!timers_.empty() && timers_.begin()->first.first <= until) {
      auto due = timers_.extract(timers_.begin());
      if (due.key().first > clock_.Steady()) clock_.Advance(due.key().first - clock_.Steady());
      due.mapped()();
      RunPosted();
    }
    if (until > clock_.Steady()) clock_.Advance(until - clock_.Steady());
  }

 private:
  Task Take() {
    MutexLock lock(mutex_);
    if (tasks_.empty()) return nullptr;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  FakeClock clock_;
  Mutex mutex_;
  std::deque<Task> tasks_ SKERRY_GUARDED_BY(mutex_);
  std::map<std::pair<SteadyTime, TimerId>, Task> timers_;
  TimerId last_id_ = 0;
};

}  // namespace skerry::net
