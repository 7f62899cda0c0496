#include "purge-api/serve/exchange.h"

namespace skerry::purge {

Answer Answer::Of(const Problem& problem) {
  return {problem.status, "application/problem+json", problem.ToJson(), {}};
}

}  // namespace skerry::purge
