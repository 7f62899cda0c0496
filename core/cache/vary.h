// Variants: which stored responses of a key a request can use (RFC 9111 4.1).
//
// A stored response with Vary remembers the names it varies on and the normalised
// values they had in its request. Normalisation joins lines, folds blanks and orders
// languages. Which requests a stored response answers: representation.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"

namespace skerry::cache {

// The names of a Vary field: lower case, sorted, without doubles. `any` is "*", or a
// member that is no name: never matches.
struct VaryNames {
  std::vector<std::string> names;
  bool any = false;

  bool empty() const { return names.empty() && !any; }
  bool operator==(const VaryNames&) const = default;
};
VaryNames ParseVary(const http::Fields& response);

// The values a request has for these names as one text, a line a name:
// "accept-encoding: br\n"; an absent field is "name\n". `request` is the request
// as it goes upstream (after normalisation by the gateway).
std::string VariantText(const VaryNames& names, const http::Fields& request);
// XXH3 of the same: where such requests wait for each other. 0 only without Vary.
uint64_t VariantHash(const VaryNames& names, const http::Fields& request);

// The value of one field in the form that variants are compared by: lines joined,
// members separated by ", ", empty ones left out; accept-encoding also lower-cased
// (its order is the gateway's work), accept-language lower-cased and ordered by
// weight, equal weights by name. Normalising twice changes nothing. Names in lower case.
std::string NormalizeVaryValue(std::string_view name, const http::Fields& request);

// A process-wide number for each distinct list of names, so that an index row needs
// four bytes. 0 is the empty list. Numbers are not stable across processes. At most
// 4,096 lists: any further one gets the number of "*", so its response is not found
// again. Thread: any; InternedVary takes no lock. REQUIRES: `id` came from InternVary.
using VaryId = uint32_t;
VaryId InternVary(const VaryNames& names);
const VaryNames& InternedVary(VaryId id);

// Such a list as a value of four bytes, for what is kept by the million.
class SharedVary {
 public:
  SharedVary() = default;
  SharedVary(const VaryNames& names) : id_(names.empty() ? 0 : InternVary(names)) {}

  operator const VaryNames&() const { return InternedVary(id_); }
  const VaryNames* operator->() const { return &InternedVary(id_); }
  bool empty() const { return id_ == 0; }
  bool operator==(const SharedVary&) const = default;

 private:
  VaryId id_ = 0;
};

}  // namespace skerry::cache
