#include "core/base/sha512.h"

#include <gtest/gtest.h>

#include <utility>

#include "core/base/digest.h"

namespace skerry {
namespace {

// FIPS 180-4's example.
TEST(Sha512Test, OfAbcInPiecesIsThePublishedValue) {
  Sha512Stream stream;
  stream.Update("a");
  Sha512Stream moved = std::move(stream);
  moved.Update("bc");
  EXPECT_EQ(ToHex(moved.Finish()),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

}  // namespace
}  // namespace skerry
