#include "core/daemon/preflight.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/net/listener.h"

namespace skerry::daemon {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> Refuse(const std::string& option, const std::string& why) {
  return Fail(Code::kInvalid, Side::kConfig, option + ": " + why);
}

Status CheckAccess(const std::string& option, const fs::path& path, int how) {
  if (access(path.c_str(), how) == 0) return {};
  return Refuse(option, path.string() + " may not be written: " + std::strerror(errno));
}

}  // namespace

Status CheckListen(const std::string& option, const std::optional<net::Address>& address) {
  if (!address) return {};
  Status free = net::Listener::Try(*address);
  if (!free) return Fail(std::move(free.error()).In(option));
  return {};
}

Result<std::vector<int>> ClaimListen(Inheritance& inheritance, const std::string& listener,
                                     const std::string& option,
                                     const std::optional<net::Address>& address) {
  if (!address) return std::vector<int>();
  std::vector<int> sockets = inheritance.Sockets(listener, *address);
  if (!sockets.empty()) return sockets;
  if (Status free = CheckListen(option, address); !free) return Fail(std::move(free.error()));
  return sockets;
}

Status CheckFile(const std::string& option, const std::string& file) {
  if (file.empty()) return {};
  std::error_code ignored;
  const fs::file_status about = fs::status(file, ignored);
  if (fs::is_directory(about)) return Refuse(option, file + " is a folder; name a file in it");
  if (fs::exists(about)) return CheckAccess(option, file, W_OK);
  const fs::path parent = fs::path(file).parent_path();
  const fs::path folder = parent.empty() ? fs::path(".") : parent;
  if (!fs::is_directory(folder, ignored)) {
    return Refuse(option, "there is no folder " + folder.string() + " for " + file +
                              "; make it first, or name another");
  }
  return CheckAccess(option, folder, W_OK | X_OK);
}

Status CheckFolder(const std::string& option, const std::string& folder) {
  std::error_code ignored;
  for (fs::path at = fs::absolute(folder, ignored);; at = at.parent_path()) {
    const fs::file_status about = fs::status(at, ignored);
    if (fs::is_directory(about)) return CheckAccess(option, at, W_OK | X_OK);
    if (about.type() != fs::file_type::not_found) {
      return Refuse(option, at.string() + " is no folder; name another place");
    }
    if (at == at.parent_path()) return Refuse(option, folder + " cannot be made");
  }
}

}  // namespace skerry::daemon
