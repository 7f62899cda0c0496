// Guards the HTML parser's stack.
#pragma once

#include <cstddef>
#include <string_view>

namespace skerry::pipeline {

// An upper bound, cheaply counted, of how deep the elements of `html` nest. Elements
// that cannot contain their own kind (p, li, td, br, …) do not count.
size_t HtmlDepthBound(std::string_view html);

}  // namespace skerry::pipeline
