// Memory for nghttp2, which allocates some twenty blocks a request and keeps a frame
// buffer of 16 KiB and a table of streams of 4 KiB for every connection.
//
// Small blocks come from free lists of the thread. Frame buffers and tables stand alone on
// pages of their own. Our DATA never passes through frame buffers, so only the first page
// of each is ever touched (a block from malloc has usually been written to all over by
// somebody else), and a connection that rests gives both pages back: what a frame buffer
// holds between two frames is of no use, and a table without streams is all zeros.
//
// The first table of HPACK that nghttp2 allocates is that of its encoder, which HpackEncoder
// leaves empty: such tables share pages with each other alone, and those are never touched.
#pragma once

#include <nghttp2/nghttp2.h>

namespace skerry::http {

class H2ThreadMemory;

// Of one session, which it outlives. Both live and die on one thread.
class H2Memory {
 public:
  H2Memory();
  H2Memory(const H2Memory&) = delete;
  H2Memory& operator=(const H2Memory&) = delete;

  // Null under AddressSanitizer: plain malloc, so that it sees every block.
  nghttp2_mem* functions();

  // Gives back what holds nothing; the next use gets it again from the kernel (some
  // microseconds). REQUIRES: nghttp2 has nothing to send.
  void Rest();

 private:
  friend struct H2MemoryFunctions;
  nghttp2_mem functions_;
  H2ThreadMemory& thread_;
  void* frame_buffer_ = nullptr;
  void* table_ = nullptr;
  void* ring_ = nullptr;
};

}  // namespace skerry::http
