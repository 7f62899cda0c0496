// For tests: transports whose other end is the test, and ears for a fetch.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/http/upstream/upstream.h"
#include "core/net/transport.h"

namespace skerry::http {

// What a test sees of one connection, and does to it.
struct ScriptedPeer {
  net::DialOptions dial;
  net::Transport::Events* events = nullptr;  // null: closed, or the transport is gone
  std::string received;                      // what the client wrote and nobody took
  std::string alpn;
  bool writable = true;
  bool flushed = false;
  bool reading_paused = false;
  bool closed = false;   // in order
  bool aborted = false;  // at once
  bool destroyed = false;

  bool open() const { return !closed && !aborted; }
  std::string Take() { return std::exchange(received, {}); }

  void Connect() { events->OnConnected(); }
  void Say(std::string_view bytes) {
    if (events != nullptr) events->OnBytes(bytes);
  }
  void End() {
    if (events != nullptr) events->OnEnd();
  }
  void Fail(Code code = Code::kReset) {
    if (events != nullptr) {
      std::exchange(events, nullptr)->OnFailed({code, Side::kUpstream, false, "scripted"});
    }
  }
  void BecomeWritable() {
    writable = true;
    if (events != nullptr) events->OnWritable();
  }
};

class ScriptedTransport : public net::Transport {
 public:
  explicit ScriptedTransport(std::shared_ptr<ScriptedPeer> peer) : peer_(std::move(peer)) {}
  ~ScriptedTransport() override {
    peer_->events = nullptr;
    peer_->destroyed = true;
  }

  void Start(Events* events) override { peer_->events = events; }
  void Write(std::string_view bytes) override {
    SKERRY_CHECK(peer_->writable && peer_->open());
    peer_->received += bytes;
    peer_->flushed = false;
  }
  void Flush() override { peer_->flushed = true; }
  bool writable() const override { return peer_->writable && peer_->open(); }
  uint64_t delivered() const override { return 0; }
  void PauseReading() override { peer_->reading_paused = true; }
  void ResumeReading() override { peer_->reading_paused = false; }
  void Close() override {
    peer_->events = nullptr;
    peer_->closed = true;
  }
  void Abort() override {
    peer_->events = nullptr;
    peer_->aborted = true;
  }
  std::string_view alpn() const override { return peer_->alpn; }
  std::string_view server_name() const override { return ""; }
  const net::Address& peer() const override { return address_; }
  bool is_tls() const override { return peer_->dial.tls != nullptr; }
  std::string tls_description() const override { return ""; }

 private:
  const std::shared_ptr<ScriptedPeer> peer_;
  const net::Address address_{"127.0.0.1", 80};
};

// Hears a fetch and writes down: "interim 103", "head 200", "body abc", "end",
// "end a=b", "failed timeout". Pieces of a body that follow each other are one.
class FetchLog : public FetchEvents {
 public:
  void OnInterim(ResponseHead head) override {
    heard.push_back("interim " + std::to_string(head.status));
    After();
  }
  void OnHead(ResponseHead head) override {
    heard.push_back("head " + std::to_string(head.status));
    fields = std::move(head.fields);
    After();
  }
  void OnBody(std::string_view bytes) override {
    if (!heard.empty() && heard.back().starts_with("body ")) {
      heard.back() += bytes;
    } else {
      heard.push_back("body " + std::string(bytes));
    }
    After();
  }
  void OnEnd(Fields trailers) override {
    std::string line = "end";
    for (const Field& field : trailers) {
      line.append(" ").append(field.name).append("=").append(field.value);
    }
    heard.push_back(line);
    After();
  }
  void OnFailed(Error error) override {
    heard.push_back("failed " + std::string(Name(error.code)));
    last_error = std::move(error);
    After();
  }

  std::vector<std::string> heard;
  Fields fields;  // of the final head
  Error last_error;
  std::function<void()> then;  // called once, behind the event that is written next…
  std::string at;              // …or the one that begins like this
  std::unique_ptr<Fetch> fetch;

 private:
  void After() {
    if (then && heard.back().starts_with(at)) std::exchange(then, nullptr)();
  }
};

}  // namespace skerry::http
