// The request as it goes upstream. Pure functions over values.
//
// What others will be answered with must not depend on what one client sent and
// nobody keyed: in the default profile a fetch to be shared carries an allow-list of
// fields and no body, so for every other field the bytes an origin sees are the same
// with and without it. If the answer then turns out not to be shareable, a client
// whose request lost something that matters (a cookie, an API key) is fetched for
// again, alone and with everything: the anonymous request goes first.
#pragma once

#include <vector>

#include "core/cache/key.h"
#include "core/cache/vary.h"
#include "core/gateway/route.h"
#include "core/gateway/rules/dimensions.h"
#include "core/http/message.h"
#include "core/net/address.h"

namespace skerry::gateway {

struct Forwarded {
  http::RequestHead head;
  bool lost = false;  // fields that may decide who the answer is for were left out
};

// For a fetch whose answer may be shared: GET, normalised target, normalised
// Accept-Encoding ("br, zstd, gzip", what of them is accepted), Accept for images; no
// conditions, no Range. Only to a shield of ours also which dictionary the client has
// (RFC 9842), if it can use it: what the shield then says tells which ones exist, and
// no other is kept apart (core/cache/representation.h). `dimensions`: what the key
// holds beside the URL; the origin is told those that have a field.
Forwarded ForwardShared(const http::RequestHead& request, const cache::Target& target,
                        const Route& route, bool to_shield = false,
                        const std::vector<Dimension>& dimensions = {});

// Does an answer with this Vary depend on a field that the client has sent and that
// shared fetches leave out? Then it is for those who do not send the field.
bool VariesOnUnforwarded(const cache::VaryNames& vary, const http::Fields& asked,
                         const http::Fields& sent, const Route& route);

// For this client alone: everything end-to-end, but fields by which clients pretend
// to be a proxy (X-Forwarded-*, Forwarded, X-Real-IP, X-Original-URL, …); ours take
// their place. Profile rfc forwards all.
http::RequestHead ForwardAlone(const http::RequestHead& request, const net::Address& peer,
                               const Route& route, const std::vector<Dimension>& dimensions = {});

// May this request be answered from a stored response, and its answer be stored?
enum class Cacheability : uint8_t {
  kShared,      // look up, collapse, store
  kMethod,      // not GET or HEAD
  kBypass,      // the rule says so
  kAuthorized,  // carries Authorization, default profile
  kRequest,     // says no-store (profile rfc)
};
std::string_view Name(Cacheability cacheability);  // the word of Cache-Status' fwd/detail
Cacheability Classify(const http::RequestHead& request, const Route& route);

}  // namespace skerry::gateway
