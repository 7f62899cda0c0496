// How much of an entry goes over the wire.
#pragma once

#include <string>

#include "core/asset/manifest.h"
#include "core/base/bytes.h"

namespace skerry::pipeline {

// pages, scripts (WebAssembly too), styles, images, fonts, other.
std::string KindOf(const std::string& media_type);

// Of the variant in that coding; of the file itself where there is none.
ByteCount SizeAs(const asset::Entry& entry, asset::Coding coding);

// Of an image: the smallest file of its own width.
ByteCount SmallestImage(const asset::Entry& entry);

// The least that the entry weighs in any coding or format, deltas left out.
ByteCount Smallest(const asset::Entry& entry);

}  // namespace skerry::pipeline
