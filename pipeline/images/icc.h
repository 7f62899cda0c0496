// What an ICC profile says about the colours that a picture can hold (ICC.1:2022).
#pragma once

#include <string_view>

namespace skerry::pipeline {

// An RGB profile whose primaries span at least a tenth more of the (x, y) diagram than those of
// sRGB: Display P3, Adobe RGB, ProPhoto, Rec. 2020. False for what cannot be read, and for
// profiles made of tables, which name no primaries.
bool IsWiderThanSrgb(std::string_view profile);

}  // namespace skerry::pipeline
