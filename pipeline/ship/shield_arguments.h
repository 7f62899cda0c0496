// What the command line says about a shield, checked.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "pipeline/base/exit.h"
#include "pipeline/ship/shield_client.h"

namespace skerry::pipeline {

// What every command that speaks to a shield is told.
struct ShieldArguments {
  std::string to = {};
  std::string site = {};
  std::string token_file = {};
  std::string ca_file = {};
  std::string wait = "10s";
  bool json = false;
};
// Refuses what would send the token in clear text to another machine. Complaints name `option`
// as what the URL was given by.
tl::expected<ShieldAddress, Failure> CheckShield(const ShieldArguments& arguments,
                                                 std::string_view option = "--to");
tl::expected<std::chrono::milliseconds, Failure> CheckWait(const std::string& wait);

}  // namespace skerry::pipeline
