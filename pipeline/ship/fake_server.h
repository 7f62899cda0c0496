// A small HTTP/1.1 server on loopback for tests: answers as the test says.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace skerry::pipeline {

struct FakeRequest {
  std::string method;
  std::string path;
  std::string authorization;
  std::string body;
};

struct FakeAnswer {
  int status = 200;
  std::string body = {};
  std::string headers = {};  // whole lines, each with CR LF
  bool hang_up = false;      // close instead of answering
};

class FakeServer {
 public:
  // Called on the connection's thread; several at once.
  using Handler = std::function<FakeAnswer(const FakeRequest&)>;

  explicit FakeServer(Handler handler);
  // Ends every connection and waits for its thread.
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  std::string Url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void Accept();
  void Serve(int connection);

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread accepting_;
};

}  // namespace skerry::pipeline
