#include "core/base/result.h"

#include <cstdio>
#include <cstdlib>

namespace skerry {

std::string_view Name(Code code) {
  switch (code) {
    case Code::kInvalid: return "invalid";
    case Code::kNotFound: return "not-found";
    case Code::kDenied: return "denied";
    case Code::kTimeout: return "timeout";
    case Code::kReset: return "reset";
    case Code::kRefused: return "refused";
    case Code::kLimit: return "limit";
    case Code::kCorrupt: return "corrupt";
    case Code::kIo: return "io";
    case Code::kFull: return "full";
    case Code::kCancelled: return "cancelled";
    case Code::kUnavailable: return "unavailable";
    case Code::kInternal: return "internal";
  }
  return "unknown";
}

std::string_view Name(Side side) {
  switch (side) {
    case Side::kClient: return "client";
    case Side::kUpstream: return "upstream";
    case Side::kStorage: return "storage";
    case Side::kConfig: return "config";
    case Side::kSelf: return "self";
  }
  return "unknown";
}

Error Error::In(std::string_view prefix) && {
  context = std::string(prefix) + ": " + context;
  return std::move(*this);
}

std::string Error::ToString() const {
  return std::string(Name(code)) + " (" + std::string(Name(side)) + "): " + context;
}

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, condition);
  std::abort();
}

}  // namespace skerry
