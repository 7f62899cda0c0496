// The I/O buffers of a thread. Connections borrow them for the length of one
// event, so an idle connection holds none.
#pragma once

#include <array>
#include <cstddef>

namespace skerry::net {

class Connection;

// What one TLS record carries at most (RFC 8446 5.1).
constexpr size_t kRecordBytes = 16 * 1024;
// One send: four full records and what sealing adds to each (at most 256 bytes).
constexpr size_t kSendBytes = 4 * (kRecordBytes + 256);
constexpr size_t kReceiveBytes = 64 * 1024;

struct ThreadBuffers {
  // Incoming: as received, and as decrypted. Events are not nested, so one pair does.
  std::array<char, kReceiveBytes> received;
  std::array<char, kReceiveBytes + kRecordBytes> opened;

  // Outgoing, of one connection at a time: bytes on their way into a full record,
  // and sealed records (or clear text) on their way into one send.
  Connection* writer = nullptr;
  size_t plain_size = 0;
  size_t wire_size = 0;
  std::array<char, kRecordBytes> plain;
  std::array<char, kSendBytes> wire;

  static ThreadBuffers& Mine();
};

}  // namespace skerry::net
