// What the command line said, checked.
#pragma once

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
  int jobs = 0;  // 0: one a core
  bool keep_going = false;
  bool json = false;
};
tl::expected<BuildOptions, Failure> CheckBuild(const BuildArguments& arguments);

struct PushArguments {
  std::string folder;
  std::string to;
  std::string site;
  std::string token_file;
  std::string ca_file;
  std::string wait = "10s";
  bool activate = false;
  bool json = false;
};
// Refuses what would send the token in clear text to another machine.
tl::expected<ShipOptions, Failure> CheckPush(const PushArguments& arguments);

}  // namespace skerry::pipeline
