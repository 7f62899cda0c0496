#include "core/base/urgency.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace skerry {
namespace {

// The shortest turn that Linux gives.
constexpr uint64_t kShortTurnNs = 100'000;
constexpr int32_t kNicer = 5;
constexpr int32_t kNicest = 19;

// As sched_setattr(2) draws its first version; glibc 2.36 has no name for it.
struct Attributes {
  uint32_t size = sizeof(Attributes);
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;
  uint64_t deadline = 0;
  uint64_t period = 0;
};

}  // namespace

std::string_view Name(Urgency urgency) {
  switch (urgency) {
    case Urgency::kAnswers: return "answers";
    case Urgency::kBackground: return "background";
  }
  return "?";
}

void SetUrgency(Urgency urgency) {
  Attributes its;
  if (syscall(SYS_sched_getattr, 0, &its, sizeof(its), 0) != 0) return;
  if (its.policy != SCHED_OTHER) return;
  its.size = sizeof(its);
  if (urgency == Urgency::kAnswers) {
    its.runtime = kShortTurnNs;
  } else {
    // The main thread has what the process was started with.
    const int begun = getpriority(PRIO_PROCESS, static_cast<id_t>(getpid()));
    its.nice = std::min(begun + kNicer, kNicest);
  }
  (void)syscall(SYS_sched_setattr, 0, &its, 0);
}

}  // namespace skerry
