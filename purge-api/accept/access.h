// Who may do what: the lines of the service's --token_file.
//
//   line  := token | token scope…
//   token := 8 characters and more | "sha256:" 64 hex digits, of the token
//   scope := "kinds=urls,tags,prefixes,hosts,all" | "hosts=a.example,b.example" | "soft"
//
// A token without a scope may do everything: so those of nodes and shields. One with
// scopes may purge what they allow and look at purges, nothing else. With hosts, all
// that a purge names lies on them; tags lie on no host, so they need kinds=…tags.
// Only hashes are kept in memory. Pure functions over values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.h"
#include "core/base/result.h"
#include "core/cache/purge/record.h"
#include "core/http/message.h"
#include "purge-api/accept/problem.h"

namespace skerry::purge {

struct Scope {
  bool limited = false;  // there is a scope
  bool urls = true, tags = true, prefixes = true, hosts = true, all = true;
  bool soft_only = false;
  std::vector<std::string> on;  // hosts; empty: any

  // What the record names and the scope does not allow: 403, with the member.
  std::optional<Problem> Refuse(const cache::Record& record) const;
};

class Access {
 public:
  // Lines without comments; empty ones are passed over. An error begins with the number
  // of the line, from 1.
  static Result<Access> Parse(const std::vector<std::string>& lines);

  enum class Bearer : uint8_t { kKnown, kMissing, kWrong };
  struct Checked {
    Bearer bearer = Bearer::kMissing;
    Scope scope;
  };
  // What `Authorization: Bearer …` may. Compares in a time that does not tell which token
  // was close.
  Checked Check(const http::Fields& request) const;

 private:
  struct Token {
    Sha256Digest hash;
    Scope scope;
  };
  static Result<Token> ParseLine(std::string_view line);
  std::vector<Token> tokens_;
};

}  // namespace skerry::purge
