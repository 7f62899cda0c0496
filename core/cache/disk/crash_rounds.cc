#include "core/cache/disk/crash_rounds.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <set>
#include <sstream>
#include <vector>

#include "core/base/random.h"
#include "core/cache/disk/crash_work.h"

namespace skerry::cache::disk {
namespace {

struct Child {
  pid_t pid = -1;
  int notes = -1;
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

// What the worker has told.
struct Told {
  std::vector<CrashNote> purged;
  std::set<uint32_t> there;  // at the last look that was finished, and not forgotten since
  std::string error;         // it ended by itself

  void Take(const CrashNote& note) {
    switch (note.kind) {
      case CrashNote::kPurged: purged.push_back(note); break;
      case CrashNote::kForgetting:
        there.erase(note.number);
        looking_.erase(note.number);
        break;
      case CrashNote::kLooking: looking_.clear(); break;
      case CrashNote::kThere: looking_.insert(note.number); break;
      case CrashNote::kLooked: there = looking_; break;
    }
  }

 private:
  std::set<uint32_t> looking_;
};

// Lets it work for that long from its first note on, and kills it.
Told KillAfter(const Child& child, std::chrono::milliseconds worked) {
  using Clk = std::chrono::steady_clock;
  Told told;
  CrashNote note;
  pollfd waiting{child.notes, POLLIN, 0};
  poll(&waiting, 1, 20'000);
  const Clk::time_point end = Clk::now() + worked;
  for (auto left = worked; left.count() > 0;
       left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clk::now())) {
    if (poll(&waiting, 1, static_cast<int>(left.count())) != 1) continue;
    if (read(child.notes, &note, sizeof(note)) != sizeof(note)) break;
    told.Take(note);
  }
  kill(child.pid, SIGKILL);
  while (read(child.notes, &note, sizeof(note)) == sizeof(note)) told.Take(note);
  close(child.notes);
  int status = 0;
  waitpid(child.pid, &status, 0);
  if (WIFEXITED(status)) told.error = "it exited with " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
    told.error = "it died of signal " + std::to_string(WTERMSIG(status));
  }
  return told;
}

}  // namespace

std::string CrashRounds::ToString() const {
  std::ostringstream text;
  text << rounds << " kills: " << objects << " objects found, " << damaged << " damaged, "
       << wrong_bytes << " wrong bodies; " << undone << " of " << purges
       << " acknowledged purges undone; " << lost << " of " << watched
       << " objects lost; slowest open " << slowest_open << " s";
  if (!error.empty()) text << "; " << error;
  return text.str();
}

CrashRounds RunCrashRounds(const std::string& program, const std::string& directory, int rounds,
                           uint64_t seed) {
  CrashRounds result;
  SeededRandom random(seed);
  while (result.rounds < rounds) {
    const Child child = Start(program, directory, 1 + random.Below(1 << 20));
    const Told told = KillAfter(child, std::chrono::milliseconds(1 + random.Below(700)));
    if (!told.error.empty()) {
      result.error = "the worker ended by itself: " + told.error;
      return result;
    }
    const Result<CrashVerdict> verdict = Examine(directory, told.purged);
    if (!verdict) {
      result.error = verdict.error().ToString();
      return result;
    }
    ++result.rounds;
    result.objects += verdict->objects;
    result.damaged += verdict->damaged;
    result.wrong_bytes += verdict->wrong_bytes;
    result.purges += told.purged.size();
    result.undone += verdict->undone;
    result.watched += told.there.size();
    for (const uint32_t number : told.there) result.lost += !verdict->found[number];
    result.slowest_open = std::max(result.slowest_open, verdict->open_seconds);
  }
  return result;
}

}  // namespace skerry::cache::disk
