// The loop of one thread: timers, tasks, and the readiness of sockets.
//
// Everything that belongs to a connection runs on the loop of its worker and
// never blocks it. Other threads reach it only through Post. A task that was
// posted by an object must do nothing once that object is gone: capture a
// std::weak_ptr, never `this` of something that can die first.
//
// Loop::Make gives one on epoll; tests and simulations use FakeLoop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/base/clock.h"

namespace skerry::net {

class Loop {
 public:
  using Task = std::function<void()>;
  using TimerId = uint64_t;  // 0 is never an id

  virtual ~Loop() = default;

  // Runs `task` on this loop, after the call has returned. Tasks of one thread
  // keep their order. Thread: any. After Stop tasks are dropped unrun.
  virtual void Post(Task task) = 0;

  // Runs `task` once, not before `delay` has passed. Thread: the loop's.
  virtual TimerId After(Micros delay, Task task) = 0;
  // The task will not run; unknown and finished ids are ignored. Thread: the loop's.
  virtual void Cancel(TimerId id) = 0;

  // Serves until Stop. Thread: the one that becomes the loop's.
  virtual void Run() = 0;
  // Thread: any.
  virtual void Stop() = 0;

  virtual bool IsCurrent() const = 0;
  virtual const Clock& clock() const = 0;

  static std::unique_ptr<Loop> Make();
};

// A timer that ends with its owner. Thread: the loop's.
class Timer {
 public:
  explicit Timer(Loop& loop) : loop_(loop) {}
  ~Timer() { Stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Forgets an earlier start.
  void Start(Micros delay, Loop::Task task) {
    Stop();
    id_ = loop_.After(delay, [this, task = std::move(task)] {
      id_ = 0;
      task();
    });
  }
  void Stop() {
    if (id_ != 0) loop_.Cancel(id_);
    id_ = 0;
  }
  bool running() const { return id_ != 0; }

 private:
  Loop& loop_;
  Loop::TimerId id_ = 0;
};

}  // namespace skerry::net
