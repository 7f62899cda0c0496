// Bearer tokens: one a line, `#` begins a comment (the contract's --token_file).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/http/message.h"

namespace skerry::daemon {

// The tokens of a file. Errors name the file: unreadable, empty, a token with blanks
// or of fewer than 8 characters (with its line). Warns when others may read the file.
Result<std::vector<std::string>> ReadTokens(const std::string& file);

// What `Authorization: Bearer …` says.
enum class Bearer : uint8_t {
  kKnown,
  kMissing,  // 401
  kWrong,    // 403
};
// Compares in a time that does not tell which token was close.
Bearer CheckBearer(const http::Fields& request, const std::vector<std::string>& tokens);

}  // namespace skerry::daemon
