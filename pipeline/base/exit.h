// How the program ends: part of its contract with scripts.
#pragma once

#include <string>

namespace skerry::pipeline {

enum class Exit : int {
  kDone = 0,
  kFailed = 1,       // bad input files, corrupt manifest, wrong token, refused by a server
  kUsage = 2,        // flags, configuration, no such site folder
  kBudget = 3,       // built, but over a budget
  kUnconfirmed = 4,  // activated, but not confirmed by every node in time
};

// Why a command did not do its job: one message that names cause and remedy.
struct Failure {
  Exit exit = Exit::kFailed;
  std::string message;
};

}  // namespace skerry::pipeline
