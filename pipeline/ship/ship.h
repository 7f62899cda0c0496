// Step 7, ship (the command `push`): a release directory to a shield.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "pipeline/base/exit.h"
#include "pipeline/base/progress.h"
#include "pipeline/ship/shield_client.h"

namespace skerry::pipeline {

struct ShipOptions : ShieldAddress {
  std::filesystem::path folder = {};
  bool activate = false;
  std::string preview = {};  // URL of the site, whose previews are told; "" for none
  std::chrono::milliseconds wait{10'000};
  size_t connections = 6;
};

struct Shipped : Receipt {
  std::string release = {};
  size_t blobs = 0;  // of the release
  ByteCount bytes = 0;
  size_t sent_blobs = 0;  // those that the shield did not have
  ByteCount sent_bytes = 0;
  std::string preview = {};  // where the release can be seen before it is active
  bool activated = false;
};

// Checks every file of the release against its manifest before anything is sent, sends the
// manifest, then the blobs that the shield lacks, then activates. Nothing of it is harmful to
// repeat: a push that was cut off goes on where it was.
tl::expected<Shipped, Failure> Ship(const ShipOptions& options, Progress& progress);

// What nodes said, a table; "" when there are none.
std::string ReceiptText(const Receipt& receipt);
std::string ReceiptJson(const Receipt& receipt);
std::string ShippedText(const Shipped& shipped);
std::string ShippedJson(const Shipped& shipped);

}  // namespace skerry::pipeline
