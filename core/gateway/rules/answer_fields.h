// What a rule changes in the fields of every answer, stored ones and our own errors
// too. Values of the configuration.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/http/message.h"

namespace skerry::gateway {

struct AnswerFields {
  http::Fields set;                 // instead of the answer's own
  std::vector<std::string> remove;  // lower case
  http::Fields defaults;            // where the answer says nothing itself
  // Request fields that decide which answer is given and that the origin does not
  // know of: caches behind us must keep such answers apart. "cookie, user-agent".
  std::string vary;

  bool empty() const { return set.empty() && remove.empty() && defaults.empty() && vary.empty(); }
};

// `stored` without what is set or removed; `stored` itself, uncopied, where it has
// nothing of that.
std::shared_ptr<const http::Fields> WithoutReplaced(const AnswerFields& changes,
                                                    std::shared_ptr<const http::Fields> stored);

// Adds to `own` what is set, defaults that neither `stored` nor `own` has, and Vary.
// What `own` has already stays. Over http no Strict-Transport-Security is made up
// (RFC 6797 7.2).
void AddAnswerFields(const AnswerFields& changes, const http::Fields& stored, bool https,
                     http::Fields& own);

}  // namespace skerry::gateway
