#include "core/http/server/h1_request_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

namespace skerry::http {
namespace {

namespace beast = boost::beast::http;
using boost::system::error_code;
using BeastView = boost::beast::string_view;

constexpr int kEmptyLinesSkipped = 2;
// A chunk's size line with its extensions, and the trailers behind the last one.
constexpr size_t kChunkLineBytes = 4 * 1024;

std::string_view View(BeastView text) { return {text.data(), text.size()}; }

// Trailers never change the framing, the routing or the identity of a request
// (RFC 9110 6.5.1).
bool IsForbiddenTrailer(std::string_view name) {
  static constexpr std::string_view kForbidden[] = {"authorization",
                                                    "connection",
                                                    "content-encoding",
                                                    "content-length",
                                                    "content-type",
                                                    "cookie",
                                                    "expect",
                                                    "host",
                                                    "te",
                                                    "trailer",
                                                    "keep-alive",
                                                    "upgrade",
                                                    "transfer-encoding",
                                                    "content-range"};
  for (const std::string_view one : kForbidden) {
    if (name == one) return true;
  }
  return false;
}

// Digits only: Beast would also take lists of equal numbers.
bool IsPlainNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "HTTP/3.0" is a version we do not speak; "http/1.1" or "HTTP/1.1 " is no version.
bool NamesAVersion(std::string_view start_line) {
  const std::string_view word = start_line.substr(start_line.rfind(' ') + 1);
  const auto digit = [&](size_t at) { return word[at] >= '0' && word[at] <= '9'; };
  return word.size() == 8 && word.starts_with("HTTP/") && digit(5) && word[6] == '.' && digit(7);
}

// A line among these that continues the one before (RFC 9112 5.2).
bool HasFold(std::string_view lines) {
  return lines.find("\r\n ") != std::string_view::npos ||
         lines.find("\r\n\t") != std::string_view::npos;
}

// The framing rules that leave no room (RFC 9112 6): one Content-Length of plain
// digits, or one Transfer-Encoding that is "chunked" and not in HTTP/1.0, or neither.
H1Flaw CheckFraming(const H1RequestHead& head) {
  int lengths = 0;
  int codings = 0;
  H1Flaw flaw = H1Flaw::kNone;
  for (const Field& field : head.fields) {
    if (field.name == "content-length") {
      ++lengths;
      if (!IsPlainNumber(field.value)) flaw = H1Flaw::kFraming;
    } else if (field.name == "transfer-encoding") {
      ++codings;
      if (!EqualsIgnoreCase(field.value, "chunked")) flaw = H1Flaw::kTransferCoding;
    }
  }
  if (lengths + codings > 1 || (codings > 0 && head.http10)) return H1Flaw::kFraming;
  return flaw;
}

}  // namespace

class H1RequestParser::State : private beast::basic_parser<true> {
 public:
  State(H1Limits limits, Events* events) : limits_(limits), check_(limits), events_(events) {
    header_limit(static_cast<uint32_t>(limits.head_bytes + limits.target_bytes + 1024));
    body_limit(boost::none);
    // One chunk at a time, so that the trailers are told from the bytes before them.
    eager(false);
  }

  size_t Parse(std::string_view bytes);
  bool in_message() const { return begun_ && !ended_; }
  bool in_body() const { return head_done_ && !ended_; }
  bool at_end() const { return ended_; }
  H1Flaw flaw() const { return flaw_; }
  void Stop() { stopped_ = true; }

 private:
  size_t ParseHead(std::string_view bytes);
  size_t ParseBody(std::string_view bytes);
  void FinishHead();
  error_code Halt() const {
    return stopped_ ? error_code(beast::error::end_of_stream) : error_code();
  }

  void on_request_impl(beast::verb, BeastView method, BeastView target, int version,
                       error_code&) override {
    head_.method = View(method);
    head_.target = View(target);
    head_.http10 = version == 10;
  }
  void on_field_impl(beast::field, BeastView name, BeastView value, error_code& error) override {
    const std::string lower = AsciiLower(View(name));
    if (!head_done_) return head_.fields.Add(lower, View(value));
    if (trailers_.size() >= limits_.field_count) error = beast::error::header_limit;
    if (!IsForbiddenTrailer(lower)) trailers_.Add(lower, View(value));
  }
  void on_header_impl(error_code&) override { head_parsed_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  size_t on_body_impl(BeastView body, error_code& error) override {
    events_->OnBody(View(body));
    error = Halt();
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override { in_chunks_ = true; }
  size_t on_chunk_body_impl(std::uint64_t, BeastView body, error_code& error) override {
    return on_body_impl(body, error);
  }
  void on_finish_impl(error_code&) override { finished_ = true; }
  void on_response_impl(int, BeastView, int, error_code&) override {}

  const H1Limits limits_;
  H1HeadCheck check_;
  Events* const events_;
  H1RequestHead head_;
  Fields trailers_;
  int empty_lines_ = 0;
  bool begun_ = false;        // a byte of the start line was seen
  bool head_parsed_ = false;  // by Beast
  bool head_done_ = false;    // OnHead was called
  bool in_chunks_ = false;    // a chunk's header was complete
  bool finished_ = false;     // by Beast
  bool ended_ = false;        // OnEnd was called
  bool stopped_ = false;
  H1Flaw flaw_ = H1Flaw::kNone;
};

size_t H1RequestParser::State::Parse(std::string_view bytes) {
  if (flaw_ != H1Flaw::kNone || ended_ || stopped_ || bytes.empty()) return 0;
  return head_done_ ? ParseBody(bytes) : ParseHead(bytes);
}

size_t H1RequestParser::State::ParseHead(std::string_view bytes) {
  size_t skipped = 0;
  while (!begun_ && bytes.starts_with("\r\n") && empty_lines_ < kEmptyLinesSkipped) {
    ++empty_lines_;
    skipped += 2;
    bytes.remove_prefix(2);
  }
  if (bytes.empty() || (!begun_ && bytes == "\r")) return skipped;
  begun_ = true;
  // TLS, or noise: nothing that follows will make a request of it.
  const bool line_end = bytes[0] == '\r' || bytes[0] == '\n';
  if (!line_end && !IsToken(bytes.substr(0, 1))) {
    flaw_ = H1Flaw::kStartLine;
    return skipped;
  }
  switch (check_.Look(bytes)) {
    case H1HeadCheck::Progress::kIncomplete: return skipped;
    case H1HeadCheck::Progress::kFlawed: flaw_ = check_.flaw(); return skipped;
    case H1HeadCheck::Progress::kComplete: break;
  }
  error_code error;
  const size_t used = put(boost::asio::const_buffer(bytes.data(), check_.size()), error);
  if (error == beast::error::bad_version) {
    const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
    const bool one_word = std::count(line.begin(), line.end(), ' ') == 2;
    flaw_ = one_word && NamesAVersion(line) ? H1Flaw::kVersion : H1Flaw::kStartLine;
  } else if (head_parsed_ || !error) {
    flaw_ = CheckFraming(head_);
    if (flaw_ == H1Flaw::kNone && (error || !head_parsed_)) flaw_ = H1Flaw::kFraming;
  } else {
    // Beast stops at a contradiction before it has seen all fields.
    flaw_ = CheckFraming(head_) != H1Flaw::kNone || error == beast::error::bad_content_length ||
                    error == beast::error::multiple_content_length ||
                    error == beast::error::bad_transfer_encoding
                ? H1Flaw::kFraming
                : H1Flaw::kStartLine;
  }
  if (flaw_ == H1Flaw::kNone) FinishHead();
  return skipped + used;
}

void H1RequestParser::State::FinishHead() {
  head_done_ = true;
  head_.keep_alive = keep_alive();
  head_.has_body = !is_done();
  if (const auto length = content_length()) head_.content_length = *length;
  events_->OnHead(std::move(head_));
  if (finished_ && !stopped_) {
    ended_ = true;
    events_->OnEnd({});
  }
}

size_t H1RequestParser::State::ParseBody(std::string_view bytes) {
  // Beast asserts that it does not see the last chunk in pieces when it is the first.
  if (chunked() && !in_chunks_ && bytes.size() < 5 && bytes.starts_with("0\r\n")) return 0;
  error_code error;
  const size_t used = put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (stopped_) return used;
  const bool waits = error == beast::error::need_more;
  const bool too_long =
      waits && bytes.size() - used > std::max(kChunkLineBytes, limits_.head_bytes);
  const bool folded = finished_ && chunked() && HasFold(bytes.substr(0, used));
  if ((error && !waits) || too_long || folded) {
    flaw_ = H1Flaw::kChunk;
  } else if (finished_) {
    ended_ = true;
    events_->OnEnd(std::move(trailers_));
  }
  return used;
}

H1RequestParser::H1RequestParser(H1Limits limits, Events* events)
    : limits_(limits), events_(events), state_(std::make_unique<State>(limits, events)) {}
H1RequestParser::~H1RequestParser() = default;

size_t H1RequestParser::Parse(std::string_view bytes) { return state_->Parse(bytes); }
bool H1RequestParser::in_message() const { return state_->in_message(); }
bool H1RequestParser::in_body() const { return state_->in_body(); }
bool H1RequestParser::at_end() const { return state_->at_end(); }
H1Flaw H1RequestParser::flaw() const { return state_->flaw(); }
void H1RequestParser::Stop() { state_->Stop(); }
void H1RequestParser::Next() { state_ = std::make_unique<State>(limits_, events_); }

}  // namespace skerry::http
