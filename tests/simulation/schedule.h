// One schedule: a world, its machines, and what befalls them, all from one seed.
#pragma once

#include <cstdint>
#include <string>

#include "tests/simulation/cache_node.h"

namespace skerry::simulation {

struct Outcome {
  uint64_t served = 0;
  uint64_t completed = 0;  // records
  std::string broken;      // how the promise was broken; empty: it was kept
};

Outcome RunSchedule(uint64_t seed, const Planted& planted = {});

}  // namespace skerry::simulation
