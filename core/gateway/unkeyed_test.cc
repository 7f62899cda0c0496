// What one client sends and nobody keys must not change what others are answered with:
// on a cacheable route an origin sees the same bytes with and without it.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/gateway/testing.h"

namespace skerry::gateway {
namespace {

// The allow-list of forward.h: these shape a shared answer, by way of Vary.
const std::vector<std::string> kForwarded = {
    "accept", "accept-encoding", "accept-language", "available-dictionary", "cdn-loop", "host"};
// These send the request another way: to the origin as it came, or to no origin.
const std::vector<std::string> kNotShared = {"authorization", "if-match", "if-unmodified-since"};

bool Among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Fields that applications, frameworks and proxies are known to act on, and others.
// Long: one list.
std::vector<std::string> Names() {
  std::vector<std::string> names = {"a-im",
                                    "accept-charset",
                                    "accept-datetime",
                                    "access-control-request-headers",
                                    "access-control-request-method",
                                    "base-url",
                                    "cache-control",
                                    "cf-connecting-ip",
                                    "cf-ipcountry",
                                    "client-ip",
                                    "cloudfront-forwarded-proto",
                                    "connection",
                                    "content-encoding",
                                    "content-length",
                                    "content-type",
                                    "cookie",
                                    "cookie2",
                                    "date",
                                    "device-memory",
                                    "dnt",
                                    "dpr",
                                    "early-data",
                                    "expect",
                                    "fastly-client-ip",
                                    "fastly-ssl",
                                    "forwarded",
                                    "forwarded-host",
                                    "from",
                                    "front-end-https",
                                    "host-override",
                                    "http2-settings",
                                    "if-modified-since",
                                    "if-none-match",
                                    "if-range",
                                    "incremental",
                                    "keep-alive",
                                    "max-forwards",
                                    "negotiate",
                                    "origin",
                                    "pragma",
                                    "prefer",
                                    "priority",
                                    "proxy",
                                    "proxy-authorization",
                                    "proxy-connection",
                                    "proxy-host",
                                    "range",
                                    "referer",
                                    "request-uri",
                                    "save-data",
                                    "sec-ch-ua",
                                    "sec-fetch-dest",
                                    "sec-fetch-mode",
                                    "sec-gpc",
                                    "sec-websocket-key",
                                    "service-worker",
                                    "skerry-node",
                                    "skerry-node-token",
                                    "skerry-purge-seq",
                                    "skerry-scheme",
                                    "surrogate-capability",
                                    "te",
                                    "traceparent",
                                    "trailer",
                                    "transfer-encoding",
                                    "true-client-ip",
                                    "upgrade",
                                    "upgrade-insecure-requests",
                                    "user-agent",
                                    "via",
                                    "viewport-width",
                                    "want-digest",
                                    "wap-connection",
                                    "x-amz-website-redirect-location",
                                    "x-api-key",
                                    "x-api-version",
                                    "x-arbitrary",
                                    "x-att-deviceid",
                                    "x-client-ip",
                                    "x-cluster-client-ip",
                                    "x-correlation-id",
                                    "x-csrf-token",
                                    "x-custom-ip-authorization",
                                    "x-forward-for",
                                    "x-forwarded",
                                    "x-forwarded-by",
                                    "x-forwarded-for",
                                    "x-forwarded-host",
                                    "x-forwarded-path",
                                    "x-forwarded-port",
                                    "x-forwarded-prefix",
                                    "x-forwarded-proto",
                                    "x-forwarded-scheme",
                                    "x-forwarded-server",
                                    "x-forwarded-ssl",
                                    "x-geo-country",
                                    "x-host",
                                    "x-http-destinationurl",
                                    "x-http-host-override",
                                    "x-http-method",
                                    "x-http-method-override",
                                    "x-method-override",
                                    "x-middleware-prefetch",
                                    "x-nextjs-data",
                                    "x-now-route-matches",
                                    "x-original-host",
                                    "x-original-url",
                                    "x-originating-ip",
                                    "x-override-url",
                                    "x-proxy-url",
                                    "x-real-ip",
                                    "x-remote-addr",
                                    "x-requested-with",
                                    "x-rewrite-url",
                                    "x-script-name",
                                    "x-timer-profile",
                                    "x-ua-compatible",
                                    "x-uidh",
                                    "x-wap-profile"};
  SeededRandom random(9111);
  for (int i = 0; i < 300; ++i) {
    std::string name;
    for (uint64_t length = 1 + random.Below(20); name.size() < length;) {
      name += "abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~"[random.Below(51)];
    }
    names.push_back(std::move(name));
  }
  return names;
}

class UnkeyedTest : public testing::Test {
 protected:
  // What the origin has been asked for; the client leaves at once.
  const FakeOrigin::Asked& Sent(http::RequestHead request, bool end_of_body = true) {
    const auto stream = at_.AskFor(std::move(request), end_of_body);
    at_.Leave(stream);
    return *at_.origin->asked.back();
  }
  static http::RequestHead Get(std::string path, http::Fields fields = {}) {
    return {"GET", "https", "example.com", std::move(path), std::move(fields)};
  }

  GatewayHarness at_;
};

TEST_F(UnkeyedTest, NoFieldOutsideKeyAndAllowListChangesWhatAnOriginSees) {
  const http::RequestHead plain = Sent(Get("/a?b=c")).request;
  const http::Fields negotiates = {
      {"accept", "text/html"}, {"accept-encoding", "gzip, br"}, {"accept-language", "de"}};
  const http::RequestHead negotiated = Sent(Get("/a?b=c", negotiates)).request;
  for (const std::string& name : Names()) {
    if (Among(kForwarded, name) || Among(kNotShared, name)) continue;
    for (const char* value : {"1", "evil.example", "/admin", "*", "max-age=0, no-cache"}) {
      EXPECT_EQ(Sent(Get("/a?b=c", {{name, value}})).request, plain) << name << ": " << value;
      http::Fields fields = negotiates;
      fields.Add(name, value);
      EXPECT_EQ(Sent(Get("/a?b=c", fields)).request, negotiated) << name << ": " << value;
    }
  }
}

TEST_F(UnkeyedTest, AHeadAsksForWhatAGetWould) {
  at_.Fill("/a", {{"cache-control", "max-age=0"}, {"etag", "\"1\""}}, "body");
  http::RequestHead get = Sent(Get("/a")).request;
  http::RequestHead asks = Get("/a", {{"x-forwarded-host", "evil.example"}, {"cookie", "a=b"}});
  asks.method = "HEAD";
  const http::RequestHead head = Sent(std::move(asks)).request;
  get.method = "HEAD";
  EXPECT_EQ(head, get);
}

TEST_F(UnkeyedTest, NoBodyOfAGetReachesAnOrigin) {
  const FakeOrigin::Asked& sent = Sent(Get("/a", {{"content-length", "5"}}), false);
  EXPECT_EQ(sent.request, Sent(Get("/a")).request);
  for (const auto& body : at_.origin->bodies) EXPECT_EQ(body, nullptr);
}

TEST_F(UnkeyedTest, SpellingsOfOneUrlAreOneKeyAndOneRequest) {
  const http::RequestHead plain = Sent(Get("/b/~user/%2F?Q=A")).request;
  EXPECT_EQ(plain.path, "/b/~user/%2F?Q=A");
  for (const char* path : {"/a/../b/%7euser/%2f?Q=%41", "/./b/%7Euser/x/../%2F?%51=A"}) {
    EXPECT_EQ(Sent(Get(path)).request, plain) << path;
  }
  for (const char* host : {"EXAMPLE.com", "example.com:443", "Example.Com:443"}) {
    http::RequestHead request = Get("/b/~user/%2F?Q=A");
    request.authority = host;
    EXPECT_EQ(Sent(std::move(request)).request, plain) << host;
  }
  at_.Fill("/b/~user/%2F?Q=A", {{"cache-control", "max-age=60"}}, "body");
  EXPECT_EQ(at_.Ask("/b/%7Euser/%2f?Q=%41")->body, "body");
}

TEST_F(UnkeyedTest, OtherSchemesHostsPortsAndCodedSlashesAreOtherKeys) {
  at_.Fill("/a/b", {{"cache-control", "max-age=60"}}, "body");
  http::RequestHead others[] = {Get("/a%2Fb"), Get("/a//b"), Get("/a/b/"), Get("/A/b"),
                                Get("/a/b?"),  Get("/a/b"),  Get("/a/b"),  Get("/a/b")};
  others[5].scheme = "http";
  others[6].authority = "example.com:8443";
  others[7].authority = "example.org";
  for (http::RequestHead& other : others) {
    const auto stream = at_.AskFor(other, true);
    EXPECT_FALSE(stream->answered) << other.scheme << " " << other.authority << " " << other.path;
    at_.Leave(stream);
  }
}

TEST_F(UnkeyedTest, WhatCanNameNothingHereIsRefusedAndAsksNobody) {
  for (const char* path : {"/%", "/%zz", "/a b", "/a#b", ""}) {
    EXPECT_EQ(at_.AskFor(Get(path), true)->status, 400) << path;
  }
  http::RequestHead user = Get("/");
  user.authority = "user@example.com";
  EXPECT_EQ(at_.AskFor(user, true)->status, 400);
  EXPECT_EQ(at_.asked(), 0u);
}

}  // namespace
}  // namespace skerry::gateway
