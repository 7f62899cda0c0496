// A file descriptor that is closed with its scope.
#pragma once

#include <unistd.h>

#include <utility>

namespace skerry {

// Owns it; -1 is none. Thread: its owner's.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  // For those who must know whether the file system took everything: close(2)'s answer.
  int Close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

}  // namespace skerry
