#include "core/http/upstream/h1_response_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <optional>
#include <utility>

#include "core/http/upstream/h1_response_head.h"

namespace skerry::http {
namespace {

namespace beast = boost::beast;

constexpr std::string_view kChunked = "chunked";
// Codings that change bytes in a way we know and never announced in TE.
constexpr std::string_view kKnownCodings[] = {"chunked",  "gzip",       "x-gzip", "deflate",
                                              "compress", "x-compress", "br",     "zstd"};

tl::unexpected<Error> Malformed(std::string_view what) {
  return Fail(Code::kInvalid, Side::kUpstream, "malformed response: " + std::string(what));
}
tl::unexpected<Error> TooMuch(std::string_view what) {
  return Fail(Code::kLimit, Side::kUpstream, std::string(what));
}

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

// A line that continues the one before it.
bool HasFold(std::string_view lines) {
  return lines.find("\r\n ") != std::string_view::npos ||
         lines.find("\r\n\t") != std::string_view::npos;
}

// Beast reads chunks only behind a head that announces them.
constexpr std::string_view kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

// The grammar of a body in chunks, and of its trailers.
class Chunks : public beast::http::basic_parser<false> {
 public:
  struct Sink {
    virtual ~Sink() = default;
    virtual void OnBytes(std::string_view bytes) = 0;
  };

  Chunks(Sink* sink, size_t field_count) : sink_(sink), field_count_(field_count) {
    header_limit(1u << 30);  // Machine counts
    body_limit(boost::none);
    eager(false);
    error_code ignored;
    put({kChunkedHead.data(), kChunkedHead.size()}, ignored);
  }

  Fields trailers;
  bool too_many = false;
  bool begun = false;  // a chunk's header was complete

 private:
  using error_code = beast::error_code;

  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int,
                       error_code&) override {}
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     error_code& ec) override {
    if (!is_header_done()) return;
    if (++seen_ > field_count_) {
      too_many = true;
      ec = beast::http::error::header_limit;
      return;
    }
    trailers.Add(AsciiLower(View(name)), TrimBlanks(View(value)));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(uint64_t, beast::string_view, error_code&) override { begun = true; }
  std::size_t on_chunk_body_impl(uint64_t, beast::string_view bytes, error_code&) override {
    sink_->OnBytes(View(bytes));
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}

  Sink* const sink_;
  const size_t field_count_;
  size_t seen_ = 0;
};

}  // namespace

class H1ResponseParser::Machine : private Chunks::Sink {
 public:
  Machine(const Limits& limits, Events* events) : limits_(limits), events_(events) {}

  void Begin(std::string_view method, bool websocket) {
    head_method_ = method == "HEAD";
    websocket_ = websocket;
    tunnel_ = began_ = head_done_ = done_ = reusable_ = weird_ = false;
    interims_ = 0;
    body_ = Body::kNone;
    chunks_.reset();
    pending_.clear();
  }

  Result<size_t> Feed(std::string_view bytes) {
    stopped_ = false;
    size_t used = 0;
    while (used < bytes.size() && !done_ && !stopped_) {
      began_ = true;
      const std::string_view rest = bytes.substr(used);
      Result<size_t> step = head_done_ ? FeedBody(rest) : FeedHead(rest);
      if (!step) return step;
      used += *step;
    }
    return used;
  }

  Status End() {
    if (head_done_ && !done_ && body_ == Body::kToTheEnd) {
      done_ = true;
      return {};
    }
    return Fail(Code::kReset, Side::kUpstream,
                head_done_ ? "connection closed in the middle of a body"
                : began_   ? "connection closed in the middle of a head"
                           : "connection closed before an answer");
  }

  void Stop() { stopped_ = true; }
  bool began() const { return began_; }
  bool head_done() const { return head_done_; }
  bool done() const { return done_; }
  bool reusable() const { return reusable_; }
  std::optional<Seconds> kept_for() const { return kept_for_; }
  Fields TakeTrailers() {
    if (!chunks_) return {};
    RemoveHopByHop(chunks_->trailers);
    return std::move(chunks_->trailers);
  }

 private:
  enum class Body : uint8_t { kNone, kLength, kChunks, kToTheEnd };

  void OnBytes(std::string_view bytes) override { events_->OnBody(bytes); }

  // Gathers a head until its empty line, so that it is checked and parsed as a whole.
  Result<size_t> FeedHead(std::string_view bytes) {
    const size_t before = pending_.size();
    // Most heads come in one piece and are not copied.
    std::string_view seen = bytes;
    if (before > 0) {
      pending_.append(
          bytes.substr(0, limits_.header_bytes + 4 - std::min(before, limits_.header_bytes)));
      seen = pending_;
    }
    Result<size_t> end = EndOfHead(seen, before > 3 ? before - 3 : 0);
    if (!end) return end;
    if (*end > limits_.header_bytes || (*end == 0 && seen.size() > limits_.header_bytes)) {
      return TooMuch("response head is too long");
    }
    if (*end == 0) {
      if (before == 0) pending_ = bytes;
      return bytes.size();
    }
    Result<H1ResponseHead> head = ReadH1ResponseHead(seen.substr(0, *end), limits_.header_count);
    if (!head) return Fail(std::move(head.error()));
    pending_.clear();
    if (Status framing = CheckFraming(*head); !framing) return Fail(std::move(framing.error()));
    if (Status reported = Report(std::move(*head)); !reported) {
      return Fail(std::move(reported.error()));
    }
    return *end - before;
  }

  // Behind the empty line that ends the head; 0 if it has not come. Lines must end
  // in CRLF, which is seen here before anybody waits for more.
  static Result<size_t> EndOfHead(std::string_view text, size_t from) {
    for (size_t at = text.find('\n', from); at != std::string_view::npos;
         at = text.find('\n', at + 1)) {
      if (at == 0 || text[at - 1] != '\r') return Malformed("a line ends in a bare LF");
      if (at == 1) return Malformed("an empty line before the status line");
      if (at >= 3 && text[at - 2] == '\n' && text[at - 3] == '\r') return at + 1;
    }
    return 0;
  }

  Status CheckFraming(const H1ResponseHead& read) {
    const int status = read.head.status;
    if (status < 100) return Malformed("a status code below 100");
    if (status == 101) {
      tunnel_ = websocket_ && UpgradesToWebSocket(read.head.fields);
      if (!tunnel_) return Malformed("101 without an upgrade");
    }
    if (!read.has_coding) return {};
    if (!read.http11) return Malformed("a transfer coding in HTTP/1.0");
    if (read.length) return Malformed("Content-Length beside Transfer-Encoding");
    if (read.coding == kChunked) return {};
    for (std::string_view known : kKnownCodings) {
      if (read.coding.find(known) != std::string_view::npos) {
        return Malformed("transfer coding " + read.coding.substr(0, 100));
      }
    }
    return {};
  }

  Status Report(H1ResponseHead read) {
    const int status = read.head.status;
    // Bytes that come nevertheless would be taken for the next response. (304 says the
    // length that 200 would have had.)
    const bool bodiless = status < 200 || status == 204 || status == 304;
    const bool says_length = read.length.value_or(0) > 0 && status != 304;
    if (bodiless && (says_length || read.has_coding)) weird_ = true;
    kept_for_ = read.kept_for;
    RemoveHopByHop(read.head.fields);
    if (status < 200 && !tunnel_) {
      if (++interims_ > limits_.interims) return TooMuch("too many interim responses");
      events_->OnInterim(std::move(read.head));
      return {};
    }
    head_done_ = true;
    left_ = read.length.value_or(0);
    body_ = tunnel_                    ? Body::kToTheEnd
            : bodiless || head_method_ ? Body::kNone
            : read.coding == kChunked  ? Body::kChunks
            : !read.length             ? Body::kToTheEnd
            : left_ == 0               ? Body::kNone
                                       : Body::kLength;
    keep_ = read.http11 && !read.close && body_ != Body::kToTheEnd;
    if (body_ == Body::kChunks) {
      chunks_.emplace(static_cast<Chunks::Sink*>(this), limits_.header_count);
    }
    if (body_ == Body::kNone) Complete();
    events_->OnHead(std::move(read.head));
    return {};
  }

  Result<size_t> FeedBody(std::string_view bytes) {
    if (body_ == Body::kChunks) return FeedChunks(bytes);
    if (body_ == Body::kLength) bytes = bytes.substr(0, left_);
    events_->OnBody(bytes);
    if (body_ == Body::kLength && (left_ -= bytes.size()) == 0) Complete();
    return bytes.size();
  }

  Result<size_t> FeedChunks(std::string_view bytes) {
    const size_t before = pending_.size();
    if (before > 0) pending_.append(bytes);
    const std::string_view seen = before > 0 ? std::string_view(pending_) : bytes;
    beast::error_code ec;
    // Beast asserts that it does not see the last chunk in pieces when it is the first.
    const bool wait = !chunks_->begun && seen.size() < 5 && seen.starts_with("0\r\n");
    const size_t used = wait ? 0 : chunks_->put({seen.data(), seen.size()}, ec);
    if (chunks_->too_many) return TooMuch("response has too many trailers");
    if (ec && ec != beast::http::error::need_more) return Malformed(ec.message());
    if (chunks_->is_done()) {
      if (!chunks_->trailers.empty() && HasFold(seen.substr(0, used))) {
        return Malformed("a folded line among trailers");
      }
      Complete();
    }
    return Account(before, bytes, used);
  }

  // What the grammar did not take of a chunk's line or of trailers is kept, so that
  // all of `bytes` counts as read unless the response is complete.
  Result<size_t> Account(size_t before, std::string_view bytes, size_t used) {
    if (used >= before) {
      const size_t of_bytes = used - before;
      pending_.clear();
      if (done_ || used > 0) return of_bytes;
      pending_ = bytes;
    } else {
      pending_.erase(0, used);
    }
    if (pending_.size() > limits_.header_bytes) return TooMuch("a chunk's line is too long");
    return bytes.size();
  }

  void Complete() {
    done_ = true;
    reusable_ = keep_ && !weird_;
  }

  const Limits limits_;
  Events* const events_;
  Body body_ = Body::kNone;
  uint64_t left_ = 0;             // of a body of known length
  std::optional<Chunks> chunks_;  // of one in chunks
  std::string pending_;
  int interims_ = 0;
  bool head_method_ = false;
  bool websocket_ = false;  // may be answered 101
  bool tunnel_ = false;     // was
  bool began_ = false;
  bool head_done_ = false;
  bool done_ = false;
  bool keep_ = false;  // the head leaves the connection open
  bool reusable_ = false;
  std::optional<Seconds> kept_for_;
  bool weird_ = false;  // framing fields beside a status that has no body
  bool stopped_ = false;
};

H1ResponseParser::H1ResponseParser(const Limits& limits, Events* events)
    : machine_(std::make_unique<Machine>(limits, events)) {
  machine_->Begin("GET", false);
}
H1ResponseParser::~H1ResponseParser() = default;

void H1ResponseParser::Begin(std::string_view method, bool websocket) {
  machine_->Begin(method, websocket);
}
Result<size_t> H1ResponseParser::Feed(std::string_view bytes) { return machine_->Feed(bytes); }
Status H1ResponseParser::End() { return machine_->End(); }
void H1ResponseParser::Stop() { machine_->Stop(); }
bool H1ResponseParser::began() const { return machine_->began(); }
bool H1ResponseParser::head_done() const { return machine_->head_done(); }
bool H1ResponseParser::done() const { return machine_->done(); }
bool H1ResponseParser::reusable() const { return machine_->reusable(); }
std::optional<Seconds> H1ResponseParser::kept_for() const { return machine_->kept_for(); }
Fields H1ResponseParser::TakeTrailers() { return machine_->TakeTrailers(); }

}  // namespace skerry::http
