// Step 7, ship (the command `push`): a release directory to a shield.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "pipeline/exit.h"
#include "pipeline/progress.h"

namespace skerry::pipeline {

struct ShipOptions {
  std::filesystem::path folder = {};
  std::string to = {};  // the shield's URL
  std::string site = {};
  std::string token = {};
  std::string ca_file = {};
  bool activate = false;
  std::chrono::milliseconds wait{10'000};
  size_t connections = 6;
  // Failures of connections and answers of 429 and 5xx are tried again, each pause twice as long
  // as the one before; Retry-After is obeyed up to half a minute.
  int attempts = 6;
  std::chrono::milliseconds first_pause{200};
};

struct NodeState {
  std::string state = {};  // applied, pending, fenced, unreachable
  uint64_t seq = 0;
  std::string at = {};
};

struct Shipped {
  std::string release = {};
  size_t blobs = 0;  // of the release
  ByteCount bytes = 0;
  size_t sent_blobs = 0;  // those that the shield did not have
  ByteCount sent_bytes = 0;
  bool activated = false;
  std::string receipt = {};  // its id
  uint64_t seq = 0;
  std::string state = {};  // accepted, complete
  std::map<std::string, NodeState> nodes = {};

  bool complete() const { return state == "complete"; }
};

// Checks every file of the release against its manifest before anything is sent, sends the
// manifest, then the blobs that the shield lacks, then activates. Nothing of it is harmful to
// repeat: a push that was cut off goes on where it was.
tl::expected<Shipped, Failure> Ship(const ShipOptions& options, Progress& progress);

std::string ShippedText(const Shipped& shipped);
std::string ShippedJson(const Shipped& shipped);

}  // namespace skerry::pipeline
