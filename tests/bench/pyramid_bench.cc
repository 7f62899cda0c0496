// What decoding a picture and scaling it to several widths costs, without encoding:
//   pyramid_bench PHOTO WIDTH…
// Prints CPU milliseconds of the best of five runs and the peak memory. docs/pipeline.md keeps the
// figures.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "pipeline/images/image.h"

namespace {

constexpr int kRuns = 5;

rusage Usage() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

double CpuMilliseconds() {
  const rusage usage = Usage();
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || !skerry::pipeline::StartImages()) return 2;
  std::ifstream file(argv[1], std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  std::vector<uint32_t> widths;
  for (int i = 2; i < argc; ++i) widths.push_back(static_cast<uint32_t>(std::atoi(argv[i])));
  std::sort(widths.rbegin(), widths.rend());
  double best = 0;
  for (int run = 0; run < kRuns; ++run) {
    const double begun = CpuMilliseconds();
    const auto levels = skerry::pipeline::Pyramid(bytes, widths);
    const double took = CpuMilliseconds() - begun;
    if (!levels) {
      std::fprintf(stderr, "%s\n", levels.error().context.c_str());
      return 1;
    }
    best = run == 0 ? took : std::min(best, took);
  }
  std::printf("%.0f ms CPU, %.0f MB\n", best, static_cast<double>(Usage().ru_maxrss) / 1024);
}
