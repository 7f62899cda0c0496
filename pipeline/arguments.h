// What the command line said, checked.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "pipeline/base/exit.h"
#include "pipeline/build.h"
#include "pipeline/ship/shield_arguments.h"
#include "pipeline/ship/ship.h"

namespace skerry::pipeline {

struct BuildArguments {
  std::string site;
  std::string out;
  std::string config;
  std::string cache;  // empty: the user's cache folder; "off": none
  std::vector<std::string> previous;
  ShieldArguments deployed;  // `to` empty: what the configuration says; "off": none
  int jobs = 0;              // 0: one a core
  std::string report;        // an HTML page to write; empty: none
  bool keep_going = false;
  bool json = false;
};
tl::expected<BuildOptions, Failure> CheckBuild(const BuildArguments& arguments);

struct PushArguments : ShieldArguments {
  std::string folder;
  std::string preview;
  bool activate = false;
};
tl::expected<ShipOptions, Failure> CheckPush(const PushArguments& arguments);

}  // namespace skerry::pipeline
