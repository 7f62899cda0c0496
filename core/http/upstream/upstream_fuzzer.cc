// A hostile origin: a script of bytes, breaks, pauses, cancellations and time against the
// pooled client. Whatever comes, each fetch hears its events in order, one end at most,
// and nothing after it was cancelled.
//
// input := protocol byte | step*
// step  := kind byte | (for bytes said: length byte | bytes)
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/http/upstream/scripted_peer.h"
#include "core/net/fake_loop.h"

namespace {

using namespace skerry;
using namespace skerry::http;

class Judge : public FetchEvents {
 public:
  void OnInterim(ResponseHead head) override {
    SKERRY_CHECK(Alive() && !head_ && head.status >= 100 && head.status < 200);
    Check(head.fields);
  }
  void OnHead(ResponseHead head) override {
    SKERRY_CHECK(Alive() && !head_ && head.status >= 200);
    head_ = true;
    Check(head.fields);
  }
  void OnBody(std::string_view bytes) override {
    SKERRY_CHECK(Alive() && head_ && !bytes.empty() && !paused);
  }
  void OnEnd(Fields trailers) override {
    SKERRY_CHECK(Alive() && head_);
    ended_ = true;
    Check(trailers);
  }
  void OnFailed(Error) override {
    SKERRY_CHECK(Alive());
    ended_ = true;
  }

  bool paused = false;
  bool cancelled = false;
  std::unique_ptr<Fetch> fetch;

 private:
  bool Alive() const { return !cancelled && !ended_; }
  static void Check(const Fields& fields) {
    for (const Field& field : fields) {
      SKERRY_CHECK(IsToken(field.name) && field.name == AsciiLower(field.name));
      SKERRY_CHECK(IsFieldValue(field.value));
      SKERRY_CHECK(field.name != "connection" && field.name != "transfer-encoding");
    }
  }

  bool head_ = false;
  bool ended_ = false;
};

class Script {
 public:
  explicit Script(std::string_view input) : input_(input) {
    Upstream::Options options;
    options.url = *UpstreamUrl::Parse("http://origin.test");
    options.http2 = (Byte() & 1) != 0;
    options.max_connections = 3;
    options.header_bytes = 2000;
    options.header_count = 20;
    options.dial = [this](net::Loop&, const net::DialOptions&) {
      peers_.push_back(std::make_shared<ScriptedPeer>());
      return std::make_unique<ScriptedTransport>(peers_.back());
    };
    upstream_ = Upstream::Make(loop_, options);
  }
  ~Script() {
    judges_.clear();
    upstream_.reset();
    loop_.RunPosted();
  }

  void Run() {
    Ask("GET", nullptr);
    for (int steps = 0; !input_.empty() && steps < 200; ++steps) Step(Byte());
  }

 private:
  uint8_t Byte() {
    if (input_.empty()) return 0;
    const uint8_t byte = static_cast<uint8_t>(input_[0]);
    input_.remove_prefix(1);
    return byte;
  }

  void Ask(const char* method, std::unique_ptr<BodySource> body) {
    if (judges_.size() == 8) return;
    judges_.push_back(std::make_unique<Judge>());
    RequestHead head{.method = method, .scheme = {}, .authority = {}, .path = "/", .fields = {}};
    judges_.back()->fetch =
        upstream_->Start(std::move(head), std::move(body), judges_.back().get());
  }

  void Step(uint8_t kind) {
    ScriptedPeer& peer = *peers_.back();
    Judge& judge = *judges_[kind / 16 % judges_.size()];
    switch (kind % 16) {
      case 0: return Ask("GET", nullptr);
      case 1: return Ask("POST", std::make_unique<MemoryBody>("hello"));
      case 2: return peer.End();
      case 3: return peer.Fail();
      case 4: return loop_.RunPosted();
      case 5: loop_.Advance(Seconds(11)); return;
      case 6: return Pause(judge, true);
      case 7: return Pause(judge, false);
      case 8:
        judge.cancelled = true;
        judge.fetch.reset();
        return;
      case 9: peer.writable = false; return;
      case 10:
        if (connected_ == &peer && peer.open()) peer.BecomeWritable();
        return;
      default: return Say(peer);
    }
  }

  void Pause(Judge& judge, bool paused) {
    if (judge.fetch == nullptr) return;
    judge.paused = paused;
    paused ? judge.fetch->Pause() : judge.fetch->Resume();
  }

  void Say(ScriptedPeer& peer) {
    if (peer.events != nullptr && connected_ != &peer) {
      connected_ = &peer;
      peer.Connect();
    }
    const size_t length = Byte();
    const std::string bytes(input_.substr(0, length));
    input_.remove_prefix(bytes.size());
    if (!bytes.empty()) peer.Say(bytes);
  }

  std::string_view input_;
  net::FakeLoop loop_;
  std::vector<std::shared_ptr<ScriptedPeer>> peers_;
  const ScriptedPeer* connected_ = nullptr;
  std::unique_ptr<Upstream> upstream_;
  std::vector<std::unique_ptr<Judge>> judges_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Script({reinterpret_cast<const char*>(data), size}).Run();
  return 0;
}
