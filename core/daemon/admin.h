// The admin listener: /livez, /readyz, /healthz, /metrics, and what a program adds.
// Plain HTTP on loopback by default; it answers GET and HEAD only and changes nothing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/metrics.h"
#include "core/base/result.h"
#include "core/http/server/server.h"
#include "core/net/listener.h"

namespace skerry::daemon {

// One question of /healthz?verbose and /readyz.
struct Check {
  std::string name;
  bool ready = true;            // a node that fails it cannot serve; else /readyz only says so
  std::function<Status()> ask;  // the error says what is wrong; any thread
};

// Owner and thread: one loop (a worker's or one of its own).
class Admin {
 public:
  struct Page {
    int status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body;
  };
  // The whole path and query, "/explain?url=…". Called on the admin's loop; must not block.
  using Handler = std::function<Page(std::string_view path_and_query)>;

  // A page that has to wait for something. `done` is to be called once, on the admin's
  // loop, at any time.
  using Done = std::function<void(Page)>;
  using LaterHandler = std::function<void(const http::RequestHead& request, Done done)>;

  struct Options {
    net::ListenOptions listen;
    Metrics* metrics = nullptr;
    std::vector<Check> checks;
    std::map<std::string, Handler, std::less<>> pages;  // by path, without query
    std::map<std::string, LaterHandler, std::less<>> later_pages;
  };
  static Result<std::unique_ptr<Admin>> Open(net::Loop& loop, Options options);
  ~Admin();

  const net::Address& address() const;
  int socket() const;  // see net::Listener
  void Close();

  // What a path of `pages`, or one of this room's own, answers.
  static Page Answer(const Options& options, std::string_view path_and_query);

 private:
  struct State;
  explicit Admin(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace skerry::daemon
