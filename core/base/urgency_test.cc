#include "core/base/urgency.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace skerry {
namespace {

id_t ThisThread() { return static_cast<id_t>(syscall(SYS_gettid)); }
int NiceOfThisThread() { return getpriority(PRIO_PROCESS, ThisThread()); }

// Nanoseconds; 0: the kernel's own, or it tells none.
uint64_t TurnOfThisThread() {
  std::array<uint64_t, 6> attributes{};  // sched_setattr(2)
  if (syscall(SYS_sched_getattr, 0, attributes.data(), sizeof(attributes), 0) != 0) return 0;
  return attributes[3];
}

template <class Body>
void OnAThread(Body body) {
  std::thread(body).join();
}

TEST(UrgencyTest, TurnsOfAThreadThatAnswersAreShorter) {
  OnAThread([] {
    const uint64_t before = TurnOfThisThread();
    if (before == 0) GTEST_SKIP() << "this kernel has one length of turns for all";
    const int nice = NiceOfThisThread();
    SetUrgency(Urgency::kAnswers);
    EXPECT_LT(TurnOfThisThread(), before);
    EXPECT_EQ(TurnOfThisThread(), 100'000u);
    EXPECT_EQ(NiceOfThisThread(), nice);
  });
}

TEST(UrgencyTest, ABackgroundThreadIsNicerThanTheProcessAndEndsAll) {
  const int begun = NiceOfThisThread();
  OnAThread([&] {
    SetUrgency(Urgency::kBackground);
    const int nicer = NiceOfThisThread();
    EXPECT_EQ(nicer, std::min(begun + 5, 19));
    SetUrgency(Urgency::kBackground);
    EXPECT_EQ(NiceOfThisThread(), nicer) << "twice is once";
    OnAThread([&] { EXPECT_EQ(NiceOfThisThread(), nicer) << "inherited"; });
  });
  EXPECT_EQ(NiceOfThisThread(), begun);
}

TEST(UrgencyTest, AnotherPolicyIsLeftAlone) {
  const int begun = NiceOfThisThread();
  OnAThread([&] {
    const sched_param none{};
    ASSERT_EQ(sched_setscheduler(0, SCHED_IDLE, &none), 0);
    SetUrgency(Urgency::kAnswers);
    SetUrgency(Urgency::kBackground);
    EXPECT_EQ(sched_getscheduler(0), SCHED_IDLE);
    EXPECT_EQ(NiceOfThisThread(), begun);
  });
}

TEST(UrgencyTest, HasNames) {
  EXPECT_EQ(Name(Urgency::kAnswers), "answers");
  EXPECT_EQ(Name(Urgency::kBackground), "background");
}

}  // namespace
}  // namespace skerry
