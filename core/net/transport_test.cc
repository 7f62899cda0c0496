// Transports, listeners and dialling over real sockets on the loopback address.
#include "core/net/transport.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "core/net/listener.h"
#include "core/net/socket.h"
#include "core/net/tls.h"
#include "core/net/tls_session.h"

namespace skerry::net {
namespace {

using testing::HasSubstr;

// One end of a connection: remembers what it heard, and can be told to act on it.
struct Peer : Transport::Events {
  explicit Peer(std::unique_ptr<Transport> t) : transport(std::move(t)) { transport->Start(this); }

  void OnConnected() override {
    connected = true;
    if (on_connected) on_connected(*this);
  }
  void OnBytes(std::string_view bytes) override {
    received += bytes;
    if (on_bytes) on_bytes(*this);
  }
  void OnWritable() override {
    ++writable_events;
    if (on_writable) on_writable(*this);
  }
  void OnEnd() override {
    ended = true;
    if (on_end) on_end(*this);
  }
  void OnFailed(const Error& error) override {
    failed = error;
    if (on_failed) on_failed(*this);
  }

  void Say(std::string_view text) {
    transport->Write(text);
    transport->Flush();
  }
  // Writes all of `bytes`, as the transport becomes writable.
  void Stream(std::string bytes) {
    to_send = std::move(bytes);
    on_writable = [](Peer& peer) { peer.Pump(); };
    Pump();
  }
  void Pump() {
    while (sent < to_send.size() && transport->writable()) {
      const std::string_view piece = std::string_view(to_send).substr(sent, 40'000);
      transport->Write(piece);
      sent += piece.size();
    }
    transport->Flush();
    if (sent == to_send.size() && close_when_sent) transport->Close();
  }

  std::unique_ptr<Transport> transport;
  bool connected = false;
  bool ended = false;
  int writable_events = 0;
  std::string received;
  std::optional<Error> failed;
  std::string to_send;
  size_t sent = 0;
  bool close_when_sent = false;
  std::function<void(Peer&)> on_connected, on_bytes, on_writable, on_end, on_failed;
};

std::string Pattern(size_t size) {
  std::string text(size, '\0');
  uint32_t state = 1;
  for (char& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

// A loop on a thread of its own, a listener, and the transports it accepted.
class SocketTest : public testing::Test {
 protected:
  SocketTest() : loop_(Loop::Make()) {
    std::string folder = testing::TempDir() + "transport_XXXXXX";
    EXPECT_NE(nullptr, mkdtemp(folder.data()));
    certificate_ = folder + "/a.pem";
    key_ = folder + "/a.key";
    EXPECT_TRUE(MakeDevelopmentCertificate(certificate_, key_, {"localhost", "127.0.0.1"}));
    folder_ = folder;
    thread_ = std::thread([this] { loop_->Run(); });
  }
  ~SocketTest() override {
    On([&] {
      clients_.clear();
      servers_.clear();
      listener_.reset();
    });
    loop_->Stop();
    thread_.join();
    unlink(certificate_.c_str());
    unlink(key_.c_str());
    rmdir(folder_.c_str());
  }

  // Runs on the loop's thread and waits for it.
  void On(const std::function<void()>& what) {
    std::promise<void> done;
    loop_->Post([&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }
  // Lets the loop go on until the condition holds; fails after 20 seconds.
  bool Await(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    bool holds = false;
    while (!holds && std::chrono::steady_clock::now() < deadline) {
      On([&] { holds = condition(); });
      std::this_thread::yield();
    }
    return holds;
  }

  std::shared_ptr<TlsContext> ServerTls(std::vector<std::string> alpn = {"h2", "http/1.1"}) {
    return *TlsContext::Server({certificate_, key_, std::move(alpn)});
  }
  std::shared_ptr<TlsContext> ClientTls(std::vector<std::string> alpn = {"http/1.1"}) {
    TlsContext::ClientOptions options;
    options.ca_file = certificate_;
    options.alpn = std::move(alpn);
    return *TlsContext::Client(options);
  }

  void Listen(std::shared_ptr<TlsContext> tls, Millis handshake_timeout = Seconds(10)) {
    On([&] {
      ListenOptions options;
      options.address = {"127.0.0.1", 0};
      options.tls = std::move(tls);
      options.handshake_timeout = handshake_timeout;
      auto listener = Listener::Open(*loop_, options, [this](std::unique_ptr<Transport> accepted) {
        servers_.push_back(std::make_unique<Peer>(std::move(accepted)));
        if (prepare_server_) prepare_server_(*servers_.back());
      });
      ASSERT_TRUE(listener) << listener.error().ToString();
      listener_ = std::move(*listener);
    });
  }
  Peer& Connect(std::shared_ptr<TlsContext> tls, Millis timeout = Seconds(10)) {
    DialOptions options;
    options.host = "127.0.0.1";
    options.port = listener_->address().port;
    options.tls = std::move(tls);
    options.timeout = timeout;
    On([&] { clients_.push_back(std::make_unique<Peer>(Dial(*loop_, options))); });
    return *clients_.back();
  }
  Peer& client() { return *clients_.front(); }
  Peer& server() { return *servers_.front(); }

  std::string folder_, certificate_, key_;
  std::unique_ptr<Loop> loop_;
  std::thread thread_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<Peer>> clients_, servers_;
  std::function<void(Peer&)> prepare_server_;
};

using TlsTransportTest = SocketTest;
using DialTest = SocketTest;
using ListenerTest = SocketTest;

// The parameter says whether the connections are under TLS.
class TransportTest : public SocketTest, public testing::WithParamInterface<bool> {
 protected:
  // A connected pair.
  void Pair() {
    Listen(GetParam() ? ServerTls() : nullptr);
    Connect(GetParam() ? ClientTls() : nullptr);
    ASSERT_TRUE(
        Await([&] { return client().connected && servers_.size() == 1 && server().connected; }));
  }
};

INSTANTIATE_TEST_SUITE_P(ClearAndTls, TransportTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Tls" : "Clear"; });

TEST_P(TransportTest, BytesArriveBothWays) {
  Pair();
  On([&] { client().Say("ping"); });
  EXPECT_TRUE(Await([&] { return server().received == "ping"; }));
  On([&] { server().Say("pong"); });
  EXPECT_TRUE(Await([&] { return client().received == "pong"; }));
  On([&] {
    EXPECT_EQ("127.0.0.1", server().transport->peer().host);
    EXPECT_EQ(listener_->address().port, client().transport->peer().port);
    EXPECT_EQ(GetParam(), server().transport->is_tls());
  });
}

TEST_P(TransportTest, LargeStreamsArriveWholeInBothDirectionsAtOnce) {
  Pair();
  const std::string up = Pattern(5'000'000);
  const std::string down = Pattern(7'000'001);
  On([&] {
    client().Stream(up);
    server().Stream(down);
  });
  EXPECT_TRUE(Await([&] {
    return server().received.size() == up.size() && client().received.size() == down.size();
  }));
  On([&] {
    EXPECT_TRUE(server().received == up);
    EXPECT_TRUE(client().received == down);
  });
}

TEST_P(TransportTest, ABlockedWriterHearsWhenItMayGoOn) {
  Pair();
  On([&] {
    server().transport->PauseReading();
    client().Stream(Pattern(30'000'000));
    EXPECT_FALSE(client().transport->writable());
    EXPECT_LT(client().sent, client().to_send.size());
  });
  On([&] { server().transport->ResumeReading(); });
  EXPECT_TRUE(Await([&] { return server().received.size() == 30'000'000; }));
  On([&] { EXPECT_GT(client().writable_events, 0); });
}

TEST_P(TransportTest, DeliveredIsWhatThePeersKernelHasTaken) {
  Pair();
  On([&] {
    server().transport->PauseReading();
    client().Stream(Pattern(30'000'000));
    EXPECT_LT(client().transport->delivered(), 30'000'000u);
  });
  On([&] { server().transport->ResumeReading(); });
  EXPECT_TRUE(Await([&] { return client().transport->delivered() >= 30'000'000; }));
}

TEST_P(TransportTest, WritesOfTwoConnectionsDoNotMix) {
  Pair();
  Connect(GetParam() ? ClientTls() : nullptr);
  ASSERT_TRUE(Await(
      [&] { return clients_[1]->connected && servers_.size() == 2 && servers_[1]->connected; }));
  On([&] {
    for (int i = 0; i < 1000; ++i) {
      clients_[i % 2]->transport->Write(i % 2 == 0 ? "even " : "odd ");
    }
    clients_[0]->transport->Flush();
    clients_[1]->transport->Flush();
  });
  EXPECT_TRUE(Await([&] {
    return servers_[0]->received.size() == 2500 && servers_[1]->received.size() == 2000;
  }));
  On([&] {
    EXPECT_EQ(std::string::npos, servers_[0]->received.find("odd"));
    EXPECT_EQ(std::string::npos, servers_[1]->received.find("even"));
  });
}

TEST_P(TransportTest, APausedReaderHearsNothingUntilItResumes) {
  Pair();
  On([&] {
    server().on_bytes = [](Peer& peer) { peer.transport->PauseReading(); };
    client().Stream(Pattern(300'000));
  });
  // Everything beyond the first event is held back, however long the client goes on.
  ASSERT_TRUE(Await([&] { return !server().received.empty(); }));
  size_t first = 0;
  On([&] { first = server().received.size(); });
  On([&] { client().Say("x"); });
  On([&] {
    EXPECT_EQ(first, server().received.size());
    server().on_bytes = nullptr;
    server().transport->ResumeReading();
  });
  EXPECT_TRUE(Await([&] { return server().received.size() == 300'001; }));
  On([&] { EXPECT_TRUE(server().received == Pattern(300'000) + "x"); });
}

TEST_P(TransportTest, CloseDeliversWhatWasWrittenAndThenEnds) {
  Pair();
  On([&] {
    client().close_when_sent = true;
    client().Stream(Pattern(3'000'000));
  });
  EXPECT_TRUE(Await([&] { return server().ended; }));
  On([&] {
    EXPECT_TRUE(server().received == Pattern(3'000'000));
    EXPECT_FALSE(server().failed);
  });
}

TEST_P(TransportTest, WhatWasWrittenLeavesEvenIfTheTransportDiesAfterClose) {
  Pair();
  On([&] {
    server().transport->PauseReading();
    client().Stream(Pattern(1'000'000));
    client().transport->Close();
    client().transport.reset();
    server().transport->ResumeReading();
  });
  EXPECT_TRUE(Await([&] { return server().ended; }));
  On([&] { EXPECT_EQ(client().sent, server().received.size()); });
}

TEST_P(TransportTest, AbortIsAFailureForThePeer) {
  Pair();
  On([&] {
    client().Say("half");
    client().transport->Abort();
  });
  EXPECT_TRUE(Await([&] { return server().failed.has_value(); }));
  On([&] {
    EXPECT_FALSE(server().ended);
    EXPECT_EQ(Side::kClient, server().failed->side);
  });
}

TEST_P(TransportTest, WritingToADeadPeerFailsOnceAndIsNoLongerWritable) {
  Pair();
  On([&] {
    client().transport->Abort();
    server().transport->PauseReading();
  });
  EXPECT_TRUE(Await([&] {
    if (server().transport->writable()) server().Say("anybody?");
    return server().failed.has_value();
  }));
  On([&] { EXPECT_FALSE(server().transport->writable()); });
}

TEST_P(TransportTest, MayBeDestroyedInsideAnyEvent) {
  const auto destroy = [](Peer& peer) { peer.transport.reset(); };
  const auto abort = [](Peer& peer) { peer.transport->Abort(); };
  const auto close = [](Peer& peer) { peer.transport->Close(); };
  for (const std::function<void(Peer&)>& act :
       std::vector<std::function<void(Peer&)>>{destroy, abort, close}) {
    for (int event = 0; event < 5; ++event) {
      SCOPED_TRACE(event);
      bool acted = false;
      const auto then = [&](Peer& peer) {
        acted = true;
        act(peer);
      };
      prepare_server_ = [&](Peer& peer) {
        if (event == 0) peer.on_connected = then;
        if (event == 1) peer.on_bytes = then;
        if (event == 2) {
          peer.on_connected = [&](Peer& p) {
            p.Stream(std::string(20'000'000, 'x'));
            p.on_writable = then;
          };
        }
        if (event == 3) peer.on_end = then;
        if (event == 4) peer.on_failed = then;
      };
      Listen(GetParam() ? ServerTls() : nullptr);
      Peer& client = Connect(GetParam() ? ClientTls() : nullptr);
      ASSERT_TRUE(Await([&] { return client.connected || client.failed || client.ended; }));
      On([&] {
        if (client.transport->writable()) client.Say(std::string(200'000, 'y'));
        if (event == 3) client.transport->Close();
        if (event == 4) client.transport->Abort();
      });
      EXPECT_TRUE(Await([&] { return acted; }));
      On([&] {
        clients_.clear();
        servers_.clear();
        listener_.reset();
      });
    }
  }
}

TEST_P(TransportTest, NothingIsHeardAfterClose) {
  Pair();
  On([&] {
    server().transport->Close();
    client().Say("too late");
  });
  ASSERT_TRUE(Await([&] { return client().ended || client().failed; }));
  On([&] {
    client().transport->Close();
    EXPECT_EQ("", server().received);
    EXPECT_FALSE(server().ended);
    EXPECT_FALSE(server().failed);
  });
}

TEST_F(SocketTest, APeerThatHasEndedItsSideCanStillBeAnswered) {
  prepare_server_ = [](Peer& peer) {
    peer.on_end = [](Peer& p) {
      p.Say("late answer");
      p.transport->Close();
    };
  };
  Listen(nullptr);
  ScopedFd raw(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = SocketAddress::From(listener_->address());
  ASSERT_EQ(0, connect(raw.get(), address->get(), address->size));
  ASSERT_EQ(0, shutdown(raw.get(), SHUT_WR));
  char answer[100] = {};
  EXPECT_EQ(11, recv(raw.get(), answer, sizeof(answer), MSG_WAITALL));
  EXPECT_STREQ("late answer", answer);
}

// ---- TLS alone

TEST_F(TlsTransportTest, TheServersFirstCommonProtocolIsChosen) {
  Listen(ServerTls({"h2", "http/1.1"}));
  Connect(ClientTls({"http/1.1", "h2"}));
  ASSERT_TRUE(Await([&] { return client().connected && server().connected; }));
  On([&] {
    EXPECT_EQ("h2", client().transport->alpn());
    EXPECT_EQ("h2", server().transport->alpn());
    EXPECT_THAT(server().transport->tls_description(), HasSubstr("TLSv1.3 TLS_AES_128_GCM"));
  });
}

TEST_F(TlsTransportTest, WithoutACommonProtocolTheHandshakeFails) {
  Listen(ServerTls({"h2"}));
  Connect(ClientTls({"http/1.1"}));
  ASSERT_TRUE(Await([&] { return client().failed && server().failed; }));
  On([&] {
    EXPECT_EQ(Code::kInvalid, server().failed->code);
    EXPECT_FALSE(client().connected || server().connected);
  });
}

TEST_F(TlsTransportTest, TheServerSeesTheNameThatWasAskedFor) {
  Listen(ServerTls());
  DialOptions options;
  options.host = "127.0.0.1";
  options.port = listener_->address().port;
  options.tls = ClientTls();
  options.server_name = "localhost";
  On([&] { clients_.push_back(std::make_unique<Peer>(Dial(*loop_, options))); });
  ASSERT_TRUE(Await([&] { return client().connected && server().connected; }));
  On([&] { EXPECT_EQ("localhost", server().transport->server_name()); });
}

TEST_F(TlsTransportTest, AnotherNameThanTheCertificatesIsDenied) {
  Listen(ServerTls());
  DialOptions options;
  options.host = "127.0.0.1";
  options.port = listener_->address().port;
  options.tls = ClientTls();
  options.server_name = "elsewhere.example";
  On([&] { clients_.push_back(std::make_unique<Peer>(Dial(*loop_, options))); });
  ASSERT_TRUE(Await([&] { return client().failed.has_value(); }));
  On([&] {
    EXPECT_EQ(Code::kDenied, client().failed->code);
    EXPECT_THAT(client().failed->context, HasSubstr("not trusted: hostname mismatch"));
  });
}

TEST_F(TlsTransportTest, ASelfSignedCertificateIsDeniedUnlessVerifyingIsOff) {
  Listen(ServerTls());
  TlsContext::ClientOptions careless;
  careless.verify = false;
  Connect(*TlsContext::Client({}));
  Connect(*TlsContext::Client(careless));
  ASSERT_TRUE(Await([&] { return clients_[0]->failed && clients_[1]->connected; }));
  On([&] { EXPECT_EQ(Code::kDenied, clients_[0]->failed->code); });
}

TEST_F(TlsTransportTest, AClientThatNeverShakesHandsIsGivenUp) {
  Listen(ServerTls(), Millis(50));
  Connect(nullptr);
  ASSERT_TRUE(Await([&] { return !servers_.empty() && server().failed; }));
  On([&] {
    EXPECT_EQ(Code::kTimeout, server().failed->code);
    EXPECT_FALSE(server().connected);
  });
}

TEST_F(TlsTransportTest, WhatIsNotTlsFailsTheHandshake) {
  Listen(ServerTls());
  Connect(nullptr);
  ASSERT_TRUE(Await([&] { return client().connected; }));
  On([&] { client().Say("GET / HTTP/1.1\r\nHost: a\r\n\r\n"); });
  ASSERT_TRUE(Await([&] { return !servers_.empty() && server().failed; }));
  On([&] { EXPECT_EQ(Code::kInvalid, server().failed->code); });
}

// A TLS client over a clear-text transport, so that a test can misbehave below TLS.
struct RawTlsClient : TlsSession::Sink {
  RawTlsClient(Peer& peer, std::shared_ptr<TlsContext> context)
      : peer_(peer), session(std::move(context), "localhost", this) {
    peer_.on_bytes = [this](Peer& p) {
      session.Feed(p.received);
      if (!session.established()) session.Handshake();
      session.Feed({});
      p.received.clear();
      p.transport->Flush();
    };
    session.Handshake();
    peer_.transport->Flush();
  }
  void AppendWire(std::string_view bytes) override { peer_.transport->Write(bytes); }
  Peer& peer_;
  TlsSession session;
};

TEST_F(TlsTransportTest, AFinWithoutCloseNotifyIsAFailure) {
  Listen(ServerTls());
  Connect(nullptr);
  ASSERT_TRUE(Await([&] { return client().connected; }));
  std::unique_ptr<RawTlsClient> raw;
  On([&] { raw = std::make_unique<RawTlsClient>(client(), ClientTls()); });
  ASSERT_TRUE(Await([&] { return !servers_.empty() && server().connected; }));
  On([&] {
    raw->session.Seal("cut off");
    client().transport->Close();
  });
  ASSERT_TRUE(Await([&] { return server().failed.has_value(); }));
  On([&] {
    EXPECT_EQ("cut off", server().received);
    EXPECT_EQ(Code::kReset, server().failed->code);
    EXPECT_THAT(server().failed->context, HasSubstr("close_notify"));
  });
}

TEST_F(TlsTransportTest, ADamagedRecordIsAFailure) {
  Listen(ServerTls());
  Connect(nullptr);
  ASSERT_TRUE(Await([&] { return client().connected; }));
  std::unique_ptr<RawTlsClient> raw;
  On([&] { raw = std::make_unique<RawTlsClient>(client(), ClientTls()); });
  ASSERT_TRUE(Await([&] { return !servers_.empty() && server().connected; }));
  On([&] { client().Say(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'z')); });
  ASSERT_TRUE(Await([&] { return server().failed.has_value(); }));
  On([&] { EXPECT_EQ("", server().received); });
}

// ---- Dialling

TEST_F(DialTest, ResolvesNamesOffTheLoop) {
  Listen(nullptr);
  DialOptions options;
  options.host = "localhost";
  options.port = listener_->address().port;
  On([&] { clients_.push_back(std::make_unique<Peer>(Dial(*loop_, options))); });
  EXPECT_TRUE(Await([&] { return client().connected; }));
}

TEST_F(DialTest, ARefusedConnectionNamesTheAddressAndMayBeRetried) {
  Listen(nullptr);
  On([&] { listener_->Close(); });
  Connect(nullptr);
  ASSERT_TRUE(Await([&] { return client().failed.has_value(); }));
  On([&] {
    EXPECT_EQ(Code::kRefused, client().failed->code);
    EXPECT_EQ(Side::kUpstream, client().failed->side);
    EXPECT_TRUE(client().failed->retryable);
    EXPECT_THAT(client().failed->context, HasSubstr(listener_->address().ToString()));
  });
}

TEST_F(DialTest, TheTimeoutCoversTheHandshake) {
  Listen(nullptr);  // accepts, and says nothing
  Connect(ClientTls(), Millis(50));
  ASSERT_TRUE(Await([&] { return client().failed.has_value(); }));
  On([&] { EXPECT_EQ(Code::kTimeout, client().failed->code); });
}

TEST_F(DialTest, MayBeDestroyedAtAnyStage) {
  Listen(ServerTls());
  for (const char* host : {"127.0.0.1", "localhost"}) {
    DialOptions options;
    options.host = host;
    options.port = listener_->address().port;
    options.tls = ClientTls();
    for (int tasks = 0; tasks < 6; ++tasks) {
      On([&] { clients_.push_back(std::make_unique<Peer>(Dial(*loop_, options))); });
      for (int i = 0; i < tasks; ++i) On([] {});
      On([&] { clients_.clear(); });
    }
  }
}

TEST_F(DialTest, ALookUpMayOutliveItsLoop) {
  auto other = Loop::Make();
  DialOptions options;
  options.host = "localhost";
  options.port = 9;
  auto dialled = std::make_unique<Peer>(Dial(*other, options));
  dialled.reset();
  other.reset();
}

// ---- Listening

TEST_F(ListenerTest, APortInUseIsRefusedAndNamed) {
  Listen(nullptr);
  On([&] {
    ListenOptions options;
    options.address = listener_->address();
    const auto second = Listener::Open(*loop_, options, [](std::unique_ptr<Transport>) {});
    ASSERT_FALSE(second);
    EXPECT_EQ(Code::kRefused, second.error().code);
    EXPECT_THAT(second.error().context, HasSubstr(options.address.ToString()));
  });
}

TEST_F(ListenerTest, WithReusePortWorkersShareAnAddress) {
  On([&] {
    ListenOptions options;
    options.address = {"127.0.0.1", 0};
    options.reuse_port = true;
    const auto first = Listener::Open(*loop_, options, [](std::unique_ptr<Transport>) {});
    ASSERT_TRUE(first);
    options.address = (*first)->address();
    EXPECT_TRUE(Listener::Open(*loop_, options, [](std::unique_ptr<Transport>) {}));
  });
}

TEST_F(ListenerTest, ANewCertificateIsForNewConnectionsOnly) {
  Listen(ServerTls({"h2"}));
  Connect(ClientTls({"h2", "http/1.1"}));
  ASSERT_TRUE(Await([&] { return client().connected; }));
  On([&] { listener_->SetTls(ServerTls({"http/1.1"})); });
  Peer& second = Connect(ClientTls({"h2", "http/1.1"}));
  ASSERT_TRUE(Await([&] { return second.connected; }));
  On([&] {
    EXPECT_EQ("http/1.1", second.transport->alpn());
    client().Say("still there?");
  });
  EXPECT_TRUE(Await([&] { return server().received == "still there?"; }));
}

TEST_F(ListenerTest, AcceptedTransportsOutliveAClosedListener) {
  prepare_server_ = [&](Peer&) { listener_->Close(); };
  Listen(nullptr);
  Connect(nullptr);
  ASSERT_TRUE(Await([&] { return client().connected && !servers_.empty() && server().connected; }));
  On([&] { client().Say("still there?"); });
  EXPECT_TRUE(Await([&] { return server().received == "still there?"; }));
}

TEST_F(ListenerTest, MayBeDestroyedWhileItAccepts) {
  prepare_server_ = [&](Peer&) { listener_.reset(); };
  Listen(nullptr);
  Connect(nullptr);
  EXPECT_TRUE(Await([&] { return client().connected && !servers_.empty() && !listener_; }));
}

TEST_F(ListenerTest, OutOfDescriptorsIsSurvived) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "UBSan probes memory through a pipe and reports an error when it gets none";
#endif
  Listen(nullptr);
  // The client's descriptor exists before the limit falls to what is in use.
  ScopedFd raw(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = SocketAddress::From(listener_->address());
  rlimit before{};
  ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &before));
  bool tried = false;
  On([&] {
    const int next = dup(raw.get());
    close(next);
    rlimit low = before;
    low.rlim_cur = static_cast<rlim_t>(next);
    ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &low));
    ASSERT_EQ(0, connect(raw.get(), address->get(), address->size));
    loop_->After(Millis(20), [&] { tried = true; });
  });
  EXPECT_TRUE(Await([&] { return tried; }));
  On([&] { EXPECT_TRUE(servers_.empty()); });
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(Await([&] { return servers_.size() == 1 && server().connected; }));
}

}  // namespace
}  // namespace skerry::net
