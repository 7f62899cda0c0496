// No-Vary-Search: which parts of a query make no difference to a response
// (draft-ietf-httpbis-no-vary-search).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"

namespace skerry::http {

// The default, also where the field is absent or not valid: every part counts.
struct NoVarySearch {
  bool key_order = false;           // the order of different names does not count
  bool no_params = false;           // no name counts, but for `except`
  std::vector<std::string> params;  // these names do not count; empty with no_params
  std::vector<std::string> except;  // these do; only with no_params
  bool operator==(const NoVarySearch&) const = default;

  // Says nothing: two queries are the same only if their text is.
  bool empty() const { return !key_order && !no_params && params.empty(); }
};

// Names are percent-decoded, "+" as a blank, as the URL standard reads queries.
// A field that is no dictionary, or has a member of the wrong type or "except" without
// "params", is ignored whole.
NoVarySearch ParseNoVarySearch(const Fields& response);

// What is left of a query (without "?") that counts, in one spelling: two queries are
// equal under the rule if and only if these texts are.
std::string CanonicalQuery(std::string_view query, const NoVarySearch& rule);

}  // namespace skerry::http
