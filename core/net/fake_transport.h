// A transport for tests, made of two strings.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/net/transport.h"

namespace skerry::net {

// What a FakeTransport has seen. Owner: the test and the transport.
struct FakeWire {
  std::string written;         // by our side, flushed or not
  size_t flushed = 0;          // bytes of it
  int flushes = 0;             // that had something to send
  size_t capacity = SIZE_MAX;  // bytes the kernel would still take
  uint64_t sent = 0;           // bytes, ever
  uint64_t delivered = 0;      // those of them that fitted
  bool paused = false;
  bool closed = false;                  // Close
  bool aborted = false;                 // Abort, or destroyed without Close
  Transport::Events* events = nullptr;  // null once nothing may be heard

  // What the peer does.
  void Receive(std::string_view bytes) {
    if (events != nullptr) events->OnBytes(bytes);
  }
  void End() {
    if (events != nullptr) events->OnEnd();
  }
  void Break() {
    if (auto* heard = std::exchange(events, nullptr)) {
      heard->OnFailed({Code::kReset, Side::kClient, false, "connection broken"});
    }
  }
  // The kernel takes so many more bytes.
  void Drain(size_t bytes) {
    const bool blocked = capacity == 0;
    delivered += std::min<uint64_t>(bytes, sent - delivered);
    capacity = bytes > SIZE_MAX - capacity ? SIZE_MAX : capacity + bytes;
    if (blocked && events != nullptr) events->OnWritable();
  }
  std::string Take() { return std::exchange(written, {}); }
};

// Thread: the test's.
class FakeTransport : public Transport {
 public:
  struct Facts {
    std::string alpn;
    std::string server_name;
    Address peer{"192.0.2.7", 40000};
    bool tls = true;
  };

  FakeTransport(std::shared_ptr<FakeWire> wire, Facts facts)
      : held_(std::move(wire)), wire_(*held_), facts_(std::move(facts)) {}
  ~FakeTransport() override { Abort(); }

  // OnConnected is the test's to call.
  void Start(Events* events) override { wire_.events = events; }
  void Write(std::string_view bytes) override {
    if (wire_.closed || wire_.aborted) return;
    wire_.written += bytes;
    unflushed_ = true;
    wire_.sent += bytes.size();
    wire_.delivered += std::min(bytes.size(), wire_.capacity);
    wire_.capacity -= std::min(wire_.capacity == SIZE_MAX ? 0 : bytes.size(), wire_.capacity);
  }
  void Flush() override {
    if (std::exchange(unflushed_, false)) ++wire_.flushes;
    wire_.flushed = wire_.written.size();
  }
  bool writable() const override {
    return wire_.capacity > 0 && !wire_.closed && !wire_.aborted && wire_.events != nullptr;
  }
  uint64_t delivered() const override { return wire_.delivered; }
  void PauseReading() override { wire_.paused = true; }
  void ResumeReading() override { wire_.paused = false; }
  void Close() override {
    wire_.events = nullptr;
    if (!wire_.aborted) wire_.closed = true;
  }
  void Abort() override {
    wire_.events = nullptr;
    if (!wire_.closed) wire_.aborted = true;
  }
  std::string_view alpn() const override { return facts_.alpn; }
  std::string_view server_name() const override { return facts_.server_name; }
  const Address& peer() const override { return facts_.peer; }
  bool is_tls() const override { return facts_.tls; }
  std::string tls_description() const override {
    return facts_.tls ? "TLSv1.3 TLS_AES_128_GCM_SHA256" : "";
  }

 private:
  const std::shared_ptr<FakeWire> held_;
  FakeWire& wire_;
  const Facts facts_;
  bool unflushed_ = false;
};

}  // namespace skerry::net
