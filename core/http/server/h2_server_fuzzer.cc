// Arbitrary bytes into an HTTP/2 (or, as the first byte says, HTTP/1.1) server
// session, in pieces and with time passing. Every stream must hear of its end once.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/http/server/server.h"
#include "core/net/fake_loop.h"
#include "core/net/fake_transport.h"

namespace skerry::http {
namespace {

struct Listener : StreamEvents {
  std::shared_ptr<ServerStream> stream;
  int gone = 0;
  void OnBody(std::string_view bytes) override {
    SKERRY_CHECK(gone == 0);
    stream->ConsumedBody(bytes.size());
  }
  void OnBodyEnd(Fields) override { SKERRY_CHECK(gone == 0); }
  void OnGone(bool) override { ++gone; }
};

// What the program does differs from request to request.
void React(Listener& listener, size_t number) {
  Response response;
  response.stored = std::make_shared<Fields>(Fields{{"content-type", "text/plain"}});
  switch (number % 5) {
    case 0: response.body = std::make_unique<MemoryBody>(std::string(20'000, 'x')); break;
    case 1: response.status = 304; break;
    case 2: listener.stream->SendInterim({103, {{"link", "</a>"}}}); break;
    case 3: listener.stream->Reset(); break;
    case 4: return;  // never answered
  }
  listener.stream->Respond(std::move(response));
}

void Run(std::string_view bytes, bool h2) {
  net::FakeLoop loop;
  const auto held = std::make_shared<net::FakeWire>();
  net::FakeWire& wire = *held;
  std::vector<std::shared_ptr<Listener>> listeners;
  auto server = Server::Make(loop, {}, [&](std::shared_ptr<ServerStream> stream) {
    auto listener = std::make_shared<Listener>();
    listener->stream = std::move(stream);
    listeners.push_back(listener);
    React(*listener, listeners.size());
    return listener;
  });
  net::FakeTransport::Facts facts;
  facts.alpn = h2 ? "h2" : "http/1.1";
  server->Serve(std::make_unique<net::FakeTransport>(held, facts));
  wire.events->OnConnected();
  if (h2) wire.Receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  while (!bytes.empty() && wire.events != nullptr) {
    const size_t count = 1 + static_cast<uint8_t>(bytes[0]);
    wire.Receive(bytes.substr(0, count));
    bytes.remove_prefix(std::min(count, bytes.size()));
    loop.Advance(Millis(100));
  }
  loop.Advance(Seconds(100));
  server.reset();
  loop.RunPosted();
  for (const auto& listener : listeners) SKERRY_CHECK(listener->gone == 1);
}

}  // namespace
}  // namespace skerry::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  skerry::http::Run({reinterpret_cast<const char*>(data) + 1, size - 1}, data[0] % 4 != 0);
  return 0;
}
