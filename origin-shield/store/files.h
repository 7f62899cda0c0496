// Files as the store needs them: written whole and synced, read at a place. Errors
// are Side::kStorage and name the file. Every call blocks: pool threads only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace skerry::shield {

// kFull for ENOSPC and EDQUOT, kNotFound for ENOENT, else kIo: "open FILE: Permission denied".
Error OsError(std::string_view doing, std::string_view file, int error_number);

// Also the directories above it; existing ones are fine.
Status MakeDirectories(const std::string& directory);
Status SyncDirectory(const std::string& directory);

Status WriteAll(int fd, std::string_view bytes, const std::string& file);
// A new file with these bytes, synced.
Status WriteSynced(const std::string& file, std::string_view bytes);
Status Rename(const std::string& from, const std::string& to);

// `count` bytes at `offset`; fewer where the file ends.
Result<Chunk> ReadAt(const std::string& file, uint64_t offset, size_t count);

}  // namespace skerry::shield
