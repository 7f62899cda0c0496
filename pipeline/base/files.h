// Whole files of the local disk, read and written.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace skerry::pipeline {

// kNotFound or kIo with the path and the system's words.
Result<std::string> ReadFile(const std::filesystem::path& path);
// Makes missing folders. Replaces an existing file.
Status WriteFile(const std::filesystem::path& path, std::string_view bytes);
// The same with the bytes of another file, which the kernel moves, or shares where it can.
Status CopyFile(const std::filesystem::path& from, const std::filesystem::path& to);
// The same as WriteFile, but at no moment is there a partial file under that name.
Status WriteFileAtOnce(const std::filesystem::path& path, std::string_view bytes);

}  // namespace skerry::pipeline
