// Memory for nghttp2, which allocates some twenty blocks a request and keeps a
// frame buffer of 16 KiB for every connection.
//
// Small blocks come from free lists of the thread. Frame buffers stand alone on
// pages of their own: our DATA never passes through them, so only the first page
// of each is ever touched and an idle connection holds 4 KiB of them, not 16
// (a block from malloc has usually been written to all over by somebody else).
#pragma once

#include <nghttp2/nghttp2.h>

namespace skerry::http {

// For sessions that live and die on one thread. Under AddressSanitizer plain
// malloc, so that it sees every block.
nghttp2_mem* H2Memory();

}  // namespace skerry::http
