// The client's side of an HTTP/2 connection. nghttp2 stays in the .cc.
#pragma once

#include <cstdint>
#include <memory>

#include "core/http/upstream/client_session.h"
#include "core/http/upstream/exchange.h"

namespace skerry::http {

// Windows towards us: what one paused answer may pile up here, and what a connection
// of many answers may have on its way.
inline constexpr int32_t kClientStreamWindow = 1024 * 1024;
inline constexpr int32_t kClientConnectionWindow = 16 * 1024 * 1024;

// Sends the preface and SETTINGS at once. The peer's limit of streams counts; until it
// is known, 100.
std::shared_ptr<ClientSession> MakeH2ClientSession(const ClientSession::Context& context,
                                                   std::string_view scheme);

}  // namespace skerry::http
