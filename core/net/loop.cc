#include "core/net/loop.h"

#include <atomic>
#include <boost/asio.hpp>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>

#include "core/base/result.h"
#include "core/net/readiness.h"

namespace skerry::net {
namespace {

namespace asio = boost::asio;

class AsioReadiness : public Readiness {
 public:
  AsioReadiness(asio::io_context& io, ScopedFd fd, Events* events)
      : state_(std::make_shared<State>(io, fd.Release(), events)) {}
  ~AsioReadiness() override {
    state_->events = nullptr;
    boost::system::error_code ignored;
    state_->socket.close(ignored);
  }

  int fd() const override { return state_->fd; }

  ScopedFd Release() override {
    state_->events = nullptr;
    return ScopedFd(state_->socket.release());
  }

  void WantRead() override {
    if (std::exchange(state_->wants_read, true)) return;
    state_->socket.async_wait(asio::posix::stream_descriptor::wait_read,
                              [state = state_](const boost::system::error_code&) {
                                state->wants_read = false;
                                if (state->events != nullptr) state->events->OnReadable();
                              });
  }

  void WantWrite() override {
    if (std::exchange(state_->wants_write, true)) return;
    state_->socket.async_wait(asio::posix::stream_descriptor::wait_write,
                              [state = state_](const boost::system::error_code&) {
                                state->wants_write = false;
                                if (state->events != nullptr) state->events->OnWritable();
                              });
  }

 private:
  // Waits that are under way hold it, and find `events` null once we are gone.
  struct State {
    State(asio::io_context& io, int descriptor, Events* e)
        : socket(io, descriptor), fd(descriptor), events(e) {}
    asio::posix::stream_descriptor socket;
    const int fd;
    Events* events;
    bool wants_read = false;
    bool wants_write = false;
  };
  std::shared_ptr<State> state_;
};

// One io_context and one timer of Asio; ours are in a map, so that starting and
// stopping one costs no system call.
class AsioLoop : public SocketLoop {
 public:
  AsioLoop()
      : io_(std::make_unique<asio::io_context>(1)),
        alarm_(std::make_unique<asio::steady_timer>(*io_)),
        mailbox_(std::make_shared<Mailbox>(this)),
        thread_(std::this_thread::get_id()) {}

  ~AsioLoop() override {
    mailbox_->LoopGone();
    stopped_ = true;
    // Tasks may own connections, whose destructors call back: everything of ours
    // still exists while they go.
    std::exchange(due_, {}).clear();
    std::exchange(timers_, {}).clear();
    alarm_.reset();
    io_.reset();
  }

  void Post(Task task) override {
    if (!stopped_) asio::post(*io_, std::move(task));
  }

  TimerId After(Micros delay, Task task) override {
    const SteadyTime when = clock().Steady() + delay;
    const TimerId id = ++last_id_;
    if (stopped_) return id;
    timers_.emplace(std::pair(when, id), std::move(task));
    due_.emplace(id, when);
    SetAlarm();
    return id;
  }

  void Cancel(TimerId id) override {
    const auto found = due_.find(id);
    if (found == due_.end()) return;
    const auto timer = timers_.find(std::pair(found->second, id));
    due_.erase(found);
    // The task may own what owns the timer: it goes after the map is whole again.
    const Task task = std::move(timer->second);
    timers_.erase(timer);
  }

  void Run() override {
    thread_ = std::this_thread::get_id();
    const auto work = asio::make_work_guard(*io_);
    io_->run();
  }

  void Stop() override {
    stopped_ = true;
    io_->stop();
  }

  bool IsCurrent() const override { return thread_ == std::this_thread::get_id(); }
  const Clock& clock() const override { return Clock::Real(); }

  std::unique_ptr<Readiness> Watch(ScopedFd fd, Readiness::Events* events) override {
    return std::make_unique<AsioReadiness>(*io_, std::move(fd), events);
  }
  const std::shared_ptr<Mailbox>& mailbox() const override { return mailbox_; }

 private:
  void SetAlarm() {
    if (timers_.empty() || alarm_ == nullptr) return;
    const SteadyTime first = timers_.begin()->first.first;
    if (alarm_set_ && alarm_at_ <= first) return;
    alarm_set_ = true;
    alarm_at_ = first;
    alarm_->expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(first));
    alarm_->async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      alarm_set_ = false;
      RunTimers();
    });
  }

  void RunTimers() {
    const SteadyTime now = clock().Steady();
    while (!timers_.empty() && timers_.begin()->first.first <= now && !stopped_) {
      auto timer = timers_.extract(timers_.begin());
      due_.erase(timer.key().second);
      timer.mapped()();
    }
    SetAlarm();
  }

  std::unique_ptr<asio::io_context> io_;
  std::unique_ptr<asio::steady_timer> alarm_;
  SteadyTime alarm_at_{};
  bool alarm_set_ = false;
  std::map<std::pair<SteadyTime, TimerId>, Task> timers_;
  std::unordered_map<TimerId, SteadyTime> due_;
  TimerId last_id_ = 0;
  std::shared_ptr<Mailbox> mailbox_;
  std::atomic<bool> stopped_{false};
  std::atomic<std::thread::id> thread_;
};

}  // namespace

bool Mailbox::Post(Loop::Task task) {
  MutexLock lock(mutex_);
  if (loop_ == nullptr) return false;
  loop_->Post(std::move(task));
  return true;
}

void Mailbox::LoopGone() {
  MutexLock lock(mutex_);
  loop_ = nullptr;
}

SocketLoop& SocketLoop::From(Loop& loop) {
  auto* found = dynamic_cast<SocketLoop*>(&loop);
  SKERRY_CHECK(found != nullptr);
  return *found;
}

std::unique_ptr<Loop> Loop::Make() { return std::make_unique<AsioLoop>(); }

}  // namespace skerry::net
