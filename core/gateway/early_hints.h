// The links of a stored page that a browser can use before the page (RFC 8297).
#pragma once

#include "core/http/message.h"

namespace skerry::gateway {

// Of a stored response's Link fields: what says rel=preload, modulepreload or
// preconnect, in its order, one line each; at most 16 lines and 4 KiB. Links that
// cannot be read are left out.
http::Fields EarlyHints(const http::Fields& stored);

}  // namespace skerry::gateway
