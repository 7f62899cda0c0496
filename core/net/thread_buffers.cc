#include "core/net/thread_buffers.h"

#include <memory>

namespace skerry::net {

ThreadBuffers& ThreadBuffers::Mine() {
  thread_local const std::unique_ptr<ThreadBuffers> buffers(new ThreadBuffers);
  return *buffers;
}

}  // namespace skerry::net
