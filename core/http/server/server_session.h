// Between the connections of a Server and the two protocols. Private to this room.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/http/problem.h"
#include "core/http/server/server.h"

namespace skerry::http {

// What streams may be asked for even when their connection is gone.
struct ConnectionFacts {
  net::Address peer;
  std::string tls;  // empty in clear text
};

// What a session works with. Owner: the connection, which outlives its session.
struct SessionContext {
  net::Loop& loop;
  net::Transport& transport;
  const Server::Options& options;
  const Server::OnRequest& on_request;
  std::shared_ptr<const ConnectionFacts> facts;
  // The transport was closed and all streams have heard of it. The session is
  // destroyed after the event at hand, never inside this call.
  std::function<void()> finished;
};

// One protocol on one connection. Thread: the loop's.
class ServerSession {
 public:
  virtual ~ServerSession() = default;

  virtual void OnBytes(std::string_view bytes) = 0;
  virtual void OnWritable() = 0;
  virtual void OnEnd() = 0;
  // The transport is broken, or the server ends: all streams are gone.
  virtual void OnLost() = 0;
  virtual void Drain() = 0;

  static std::unique_ptr<ServerSession> MakeH1(SessionContext context);
  static std::unique_ptr<ServerSession> MakeH2(SessionContext context);
};

// The answer of a session itself, as a small problem+json document.
Response ProblemResponse(const Problem& problem, WallTime now);

// Server-sent events: they come when they come, and no rate is asked of them.
inline bool IsEventStream(const std::array<const Fields*, 2>& lists) {
  for (const Fields* list : lists) {
    const auto type = list == nullptr ? std::nullopt : list->Find("content-type");
    if (type) return EqualsIgnoreCase(type->substr(0, type->find(';')), "text/event-stream");
  }
  return false;
}

inline void Count(Counter* counter) {
  if (counter != nullptr) counter->Add();
}

// Plain digits that fit 64 bits, else nothing.
std::optional<uint64_t> ParseDecimal(std::string_view text);

// The digits of a number, for the fields of an answer.
class Decimal {
 public:
  void Set(uint64_t value);
  std::string_view view() const { return {digits_, size_}; }

 private:
  char digits_[20];
  size_t size_ = 0;
};

}  // namespace skerry::http
