// Errors and results.
//
// Expected outcomes (fresh, stale, miss) are enums with a Name(). A Result is
// for what should not have happened: a peer that resets, a disk that is full.
// Bytes from outside never reach a CHECK; they give a Result. Our code does not
// throw; wrappers catch what libraries throw.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace skerry {

enum class Code : uint8_t {
  kInvalid,      // malformed input
  kNotFound,     // the named thing does not exist
  kDenied,       // not authenticated, or not allowed
  kTimeout,      // no answer in time
  kReset,        // the peer ended the exchange early
  kRefused,      // no connection could be made, or the peer refused work
  kLimit,        // a configured limit was passed
  kCorrupt,      // bytes do not match their checksum or format
  kIo,           // the operating system reported an error
  kFull,         // no space
  kCancelled,    // we ended it ourselves
  kUnavailable,  // try again later
  kInternal,     // a fault of our own
};

// Whose fault it is: decides the status code and the metric.
enum class Side : uint8_t { kClient, kUpstream, kStorage, kConfig, kSelf };

std::string_view Name(Code code);
std::string_view Name(Side side);

struct [[nodiscard]] Error {
  Code code = Code::kInternal;
  Side side = Side::kSelf;
  bool retryable = false;  // may the same request be sent again?
  std::string context = {};

  // The same error with "prefix: " in front of its context.
  Error In(std::string_view prefix) &&;

  // "reset (upstream): connection closed after 3 of 10 bytes".
  std::string ToString() const;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// The failing branch of a Result: `return Fail(Code::kInvalid, Side::kClient, "…")`.
inline tl::unexpected<Error> Fail(Code code, Side side, std::string context) {
  return tl::unexpected<Error>(Error{code, side, false, std::move(context)});
}
inline tl::unexpected<Error> Fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

// A broken invariant ends the process, in release too.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
#define SKERRY_CHECK(condition)                              \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::skerry::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)

}  // namespace skerry
