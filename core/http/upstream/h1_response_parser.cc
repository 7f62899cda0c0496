#include "core/http/upstream/h1_response_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <optional>
#include <utility>

#include "core/http/cache_control.h"

namespace skerry::http {
namespace {

namespace beast = boost::beast;

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

std::optional<Seconds> KeptFor(const Fields& fields) {
  const std::optional<std::string> text = fields.Combined("keep-alive");
  if (!text) return std::nullopt;
  for (const Directive& parameter : ParseDirectives(*text)) {
    if (parameter.name == "timeout" && parameter.value) return ParseDeltaSeconds(*parameter.value);
  }
  return std::nullopt;
}

// The grammar of one response. Events become members that Machine reads.
class Grammar : public beast::http::basic_parser<false> {
 public:
  struct Sink {
    virtual ~Sink() = default;
    virtual void OnBytes(std::string_view bytes) = 0;
  };

  Grammar(Sink* sink, size_t field_count, bool no_body) : sink_(sink), field_count_(field_count) {
    header_limit(1u << 30);  // Machine counts before
    body_limit(boost::none);
    skip(no_body);
  }

  ResponseHead head;
  Fields trailers;
  std::string transfer_encoding;  // all lines, lower case
  bool has_length = false;
  bool http11 = false;
  bool too_many = false;
  bool in_chunks = false;  // a chunk's header was complete

 private:
  using error_code = beast::error_code;

  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int,
                       error_code&) override {}
  void on_response_impl(int code, beast::string_view, int version, error_code&) override {
    head.status = code;
    http11 = version == 11;
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     error_code& ec) override {
    if (++seen_ > field_count_) {
      too_many = true;
      ec = beast::http::error::header_limit;
      return;
    }
    const std::string lower = AsciiLower(View(name));
    const std::string_view text = TrimBlanks(View(value));
    if (is_header_done()) return trailers.Add(lower, text);
    if (lower == "content-length") has_length = true;
    if (lower == "transfer-encoding") {
      if (!transfer_encoding.empty()) transfer_encoding += ',';
      transfer_encoding += AsciiLower(text);
      has_coding_ = true;
    }
    head.fields.Add(lower, text);
  }
  void on_header_impl(error_code&) override { seen_ = 0; }
  void on_body_init_impl(boost::optional<uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view bytes, error_code&) override {
    sink_->OnBytes(View(bytes));
    return bytes.size();
  }
  void on_chunk_header_impl(uint64_t, beast::string_view, error_code&) override {
    in_chunks = true;
  }
  std::size_t on_chunk_body_impl(uint64_t, beast::string_view bytes, error_code&) override {
    sink_->OnBytes(View(bytes));
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}

 public:
  bool has_coding() const { return has_coding_; }

 private:
  Sink* const sink_;
  const size_t field_count_;
  size_t seen_ = 0;
  bool has_coding_ = false;
};

}  // namespace

class H1ResponseParser::Machine : private Grammar::Sink {
 public:
  Machine(const Limits& limits, Events* events) : limits_(limits), events_(events) {}

  void Begin(std::string_view method, bool websocket) {
    head_method_ = method == "HEAD";
    websocket_ = websocket;
    tunnel_ = began_ = head_done_ = done_ = reusable_ = weird_ = false;
    interims_ = 0;
    pending_.clear();
    Renew();
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
    if (head_done_ && !done_ && (tunnel_ || grammar_->need_eof())) {
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
    RemoveHopByHop(grammar_->trailers);
    return std::move(grammar_->trailers);
  }

 private:
  void OnBytes(std::string_view bytes) override { events_->OnBody(bytes); }

  void Renew() {
    grammar_.emplace(static_cast<Grammar::Sink*>(this), limits_.header_count, head_method_);
    grammar_->eager(false);
  }

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
    std::string head(seen.substr(0, *end));
    pending_.clear();
    if (Status parsed = ParseHead(std::move(head)); !parsed) return Fail(std::move(parsed.error()));
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

  Status ParseHead(std::string text) {
    if (HasFold(text)) return Malformed("a folded line");
    // "HTTP/1.1 200" without the blank that ends the code: common, and harmless.
    const size_t line = text.find("\r\n");
    if (line == std::string_view("HTTP/1.1 200").size()) text.insert(line, 1, ' ');
    beast::error_code ec;
    const size_t used = grammar_->put({text.data(), text.size()}, ec);
    if (grammar_->too_many) return TooMuch("response head has too many fields");
    if (ec) return Malformed(ec.message());
    if (used != text.size() || !grammar_->is_header_done()) return Malformed("broken head");
    if (Status framing = CheckFraming(); !framing) return framing;
    return ReportHead();
  }

  Status CheckFraming() {
    const int status = grammar_->head.status;
    if (status < 100) return Malformed("a status code below 100");
    if (status == 101) {
      tunnel_ = websocket_ && UpgradesToWebSocket(grammar_->head.fields);
      if (!tunnel_) return Malformed("101 without an upgrade");
    }
    if (!grammar_->has_coding()) return {};
    if (!grammar_->http11) return Malformed("a transfer coding in HTTP/1.0");
    if (grammar_->has_length) return Malformed("Content-Length beside Transfer-Encoding");
    const std::string_view codings = grammar_->transfer_encoding;
    if (codings == "chunked") return {};
    for (std::string_view known : kKnownCodings) {
      if (codings.find(known) != std::string_view::npos) {
        return Malformed("transfer coding " + std::string(codings.substr(0, 100)));
      }
    }
    return {};
  }

  Status ReportHead() {
    ResponseHead head = std::move(grammar_->head);
    const auto length = grammar_->content_length();
    if (length) head.fields.Set("content-length", std::to_string(*length));
    // Bytes that come nevertheless would be taken for the next response. (304 says the
    // length that 200 would have had.)
    const bool bodiless = head.status < 200 || head.status == 204 || head.status == 304;
    const bool says_length = length && *length > 0 && head.status != 304;
    if (bodiless && (says_length || grammar_->has_coding())) weird_ = true;
    kept_for_ = KeptFor(head.fields);
    RemoveHopByHop(head.fields);
    if (head.status < 200 && !tunnel_) {
      if (++interims_ > limits_.interims) return TooMuch("too many interim responses");
      Renew();
      events_->OnInterim(std::move(head));
      return {};
    }
    head_done_ = true;
    if (grammar_->is_done() && !tunnel_) Complete();
    events_->OnHead(std::move(head));
    return {};
  }

  Result<size_t> FeedBody(std::string_view bytes) {
    if (tunnel_) {
      events_->OnBody(bytes);
      return bytes.size();
    }
    const size_t before = pending_.size();
    if (before > 0) pending_.append(bytes);
    const std::string_view seen = before > 0 ? std::string_view(pending_) : bytes;
    beast::error_code ec;
    // Beast asserts that it does not see the last chunk in pieces when it is the first.
    const bool wait =
        grammar_->chunked() && !grammar_->in_chunks && seen.size() < 5 && seen.starts_with("0\r\n");
    const size_t used = wait ? 0 : grammar_->put({seen.data(), seen.size()}, ec);
    if (grammar_->too_many) return TooMuch("response has too many trailers");
    if (ec && ec != beast::http::error::need_more) return Malformed(ec.message());
    if (grammar_->is_done()) {
      if (!grammar_->trailers.empty() && HasFold(seen.substr(0, used))) {
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
    reusable_ = grammar_->http11 && grammar_->keep_alive() && !grammar_->need_eof() && !weird_;
  }

  const Limits limits_;
  Events* const events_;
  std::optional<Grammar> grammar_;
  std::string pending_;
  int interims_ = 0;
  bool head_method_ = false;
  bool websocket_ = false;  // may be answered 101
  bool tunnel_ = false;     // was
  bool began_ = false;
  bool head_done_ = false;
  bool done_ = false;
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
