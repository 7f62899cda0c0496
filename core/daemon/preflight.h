// What can be found wrong before a program changes anything: a service that cannot start
// leaves nothing behind, and its message names the option.
//
// These look, they hold nothing: what they found free may be taken when it is opened,
// which then fails with the same words. Thread: any. `option` begins the message, see
// config::Places::Title.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/daemon/handover.h"
#include "core/net/address.h"

namespace skerry::daemon {

// Nobody listens on it, not even with SO_REUSEPORT.
Status CheckListen(const std::string& option, const std::optional<net::Address>& address);

// The same for what a process before us may have handed over: its sockets, if it listened
// there; ownership passes. None: bound anew.
Result<std::vector<int>> ClaimListen(Inheritance& inheritance, const std::string& listener,
                                     const std::string& option,
                                     const std::optional<net::Address>& address);

// It may be written, or made in a folder that is there. Nothing to check when empty.
Status CheckFile(const std::string& option, const std::string& file);

// It is a folder that may be written, or can be made, parents too.
Status CheckFolder(const std::string& option, const std::string& folder);

}  // namespace skerry::daemon
