// For tests: an upstream on a fake loop whose connections are scripted.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/http/upstream/scripted_peer.h"
#include "core/net/fake_loop.h"

namespace skerry::http {

class UpstreamFixture : public ::testing::Test {
 protected:
  UpstreamFixture() {
    options_.url = *UpstreamUrl::Parse("http://origin.test:8080/base/");
    options_.dial = [this](net::Loop&, const net::DialOptions& dial) {
      peers_.push_back(std::make_shared<ScriptedPeer>());
      peers_.back()->dial = dial;
      return std::make_unique<ScriptedTransport>(peers_.back());
    };
  }
  ~UpstreamFixture() override {
    upstream_.reset();
    loop_.RunPosted();
  }

  static RequestHead Get(std::string path = "/a") {
    return {.method = "GET",
            .scheme = "http",
            .authority = "site.test",
            .path = std::move(path),
            .fields = {}};
  }
  static RequestHead With(std::string method, std::string path = "/a") {
    RequestHead head = Get(std::move(path));
    head.method = std::move(method);
    return head;
  }

  void Start(FetchLog& log, RequestHead request = Get(),
             std::unique_ptr<BodySource> body = nullptr) {
    if (upstream_ == nullptr) upstream_ = Upstream::Make(loop_, options_);
    log.fetch = upstream_->Start(std::move(request), std::move(body), &log);
  }

  ScriptedPeer& peer(size_t index) { return *peers_.at(index); }
  void Run() { loop_.RunPosted(); }

  net::FakeLoop loop_;
  Upstream::Options options_;
  std::vector<std::shared_ptr<ScriptedPeer>> peers_;
  std::unique_ptr<Upstream> upstream_;
};

}  // namespace skerry::http
