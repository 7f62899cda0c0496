// A program makes way for a newer one of itself, and no client notices (USR2).
//
//   old   starts what is at its path now, with its own arguments and listening sockets
//   new   reads configuration and certificates; if anything is wrong it ends with its
//         usual message, and the old one goes on as if nothing had been
//   new   says that it is prepared
//   old   frees its store, and says so or ends
//   new   opens the store, serves, and says so
//   old   drains and ends
//
// Both hold the same sockets, so nobody who connects is refused: who comes while neither
// accepts waits in the kernel's queue.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/net/address.h"
#include "core/net/loop.h"
#include "core/net/socket.h"

namespace skerry::daemon {

// What a process got from the one before it. Owner: the program. Thread: any, one at a
// time.
class Inheritance {
 public:
  Inheritance() = default;  // nothing
  // Of this process; a second call finds nothing. Call it before any thread starts.
  static Inheritance Take();

  // The sockets of that listener, if they are bound to `address` (port 0: whatever they
  // are bound to); others are closed, for they are not wanted any more. Ownership passes.
  std::vector<int> Sockets(std::string_view listener, const net::Address& address);

  bool any() const { return channel_.valid(); }

  // Says that nothing stands in the way, and waits until the store is free. Returns at
  // once when there is no process before us. Closes the sockets that nobody asked for.
  void AwaitStore();
  // Says that we serve.
  void Serving();

 private:
  net::ScopedFd channel_;
  std::vector<std::pair<std::string, net::ScopedFd>> sockets_;
};

// The process that takes over, as the one before it sees it. Owner and thread: one loop.
class Successor {
 public:
  struct Options {
    std::string program;                               // empty: what is at this program's path now
    std::vector<std::string> arguments;                // with the name; empty: this program's own
    std::vector<std::pair<std::string, int>> sockets;  // by listener; they stay ours, too
    // Called on the loop. The store is to be freed, then StoreIsFree called; or the
    // process ends.
    std::function<void()> on_prepared;
    std::function<void()> on_serving;
    // It ended before it served: "exit code 2". Nothing is called afterwards.
    std::function<void(std::string how)> on_failed;
  };
  static Result<std::unique_ptr<Successor>> Start(net::Loop& loop, Options options);
  // Ends no process. Where on_serving and on_failed have not been called, the end of our
  // process tells the other that the store is free.
  ~Successor();
  Successor(const Successor&) = delete;
  Successor& operator=(const Successor&) = delete;

  void StoreIsFree();
  pid_t pid() const;

 private:
  struct State;
  explicit Successor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace skerry::daemon
