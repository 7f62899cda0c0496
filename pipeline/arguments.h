// What the command line said, checked.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "pipeline/build.h"
#include "pipeline/exit.h"
#include "pipeline/ship.h"

namespace skerry::pipeline {

struct BuildArguments {
  std::string site;
  std::string out;
  std::string config;
  std::string cache;  // empty: the user's cache folder; "off": none
  std::vector<std::string> previous;
  int jobs = 0;        // 0: one a core
  std::string report;  // an HTML page to write; empty: none
  bool keep_going = false;
  bool json = false;
};
tl::expected<BuildOptions, Failure> CheckBuild(const BuildArguments& arguments);

// What every command that speaks to a shield is told.
struct ShieldArguments {
  std::string to;
  std::string site;
  std::string token_file;
  std::string ca_file;
  std::string wait = "10s";
  bool json = false;
};
// Refuses what would send the token in clear text to another machine.
tl::expected<ShieldAddress, Failure> CheckShield(const ShieldArguments& arguments);
tl::expected<std::chrono::milliseconds, Failure> CheckWait(const std::string& wait);

struct PushArguments : ShieldArguments {
  std::string folder;
  std::string preview;
  bool activate = false;
};
tl::expected<ShipOptions, Failure> CheckPush(const PushArguments& arguments);

}  // namespace skerry::pipeline
