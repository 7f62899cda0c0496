// How soon a thread gets a processor that others use, too.
//
// A request that is answered in 50 µs must not wait for a thread that uses up its turn:
// since Linux 6.6 a thread that wakes waits for the rest of the running one's, up to 3 ms,
// whatever the difference in nice values, unless its own turns are shorter (6.12 has that).
#pragma once

#include <cstdint>
#include <string_view>

namespace skerry {

enum class Urgency : uint8_t {
  // Somebody waits for some µs of work: it runs when it wakes. In the long run it gets no
  // more than others.
  kAnswers,
  // Nobody waits for the microsecond, and it has milliseconds to do: where there are too few
  // processors it gets a third of what others get (nice 5), so that it still ends soon.
  kBackground,
};
std::string_view Name(Urgency urgency);

// Of the calling thread; threads that it starts later have it, too. Needs no privilege. What the
// kernel does not know or refuses is left alone, and so is a thread that an administrator has
// given another policy (chrt); kBackground goes on from the nice value that the process was
// started with.
void SetUrgency(Urgency urgency);

}  // namespace skerry
