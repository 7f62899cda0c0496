// A folder for one test, gone afterwards.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace skerry::pipeline {

class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  void Write(std::string_view name, std::string_view bytes) const;
  std::string Read(std::string_view name) const;
  // Every file below `name`, by its path relative to it.
  std::map<std::string, std::string> ReadAll(std::string_view name) const;

 private:
  std::filesystem::path path_;
};

// Bytes of a JPEG with some detail; `seed` makes different ones. REQUIRES: StartImages().
std::string TestJpeg(uint32_t width, uint32_t height, int seed = 1);

}  // namespace skerry::pipeline
