#include "core/cache/disk/crash_rounds.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "core/base/random.h"
#include "core/cache/disk/crash_work.h"

namespace skerry::cache::disk {
namespace {

struct Child {
  pid_t pid = -1;
  int facts = -1;  // what it acknowledged
};

Child Start(const std::string& program, const std::string& directory, uint64_t seed) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const std::string number = std::to_string(seed);
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // works for its examiner alone
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    execl(program.c_str(), "disk_torture", "work", directory.c_str(), number.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  return {pid, ends[0]};
}

struct Killed {
  uint64_t last_fact = 0;
  std::string error;  // it ended by itself
};

// Lets it work for that long from its first fact on, and kills it.
Killed KillAfter(const Child& child, std::chrono::milliseconds worked) {
  uint64_t fact = 0;
  Killed killed;
  pollfd waiting{child.facts, POLLIN, 0};
  if (poll(&waiting, 1, 20'000) == 1) std::this_thread::sleep_for(worked);
  kill(child.pid, SIGKILL);
  while (read(child.facts, &fact, sizeof(fact)) == sizeof(fact)) {
    killed.last_fact = fact;
  }
  close(child.facts);
  int status = 0;
  waitpid(child.pid, &status, 0);
  if (WIFEXITED(status)) killed.error = "it exited with " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
    killed.error = "it died of signal " + std::to_string(WTERMSIG(status));
  }
  return killed;
}

}  // namespace

std::string CrashRounds::ToString() const {
  char text[256];
  std::snprintf(
      text, sizeof(text),
      "%d kills: %llu objects found, %llu damaged, %llu wrong bodies, %llu facts lost, "
      "slowest open %.3f s%s%s",
      rounds, static_cast<unsigned long long>(objects), static_cast<unsigned long long>(damaged),
      static_cast<unsigned long long>(wrong_bytes), static_cast<unsigned long long>(facts_lost),
      slowest_open, error.empty() ? "" : "; ", error.c_str());
  return text;
}

CrashRounds RunCrashRounds(const std::string& program, const std::string& directory, int rounds,
                           uint64_t seed) {
  CrashRounds result;
  SeededRandom random(seed);
  while (result.rounds < rounds) {
    const Child child = Start(program, directory, 1 + random.Below(1 << 20));
    const Killed killed = KillAfter(child, std::chrono::milliseconds(random.Below(700)));
    if (!killed.error.empty()) {
      result.error = "the worker ended by itself: " + killed.error;
      return result;
    }
    const Result<CrashVerdict> verdict = Examine(directory, seed);
    if (!verdict) {
      result.error = verdict.error().ToString();
      return result;
    }
    ++result.rounds;
    result.objects += verdict->objects;
    result.damaged += verdict->damaged;
    result.wrong_bytes += verdict->wrong_bytes;
    result.facts_lost += verdict->facts < killed.last_fact;
    result.slowest_open = std::max(result.slowest_open, verdict->open_seconds);
  }
  return result;
}

}  // namespace skerry::cache::disk
