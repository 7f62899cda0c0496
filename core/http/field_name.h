// Names of fields that come up often, by number. Numbers are this process's own and change
// with the table: they are never stored or sent.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skerry::http {

// Of the IANA registry those that browsers and servers send and those we look for, and
// what is usual beside them. 0 is no name. The first 63 have a bit of their own in
// Fields, so those come first that a request or a response is asked for; there is no
// other order.
inline constexpr std::string_view kFieldNames[] = {
    "",
    "accept",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "age",
    "authorization",
    "available-dictionary",
    "cache-control",
    "cdn-cache-control",
    "cache-status",
    "connection",
    "content-digest",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "last-modified",
    "link",
    "location",
    "pragma",
    "priority",
    "proxy-status",
    "range",
    "repr-digest",
    "retry-after",
    "sec-ch-ua-mobile",
    "sec-fetch-mode",
    "server",
    "set-cookie",
    "skerry-cache-control",
    "skerry-key",
    "skerry-node",
    "skerry-node-token",
    "skerry-purge-seq",
    "skerry-scheme",
    "skerry-variants",
    "strict-transport-security",
    "surrogate-key",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "use-as-dictionary",
    "user-agent",
    "vary",
    "via",
    "x-content-type-options",
    "x-forwarded-for",
    "x-frame-options",
    "no-vary-search",
    "accept-ch",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "access-control-request-headers",
    "access-control-request-method",
    "allow",
    "alt-svc",
    "alt-used",
    "cache-tag",
    "cdn-loop",
    "content-disposition",
    "content-location",
    "content-security-policy",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "dnt",
    "early-data",
    "forwarded",
    "from",
    "last-event-id",
    "nel",
    "origin",
    "permissions-policy",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "purpose",
    "referer",
    "referrer-policy",
    "report-to",
    "reporting-endpoints",
    "save-data",
    "sec-ch-ua",
    "sec-ch-ua-platform",
    "sec-fetch-dest",
    "sec-fetch-site",
    "sec-fetch-user",
    "sec-gpc",
    "sec-purpose",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "server-timing",
    "sourcemap",
    "surrogate-control",
    "timing-allow-origin",
    "traceparent",
    "upgrade-insecure-requests",
    "want-repr-digest",
    "warning",
    "www-authenticate",
    "x-cache",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-powered-by",
    "x-request-id",
    "x-robots-tag",
    "x-xss-protection",
};

// The same names, found by hash: open addressing, a quarter of the places taken.
class FieldNumbers {
 public:
  constexpr FieldNumbers() {
    for (size_t number = 1; number < std::size(kFieldNames); ++number) {
      size_t place = PlaceOf(kFieldNames[number]);
      while (places_[place] != 0) place = (place + 1) % kPlaces;
      places_[place] = static_cast<uint8_t>(number);
    }
  }

  // 0: it has none.
  constexpr uint8_t Of(std::string_view name) const {
    if (name.empty()) return 0;
    for (size_t place = PlaceOf(name);; place = (place + 1) % kPlaces) {
      const uint8_t number = places_[place];
      if (number == 0 || kFieldNames[number] == name) return number;
    }
  }

 private:
  static constexpr size_t kPlaces = 512;

  static constexpr size_t PlaceOf(std::string_view name) {
    const size_t size = name.size();
    const auto at = [&](size_t i) { return uint32_t{static_cast<uint8_t>(name[i])}; };
    const uint32_t bytes =
        at(0) | at(size - 1) << 8 | at(size / 2) << 16 | at(size - 1 - size / 4) << 24;
    return (bytes * 0x9E3779B1u + static_cast<uint32_t>(size) * 0x85EBCA77u) >> 23;
  }

  std::array<uint8_t, kPlaces> places_{};
};
inline constexpr FieldNumbers kFieldNumbers;

// A name to look for, with its number; that of a literal is known to the compiler.
class FieldName {
 public:
  template <size_t N>
  consteval FieldName(const char (&literal)[N])
      : text_(literal, N - 1), number_(kFieldNumbers.Of(text_)) {}
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view> FieldName(const Text& text)
      : FieldName(Runtime{}, text) {}

  std::string_view text() const { return text_; }
  uint8_t number() const { return number_; }

 private:
  struct Runtime {};
  FieldName(Runtime, std::string_view text);

  std::string_view text_;
  uint8_t number_;
};

}  // namespace skerry::http
