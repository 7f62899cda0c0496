// What rules read from requests: device class, cookies, navigation, captures of a
// redirect; and Skerry-Key, which comes from other nodes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/gateway/rules/dimensions.h"
#include "core/gateway/rules/field_rule.h"
#include "core/gateway/rules/redirect.h"
#include "core/gateway/rules/substitute.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace skerry;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto dimensions = gateway::ParseDimensions(input)) {
    SKERRY_CHECK(gateway::ParseDimensions(gateway::ToFieldValue(*dimensions)) == dimensions);
  }
  const http::Fields request = {{"user-agent", std::string(input)},
                                {"accept", std::string(input)},
                                {"cookie", std::string(input)}};
  SKERRY_CHECK(!gateway::Name(gateway::DeviceOf(request)).empty());
  gateway::IsNavigation(request);
  if (const auto test = gateway::CookieTest::Parse("a*=b*c")) {
    // A cookie whose value ends so is one whose value is anything.
    SKERRY_CHECK(!test->Holds(request) || gateway::CookieTest::Parse("a*")->Holds(request));
  }
  gateway::FindCookie(request, "a");
  const auto target =
      cache::NormalizeTarget({"GET", "https", "example.com", "/" + std::string(input), {}});
  if (!target) return 0;
  gateway::Redirect redirect;
  redirect.from = {gateway::Glob("/*/b*"), gateway::Glob("/*")};
  redirect.to = "/$1";
  // No path leads to another host.
  SKERRY_CHECK(gateway::LocationOf(redirect, *target).starts_with("https://example.com/"));
  return 0;
}
