// Bearer tokens: one a line, `#` begins a comment (the contract's --token_file).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/base/thread.h"
#include "core/http/message.h"

namespace skerry::daemon {

// The tokens of a file. Errors name the file: unreadable (with the reason), empty, a token
// with blanks or of fewer than 8 characters (with its line). Warns when others may read it.
Result<std::vector<std::string>> ReadTokens(const std::string& file);

// Its lines as they stand there, without comments and blanks around them: for files in
// which more stands than tokens. Errors as above, but those of a token.
struct TokenLine {
  int number = 0;
  std::string text;
};
Result<std::vector<TokenLine>> ReadTokenLines(const std::string& file);

// What `Authorization: Bearer …` says.
enum class Bearer : uint8_t {
  kKnown,
  kMissing,  // 401
  kWrong,    // 403
};
// Compares in a time that does not tell which token was close.
Bearer CheckBearer(const http::Fields& request, const std::vector<std::string>& tokens);

// The tokens that are believed now; HUP replaces them all at once. Thread: any.
class Tokens {
 public:
  explicit Tokens(std::vector<std::string> tokens) { Set(std::move(tokens)); }

  void Set(std::vector<std::string> tokens) {
    const MutexLock lock(mutex_);
    tokens_ = std::make_shared<const std::vector<std::string>>(std::move(tokens));
  }
  Bearer Check(const http::Fields& request) const { return CheckBearer(request, *Now()); }

 private:
  std::shared_ptr<const std::vector<std::string>> Now() const {
    const MutexLock lock(mutex_);
    return tokens_;
  }

  mutable Mutex mutex_;  // nothing is called while it is held
  std::shared_ptr<const std::vector<std::string>> tokens_ SKERRY_GUARDED_BY(mutex_);
};

}  // namespace skerry::daemon
