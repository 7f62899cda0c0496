#include "core/daemon/ready.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

namespace skerry::daemon {
namespace {

// sd_notify(3)'s protocol: a datagram of lines.
void Notify(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t length = std::strlen(path);
  if (length >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path, path, length);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  (void)sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), size);
  close(fd);
}

Status IoError(const std::string& what, const std::string& path) {
  return Fail(Code::kIo, Side::kConfig, what + " " + path + ": " + std::strerror(errno));
}

}  // namespace

Status WriteReady(const std::string& path,
                  const std::vector<std::pair<std::string, std::string>>& listeners) {
  Notify("READY=1");
  if (path.empty()) return {};
  nlohmann::ordered_json body;
  body["pid"] = getpid();
  for (const auto& [name, address] : listeners) body[name] = address;
  const std::string text = body.dump() + "\n";
  const std::string temporary = path + "." + std::to_string(getpid()) + ".tmp";
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return IoError("cannot write ready file", temporary);
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  if (!written || rename(temporary.c_str(), path.c_str()) != 0) {
    const Status failed = IoError("cannot write ready file", path);
    unlink(temporary.c_str());
    return failed;
  }
  return {};
}

void RemoveReady(const std::string& path) {
  if (!path.empty()) unlink(path.c_str());
}

void NotifySuccessor(pid_t pid) { Notify("MAINPID=" + std::to_string(pid)); }

void NotifyStopping() { Notify("STOPPING=1"); }

}  // namespace skerry::daemon
