// What the sockets of this room need from their loop: readiness, and a way back
// from threads that may outlive it.
#pragma once

#include <memory>

#include "core/base/thread.h"
#include "core/net/loop.h"
#include "core/net/socket.h"

namespace skerry::net {

// A socket watched by a loop. Owner and thread: the loop's. Destroying it closes
// the socket; no event comes afterwards. Destroy it from inside an event freely.
class Readiness {
 public:
  class Events {
   public:
    virtual ~Events() = default;
    // Reading (writing) will not block, or reports an error.
    virtual void OnReadable() = 0;
    virtual void OnWritable() = 0;
  };

  virtual ~Readiness() = default;
  virtual int fd() const = 0;
  // Stops watching and gives the socket back; no event comes afterwards.
  virtual ScopedFd Release() = 0;
  // One event, at the next occasion, however often it was asked for before. What
  // is ready already counts: nothing needs to be read until EAGAIN.
  virtual void WantRead() = 0;
  virtual void WantWrite() = 0;
};

class SocketLoop;

// Posts to a loop as long as there is one. Thread: any.
class Mailbox {
 public:
  explicit Mailbox(SocketLoop* loop) : loop_(loop) {}
  // False, and nothing happens, when the loop is gone.
  bool Post(Loop::Task task);
  // Called by the loop's destructor.
  void LoopGone();

 private:
  Mutex mutex_;  // lock order: before the loop's own queue
  SocketLoop* loop_ SKERRY_GUARDED_BY(mutex_);
};

// The loop that Loop::Make makes.
class SocketLoop : public Loop {
 public:
  virtual std::unique_ptr<Readiness> Watch(ScopedFd fd, Readiness::Events* events) = 0;
  virtual const std::shared_ptr<Mailbox>& mailbox() const = 0;

  // REQUIRES: `loop` was made by Loop::Make.
  static SocketLoop& From(Loop& loop);
};

}  // namespace skerry::net
