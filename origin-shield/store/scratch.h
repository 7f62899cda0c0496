// A directory for one test, gone with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/result.h"

namespace skerry::shield {

class Scratch {
 public:
  Scratch() : path_((std::filesystem::temp_directory_path() / "shield-XXXXXX").string()) {
    SKERRY_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace skerry::shield
