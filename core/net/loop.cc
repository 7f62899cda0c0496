#include "core/net/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/net/readiness.h"

namespace skerry::net {
namespace {

// Of one epoll_wait; then posted tasks and timers have their turn.
constexpr size_t kEventsPerTurn = 128;

// A socket as epoll knows it, level-triggered. What is registered may be more than what is
// wanted: most who have read want to read again, and would register again for it. An event
// that nobody wants takes its registration away.
struct Watched {
  ScopedFd fd;
  Readiness::Events* events;  // null once the Readiness is gone
  uint32_t wanted = 0;
  uint32_t registered = 0;
};

class EpollLoop : public SocketLoop {
 public:
  EpollLoop()
      : epoll_(epoll_create1(EPOLL_CLOEXEC)),
        wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        mailbox_(std::make_shared<Mailbox>(this)),
        thread_(std::this_thread::get_id()) {
    SKERRY_CHECK(epoll_.valid() && wake_.valid());
    epoll_event event{};
    event.events = EPOLLIN;
    SKERRY_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0);
  }

  ~EpollLoop() override {
    mailbox_->LoopGone();
    stopped_ = true;
    // Tasks may own connections, whose destructors call back: everything of ours
    // still exists while they go.
    std::exchange(due_, {}).clear();
    std::exchange(timers_, {}).clear();
    TakeTasks().clear();
  }

  void Post(Task task) override {
    if (stopped_) return;
    {
      MutexLock lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    if (sleeping_ && sleeping_.exchange(false)) Wake();
  }

  TimerId After(Micros delay, Task task) override {
    const SteadyTime when = clock().Steady() + delay;
    const TimerId id = ++last_id_;
    if (stopped_) return id;
    timers_.emplace(std::pair(when, id), std::move(task));
    due_.emplace(id, when);
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
    while (!stopped_) {
      RunTasks();
      if (!stopped_) WaitAndDispatch();
      RunTimers();
    }
  }

  void Stop() override {
    stopped_ = true;
    Wake();
  }

  bool IsCurrent() const override { return thread_ == std::this_thread::get_id(); }
  const Clock& clock() const override { return Clock::Real(); }

  std::unique_ptr<Readiness> Watch(ScopedFd fd, Readiness::Events* events) override;
  const std::shared_ptr<Mailbox>& mailbox() const override { return mailbox_; }

  void Want(Watched& socket, uint32_t event) {
    socket.wanted |= event;
    Register(socket, socket.registered | event);
  }
  // No event comes for it any more; what epoll has told of this turn may still point to it.
  ScopedFd Forget(std::unique_ptr<Watched> socket) {
    Register(*socket, 0);
    socket->events = nullptr;
    ScopedFd fd = std::move(socket->fd);
    if (dispatching_) forgotten_.push_back(std::move(socket));
    return fd;
  }

 private:
  // One that cannot be registered (the kernel has no memory) hears nothing until its owner's
  // time is over.
  void Register(Watched& socket, uint32_t events) {
    if (events == socket.registered) return;
    epoll_event event{};
    event.events = events;
    event.data.ptr = &socket;
    const int change = events == 0              ? EPOLL_CTL_DEL
                       : socket.registered == 0 ? EPOLL_CTL_ADD
                                                : EPOLL_CTL_MOD;
    if (epoll_ctl(epoll_.get(), change, socket.fd.get(), &event) == 0) socket.registered = events;
  }

  void Wake() {
    const uint64_t one = 1;
    // It can only fail where so many wakes wait that one is enough.
    [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof(one));
  }

  std::vector<Task> TakeTasks() {
    MutexLock lock(mutex_);
    return std::exchange(tasks_, {});
  }

  // Those that are there now: what they post comes after sockets and timers.
  void RunTasks() {
    {
      MutexLock lock(mutex_);
      running_.swap(tasks_);
    }
    for (Task& task : running_) {
      if (stopped_) break;
      std::exchange(task, nullptr)();
    }
    running_.clear();
  }

  // Milliseconds, as epoll_wait takes them; a timer may be late by less than one.
  int TimeToSleep() {
    if (timers_.empty()) return -1;
    const Micros left =
        std::chrono::duration_cast<Micros>(timers_.begin()->first.first - clock().Steady());
    if (left <= Micros(0)) return 0;
    return static_cast<int>(std::min<int64_t>((left.count() + 999) / 1000, INT_MAX));
  }

  void WaitAndDispatch() {
    // First we say that we sleep: a task that we do not see here is from one who sees that.
    sleeping_ = true;
    bool idle = false;
    {
      MutexLock lock(mutex_);
      idle = tasks_.empty();
    }
    std::array<epoll_event, kEventsPerTurn> ready;
    const int count = epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()),
                                 idle ? TimeToSleep() : 0);
    sleeping_ = false;
    dispatching_ = true;
    for (int i = 0; i < count && !stopped_; ++i) {
      if (ready[i].data.ptr == nullptr) {
        uint64_t wakes = 0;
        [[maybe_unused]] const ssize_t got = read(wake_.get(), &wakes, sizeof(wakes));
      } else {
        Dispatch(*static_cast<Watched*>(ready[i].data.ptr), ready[i].events);
      }
    }
    dispatching_ = false;
    std::exchange(forgotten_, {}).clear();
  }

  void Dispatch(Watched& socket, uint32_t ready) {
    if (socket.events == nullptr) return;
    // What is broken can be read and written: that tells how.
    if ((ready & (EPOLLERR | EPOLLHUP)) != 0) ready |= EPOLLIN | EPOLLOUT;
    const uint32_t fired = socket.wanted & ready;
    if (fired == 0) return Register(socket, socket.wanted);
    socket.wanted &= ~fired;
    if ((fired & EPOLLIN) != 0) socket.events->OnReadable();
    if (socket.events == nullptr || (fired & EPOLLOUT) == 0) return;
    socket.events->OnWritable();
    // Most sockets can be written at most times.
    if (socket.events == nullptr || (socket.wanted & EPOLLOUT) != 0) return;
    Register(socket, socket.registered & ~EPOLLOUT);
  }

  void RunTimers() {
    if (timers_.empty()) return;
    const SteadyTime now = clock().Steady();
    while (!timers_.empty() && timers_.begin()->first.first <= now && !stopped_) {
      auto timer = timers_.extract(timers_.begin());
      due_.erase(timer.key().second);
      timer.mapped()();
    }
  }

  const ScopedFd epoll_;
  const ScopedFd wake_;  // an eventfd
  std::map<std::pair<SteadyTime, TimerId>, Task> timers_;
  std::unordered_map<TimerId, SteadyTime> due_;
  TimerId last_id_ = 0;
  Mutex mutex_;
  std::vector<Task> tasks_ SKERRY_GUARDED_BY(mutex_);
  std::vector<Task> running_;
  std::vector<std::unique_ptr<Watched>> forgotten_;
  bool dispatching_ = false;
  std::atomic<bool> sleeping_{false};  // the next Post must wake
  std::shared_ptr<Mailbox> mailbox_;
  std::atomic<bool> stopped_{false};
  std::atomic<std::thread::id> thread_;
};

class EpollReadiness : public Readiness {
 public:
  EpollReadiness(EpollLoop& loop, ScopedFd fd, Events* events)
      : loop_(loop), socket_(std::make_unique<Watched>(Watched{std::move(fd), events})) {}
  ~EpollReadiness() override {
    if (socket_ != nullptr) loop_.Forget(std::move(socket_));
  }

  int fd() const override { return socket_->fd.get(); }
  ScopedFd Release() override { return loop_.Forget(std::move(socket_)); }
  void WantRead() override { loop_.Want(*socket_, EPOLLIN); }
  void WantWrite() override { loop_.Want(*socket_, EPOLLOUT); }

 private:
  EpollLoop& loop_;
  std::unique_ptr<Watched> socket_;  // null once released
};

std::unique_ptr<Readiness> EpollLoop::Watch(ScopedFd fd, Readiness::Events* events) {
  return std::make_unique<EpollReadiness>(*this, std::move(fd), events);
}

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

std::unique_ptr<Loop> Loop::Make() { return std::make_unique<EpollLoop>(); }

}  // namespace skerry::net
