#include "core/base/random.h"

#include <sys/random.h>

#include "core/base/digest.h"
#include "core/base/result.h"

namespace skerry {
namespace {

class SecureRandom : public Random {
 public:
  uint64_t Next() override {
    uint64_t value = 0;
    SKERRY_CHECK(getrandom(&value, sizeof(value), 0) == sizeof(value));
    return value;
  }
};

}  // namespace

Random& Random::Secure() {
  static SecureRandom random;
  return random;
}

std::string Random::Hex(size_t bytes) {
  std::string raw;
  while (raw.size() < bytes) {
    const uint64_t value = Next();
    raw.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return ToHex(std::string_view(raw).substr(0, bytes));
}

}  // namespace skerry
