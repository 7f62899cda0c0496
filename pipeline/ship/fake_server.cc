#include "pipeline/ship/fake_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

namespace skerry::pipeline {
namespace {

std::string Field(const std::string& head, const std::string& name) {
  for (size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
    const char* line = head.c_str() + at + 2;
    if (strncasecmp(line, (name + ":").c_str(), name.size() + 1) != 0) continue;
    const size_t begin = at + 2 + name.size() + 1;
    const size_t value = head.find_first_not_of(' ', begin);
    return head.substr(value, head.find("\r\n", value) - value);
  }
  return "";
}

// Reads until `bytes` holds `size` bytes; false when the peer is gone.
bool Fill(int connection, std::string& bytes, size_t size) {
  char buffer[16384];
  while (bytes.size() < size) {
    const ssize_t got = ::read(connection, buffer, sizeof buffer);
    if (got <= 0) return false;
    bytes.append(buffer, static_cast<size_t>(got));
  }
  return true;
}

}  // namespace

FakeServer::FakeServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener_, generic, size), 0);
  EXPECT_EQ(::listen(listener_, 64), 0);
  EXPECT_EQ(::getsockname(listener_, generic, &size), 0);
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { Accept(); });
}

FakeServer::~FakeServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  ::close(listener_);
}

void FakeServer::Accept() {
  std::mutex mutex;
  std::vector<int> open;
  std::vector<std::thread> threads;
  while (!stopping_) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) break;
    const std::lock_guard lock(mutex);
    open.push_back(connection);
    threads.emplace_back([this, connection, &mutex, &open] {
      Serve(connection);
      const std::lock_guard closing(mutex);
      open.erase(std::find(open.begin(), open.end(), connection));
      ::close(connection);
    });
  }
  {
    const std::lock_guard lock(mutex);
    for (const int connection : open) ::shutdown(connection, SHUT_RDWR);
  }
  for (std::thread& thread : threads) thread.join();
}

void FakeServer::Serve(int connection) {
  std::string bytes;
  while (!stopping_) {
    size_t end = bytes.find("\r\n\r\n");
    while (end == std::string::npos) {
      if (!Fill(connection, bytes, bytes.size() + 1)) return;
      end = bytes.find("\r\n\r\n");
    }
    const std::string head = bytes.substr(0, end + 2);
    const std::string length = Field(head, "content-length");
    const size_t body = length.empty() ? 0 : std::stoul(length);
    if (!Fill(connection, bytes, end + 4 + body)) return;
    const size_t space = head.find(' ');
    const FakeRequest request{head.substr(0, space),
                              head.substr(space + 1, head.find(' ', space + 1) - space - 1),
                              Field(head, "authorization"), bytes.substr(end + 4, body)};
    bytes.erase(0, end + 4 + body);
    const FakeAnswer answer = handler_(request);
    if (answer.hang_up) return;
    const std::string text = "HTTP/1.1 " + std::to_string(answer.status) +
                             " X\r\nContent-Length: " + std::to_string(answer.body.size()) +
                             "\r\n" + answer.headers + "\r\n" + answer.body;
    if (::send(connection, text.data(), text.size(), MSG_NOSIGNAL) < 0) return;
  }
}

}  // namespace skerry::pipeline
