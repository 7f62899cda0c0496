// How many files and sockets the process may have open.
#pragma once

#include <cstdint>

namespace skerry::daemon {

// Raises the limit to what the system allows this process (the hard limit): shells and
// service managers begin with 1,024, of which connections and the disk tier's segments
// each take one. Returns the limit that holds now. Before other threads start.
uint64_t RaiseFileLimit();

}  // namespace skerry::daemon
