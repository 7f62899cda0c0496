// Percent-encoding (RFC 3986, section 2.1).
#pragma once

#include <string>
#include <string_view>

namespace skerry::http {

// Every "%XX" as its byte; a "%" that begins no escape stays as it is.
std::string PercentDecoded(std::string_view text);

// Of a value inside a path or query: all but letters, digits, "-", ".", "_" and "~".
std::string PercentEncoded(std::string_view text);

}  // namespace skerry::http
