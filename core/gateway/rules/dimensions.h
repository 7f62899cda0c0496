// What a rule adds to the key beside the URL: where the client is, what kind of
// device it has, which tier its user is in, chosen fields. Pure functions over values.
//
// Whatever is in the key can be handed to the origin as a field, and what the origin
// is handed is always in the key: the two cannot come apart.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/http/message.h"
#include "core/net/address.h"

namespace skerry::gateway {

// The country of an address. Implementations are immutable. Thread: any.
class Countries {
 public:
  virtual ~Countries() = default;
  // Two capital letters (ISO 3166-1); "ZZ" where it is not known. The port is not
  // looked at.
  virtual std::string Of(const net::Address& client) const = 0;
};
inline constexpr std::string_view kNoCountry = "ZZ";

enum class Device : uint8_t { kDesktop, kMobile, kTablet, kBot };
std::string_view Name(Device device);  // "desktop", …: the value in key and field
// From Sec-CH-UA-Mobile and User-Agent; docs/recipes.md has the rules. What is not
// recognised is a desktop.
Device DeviceOf(const http::Fields& request);

// A user's tier: a cookie or a field, of which only listed values count.
struct TierSource {
  std::string cookie;  // one of the two is set
  std::string field;   // lower case
  std::vector<std::string> values;

  // One of `values`, else "default": no client makes keys by making up values.
  std::string_view Of(const http::Fields& request) const;
};

// A field that is part of the key and goes upstream. With `values`, any other value
// counts as if the field were not there.
struct KeyField {
  std::string name;  // lower case
  std::vector<std::string> values;
};

// A rule's dimensions. `…_as`: the field by which the origin is told; empty: it is not.
struct KeySpec {
  std::shared_ptr<const Countries> countries;  // null: not by country
  std::string country_as;
  bool device = false;
  std::string device_as;
  std::optional<TierSource> tier;
  std::string tier_as;
  std::vector<KeyField> fields;

  bool empty() const { return countries == nullptr && !device && !tier && fields.empty(); }
  // Does the key hold what this request field can say?
  bool Covers(std::string_view name) const;
};

struct Dimension {
  std::string name;   // "country"; of a chosen field "field x-tenant"
  std::string value;  // "DE"
  std::string field;  // lower case, by which the origin is told; may be empty
  bool operator==(const Dimension&) const = default;
};

// In a fixed order. A chosen field that is not there adds nothing.
std::vector<Dimension> DimensionsOf(const KeySpec& spec, const http::Fields& request,
                                    const net::Address& client);

// As cache::MakeKey takes them.
std::vector<std::pair<std::string, std::string>> KeyLines(const std::vector<Dimension>& dimensions);

// Sets the fields by which the origin is told.
void TellOrigin(const std::vector<Dimension>& dimensions, http::Fields& fields);

// One text for the hop to a shield of ours (Skerry-Key), and back; a structured list:
// "country";v="DE";f="x-country". ParseDimensions gives nothing where it is not one,
// or names a field that no rule may set.
std::string ToFieldValue(const std::vector<Dimension>& dimensions);
std::optional<std::vector<Dimension>> ParseDimensions(std::string_view text);

}  // namespace skerry::gateway
