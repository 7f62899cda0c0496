// Telling others that we serve: the ready file, and systemd.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace skerry::daemon {

// {"pid":…, "https":"127.0.0.1:8443", …}: a member for each listener. Written whole
// or not at all: to a temporary beside it, then renamed. An empty path does nothing.
// Also tells systemd (Type=notify) where NOTIFY_SOCKET is set.
Status WriteReady(const std::string& path,
                  const std::vector<std::pair<std::string, std::string>>& listeners);

// Removes what an earlier process left there, so that the file never speaks of one that
// has gone. Call it once the listeners are ours.
void RemoveReady(const std::string& path);

// Tells systemd that another process is the service from now on.
void NotifySuccessor(pid_t pid);

// Tells systemd that we are about to end. Nothing without NOTIFY_SOCKET.
void NotifyStopping();

}  // namespace skerry::daemon
