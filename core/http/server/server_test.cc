// A Server over real sockets: what a client with TLS gets.
#include "core/http/server/server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "core/net/listener.h"
#include "core/net/loop.h"
#include "core/net/tls.h"

namespace skerry::http {
namespace {

struct Echo : StreamEvents {
  std::shared_ptr<ServerStream> stream;
  void OnBody(std::string_view bytes) override { stream->ConsumedBody(bytes.size()); }
  void OnBodyEnd(Fields) override {}
  void OnGone(bool) override { stream = nullptr; }
};

// Sends bytes once connected and keeps what comes until the peer ends.
struct Client : net::Transport::Events {
  Client(net::Loop& l, std::unique_ptr<net::Transport> t, std::string say)
      : loop(l), transport(std::move(t)), to_say(std::move(say)) {
    transport->Start(this);
  }
  void OnConnected() override {
    alpn = transport->alpn();
    transport->Write(to_say);
    transport->Flush();
  }
  void OnBytes(std::string_view bytes) override { heard += bytes; }
  void OnWritable() override {}
  void OnEnd() override { loop.Stop(); }
  void OnFailed(const Error& error) override {
    failed = error.ToString();
    loop.Stop();
  }
  net::Loop& loop;
  std::unique_ptr<net::Transport> transport;
  std::string to_say, heard, alpn, failed;
};

TEST(ServerTest, AnswersOverTlsAndDrains) {
  std::string folder = testing::TempDir() + "server_XXXXXX";
  ASSERT_NE(nullptr, mkdtemp(folder.data()));
  const std::string certificate = folder + "/a.pem";
  const std::string key = folder + "/a.key";
  ASSERT_TRUE(net::MakeDevelopmentCertificate(certificate, key, {"127.0.0.1"}));
  const auto loop = net::Loop::Make();
  const auto server = Server::Make(
      *loop, {}, [](std::shared_ptr<ServerStream> stream) -> std::shared_ptr<StreamEvents> {
        auto echo = std::make_shared<Echo>();
        echo->stream = stream;
        Response response;
        response.body = std::make_unique<MemoryBody>(std::string(3'000'000, 'x'));
        stream->Respond(std::move(response));
        return echo;
      });
  net::ListenOptions listen;
  listen.address = {"127.0.0.1", 0};
  listen.tls = *net::TlsContext::Server({certificate, key});
  const auto listener = net::Listener::Open(
      *loop, listen, [&](std::unique_ptr<net::Transport> t) { server->Serve(std::move(t)); });
  ASSERT_TRUE(listener);
  net::DialOptions dial;
  dial.host = "127.0.0.1";
  dial.port = (*listener)->address().port;
  net::TlsContext::ClientOptions trust;
  trust.ca_file = certificate;
  dial.tls = *net::TlsContext::Client(trust);
  Client client(*loop, net::Dial(*loop, dial),
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  loop->After(Seconds(20), [&] { loop->Stop(); });
  loop->Run();
  EXPECT_EQ("", client.failed);
  EXPECT_EQ("http/1.1", client.alpn);
  EXPECT_TRUE(client.heard.starts_with("HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n"));
  EXPECT_TRUE(client.heard.ends_with("\r\n\r\n" + std::string(3'000'000, 'x')));
  unlink(certificate.c_str());
  unlink(key.c_str());
  rmdir(folder.c_str());
}

}  // namespace
}  // namespace skerry::http
