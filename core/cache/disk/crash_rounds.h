// Kills a working process again and again and examines what it left.
#pragma once

#include <cstdint>
#include <string>

namespace skerry::cache::disk {

struct CrashRounds {
  int rounds = 0;
  uint64_t objects = 0;  // found after the kills, summed up
  uint64_t damaged = 0;
  uint64_t wrong_bytes = 0;
  uint64_t purges = 0;      // acknowledged
  uint64_t undone = 0;      // of those
  uint64_t watched = 0;     // objects that were there when last looked, before the kill
  uint64_t lost = 0;        // of those
  double slowest_open = 0;  // seconds
  std::string error;        // why it ended early

  bool ok() const {
    return error.empty() && damaged == 0 && wrong_bytes == 0 && undone == 0 &&
           lost * 100 <= watched;
  }
  std::string ToString() const;
};

// `program` is disk_torture. One store through all rounds.
CrashRounds RunCrashRounds(const std::string& program, const std::string& directory, int rounds,
                           uint64_t seed);

}  // namespace skerry::cache::disk
