// Pages that a rule shows in place of answers that are none: an error page, or the
// start page of a single-page application. Pure functions over values; exchange.cc
// asks for the page as if its own URL had been asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/gateway/rules/status_range.h"
#include "core/http/message.h"
#include "core/http/server/server.h"

namespace skerry::gateway {

// "404: /404.html", "5xx: /sorry.html".
struct ErrorPage {
  StatusRange status;
  std::string path;

  static Result<ErrorPage> Parse(std::string_view text);
  std::string ToString() const { return status.ToString() + ": " + path; }
};

struct Substitutes {
  std::vector<ErrorPage> error_pages;  // the first that has the status
  std::string spa_fallback;            // "/index.html"; empty: none

  bool empty() const { return error_pages.empty() && spa_fallback.empty(); }
};

struct Substitute {
  std::string path;
  bool keeps_status = true;  // an error page; a fallback has its own, 200
};

// For GET and HEAD. The fallback is for a 404 to a navigation whose path names no
// file: "/users/42", not "/app.3f2a.js", which then is an honest 404.
std::optional<Substitute> SubstituteFor(const Substitutes& substitutes,
                                        const http::RequestHead& request, int status);

// Does a person go to a page? Sec-Fetch-Mode says so, or, where there is none, an
// Accept that names text/html.
bool IsNavigation(const http::Fields& request);

// The request for the page: its path, without conditions and ranges where the page
// keeps the status of the answer that it replaces.
http::RequestHead RequestForPage(const http::RequestHead& request, const Substitute& page);

// The page's answer as it is sent in place of one with `status`. An error page has that
// status, and nothing by which it would be kept or compared at this URL.
void DressPage(const Substitute& page, int status, http::Response& answer);

}  // namespace skerry::gateway
