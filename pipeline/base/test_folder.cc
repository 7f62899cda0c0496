#include "pipeline/base/test_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "core/base/random.h"
#include "pipeline/base/files.h"
#include "pipeline/images/encode.h"

namespace skerry::pipeline {

namespace fs = std::filesystem;

TestFolder::TestFolder() {
  std::string name = (fs::temp_directory_path() / "skerry-XXXXXX").string();
  EXPECT_NE(mkdtemp(name.data()), nullptr);
  path_ = fs::canonical(name);
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void TestFolder::Write(std::string_view name, std::string_view bytes) const {
  const Status written = WriteFile(path_ / name, bytes);
  EXPECT_TRUE(written.has_value());
}

std::string TestFolder::Read(std::string_view name) const {
  const Result<std::string> bytes = ReadFile(path_ / name);
  EXPECT_TRUE(bytes.has_value()) << name;
  return bytes.value_or("");
}

std::map<std::string, std::string> TestFolder::ReadAll(std::string_view name) const {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path_ / name)) {
    if (!entry.is_regular_file()) continue;
    files[fs::relative(entry.path(), path_ / name).string()] = ReadFile(entry.path()).value_or("");
  }
  return files;
}

std::string TestJpeg(uint32_t width, uint32_t height, int seed) {
  SeededRandom random(static_cast<uint64_t>(seed));
  Pixels pixels{width, height, false, {}};
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      const uint32_t grain = random.Below(24);
      pixels.bytes.push_back(static_cast<char>(x * 200 / width + grain));
      pixels.bytes.push_back(static_cast<char>(y * 200 / height + grain));
      pixels.bytes.push_back(static_cast<char>(120 + grain));
    }
  }
  return EncodeAt({Format::kJpeg}, 95, pixels).value_or("");
}

}  // namespace skerry::pipeline
