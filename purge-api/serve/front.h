// The service behind HTTP: collects a request's body, sends its answer, and tells the
// service when a client is gone.
#pragma once

#include <memory>

#include "core/http/server/server.h"
#include "purge-api/serve/service.h"

namespace skerry::purge {

// What http::Server calls for a request. `service` outlives the stream. Thread: the
// service's loop.
std::shared_ptr<http::StreamEvents> Accept(Service& service,
                                           std::shared_ptr<http::ServerStream> stream);

}  // namespace skerry::purge
