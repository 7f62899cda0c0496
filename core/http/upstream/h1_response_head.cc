#include "core/http/upstream/h1_response_head.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/http/cache_control.h"
#include "core/http/token.h"

namespace skerry::http {
namespace {

tl::unexpected<Error> Malformed(std::string_view what) {
  return Fail(Code::kInvalid, Side::kUpstream, "malformed response: " + std::string(what));
}

constexpr size_t kUsualFields = 12;

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<uint8_t>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

// Up to the next comma, without blanks around it; `rest` goes on behind it.
std::string_view NextItem(std::string_view& rest) {
  const size_t comma = rest.find(',');
  const std::string_view item = TrimBlanks(rest.substr(0, comma));
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return item;
}

class Reader {
 public:
  explicit Reader(size_t field_count) : field_count_(field_count) {
    out_.head.fields.Reserve(kUsualFields);
  }

  Result<H1ResponseHead> Read(std::string_view text) {
    Status read = ReadStatusLine(NextLine(text));
    for (size_t count = 0; read && !text.starts_with("\r\n"); ++count) {
      if (count == field_count_) {
        return Fail(Code::kLimit, Side::kUpstream, "response head has too many fields");
      }
      read = ReadField(NextLine(text));
    }
    if (!read) return Fail(std::move(read.error()));
    return std::move(out_);
  }

 private:
  static std::string_view NextLine(std::string_view& text) {
    const size_t end = std::min(text.find("\r\n"), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));
    return line;
  }

  Status ReadStatusLine(std::string_view line) {
    constexpr size_t kVersion = std::string_view("HTTP/1.1 ").size();
    out_.http11 = line.starts_with("HTTP/1.1 ");
    if (!out_.http11 && !line.starts_with("HTTP/1.0 ")) return Malformed("bad version");
    const std::string_view code = line.substr(kVersion, 3);
    const auto [end, error] =
        std::from_chars(code.data(), code.data() + code.size(), out_.head.status);
    if (error != std::errc() || end != code.data() + 3 || code[0] == '-') {
      return Malformed("bad status");
    }
    // The blank that ends the code is often missing where there is no reason: harmless.
    const std::string_view reason = line.substr(kVersion + 3);
    if (!reason.empty() && reason[0] != ' ') return Malformed("bad status");
    if (HasControl(reason)) return Malformed("bad reason");
    return {};
  }

  Status ReadField(std::string_view line) {
    const size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) return Malformed("bad field");
    name_.resize(colon);
    for (size_t i = 0; i < colon; ++i) {
      name_[i] = TokenLower(line[i]);
      if (name_[i] == 0) return Malformed("bad field");
    }
    const std::string_view raw = line.substr(colon + 1);
    if (HasControl(raw)) return Malformed("bad value");
    const std::string_view value = TrimBlanks(raw);
    switch (name_[0]) {
      case 'c':
        if (name_ == "content-length") {
          if (Status read = ReadLength(value); !read) return read;
          if (++lengths_ > 1) return {};  // one line says it all
          out_.head.fields.Add(name_, std::to_string(*out_.length));
          return {};
        }
        if (name_ == "connection") {
          bool only = true;
          if (Status read = ReadConnection(value, only); !read || only) return read;
        }
        break;
      case 'k':
        if (name_ == "keep-alive") return ReadKeepAlive(value);
        break;
      case 'p':
        if (name_ == "proxy-connection") {
          bool only = true;
          if (Status read = ReadConnection(value, only); !read) return read;
        }
        break;
      case 't':
        if (name_ == "transfer-encoding") ReadCoding(value);
        break;
      default: break;
    }
    out_.head.fields.Add(name_, value);
    return {};
  }

  // A list of numbers is one if they are all the same (RFC 9110 8.6).
  Status ReadLength(std::string_view value) {
    for (bool more = true; more;) {
      more = value.find(',') != std::string_view::npos;
      const std::string_view item = NextItem(value);
      uint64_t length = 0;
      const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), length);
      if (item.empty() || error != std::errc() || end != item.data() + item.size()) {
        return Malformed("bad Content-Length");
      }
      if (out_.length.value_or(length) != length) return Malformed("Content-Lengths that differ");
      out_.length = length;
    }
    return {};
  }

  // `only`: it names no field.
  Status ReadConnection(std::string_view value, bool& only) {
    while (!value.empty()) {
      const std::string_view item = NextItem(value);
      if (!item.empty() && !IsToken(item)) return Malformed("bad Connection");
      const bool close = EqualsIgnoreCase(item, "close");
      out_.close |= close;
      only &= close || item.empty() || EqualsIgnoreCase(item, "keep-alive");
    }
    return {};
  }

  Status ReadKeepAlive(std::string_view value) {
    for (const Directive& parameter : ParseDirectives(value)) {
      if (parameter.name != "timeout" || !parameter.value || out_.kept_for) continue;
      out_.kept_for = ParseDeltaSeconds(*parameter.value);
    }
    return {};
  }

  void ReadCoding(std::string_view value) {
    if (out_.has_coding) out_.coding += ',';
    out_.has_coding = true;
    out_.coding += AsciiLower(value);
  }

  const size_t field_count_;
  H1ResponseHead out_;
  std::string name_;
  int lengths_ = 0;
};

}  // namespace

Result<H1ResponseHead> ReadH1ResponseHead(std::string_view text, size_t field_count) {
  return Reader(field_count).Read(text);
}

}  // namespace skerry::http
