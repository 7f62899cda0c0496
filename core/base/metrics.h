// Counters, gauges and histograms, exposed in Prometheus' text format.
//
// A counter is made once (start-up or first use of a label set) and then added
// to without a lock: each thread has a cell of its own, and only reading sums
// them. Names and labels are those of docs/metrics.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace skerry {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Cells of eight bytes, a cache line apart, picked by thread. The first threads have one
// each to themselves; the others share the rest, and pay for a locked instruction.
class Cells {
 public:
  void Add(int64_t by) {
    const size_t index = index_ != kNone ? index_ : Pick();
    std::atomic<int64_t>& value = cells_[index].value;
    if (index < kOwn) {
      value.store(value.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    } else {
      value.fetch_add(by, std::memory_order_relaxed);
    }
  }
  int64_t Sum() const;

 private:
  static constexpr size_t kOwn = 16;
  static constexpr size_t kCells = 24;
  static constexpr size_t kNone = SIZE_MAX;
  // Of this thread from now on.
  static size_t Pick();
  static inline thread_local constinit size_t index_ = kNone;
  struct alignas(64) Cell {
    std::atomic<int64_t> value{0};
  };
  Cell cells_[kCells];
};

// Only grows. Thread: any.
class Counter {
 public:
  void Add(uint64_t by = 1) { cells_.Add(static_cast<int64_t>(by)); }
  uint64_t value() const { return static_cast<uint64_t>(cells_.Sum()); }

 private:
  Cells cells_;
};

// Goes up and down. Thread: any.
class Gauge {
 public:
  void Add(int64_t by) { cells_.Add(by); }
  int64_t value() const { return cells_.Sum(); }

 private:
  Cells cells_;
};

// Seconds, in fixed buckets from 50 µs to 60 s. Thread: any.
class Histogram {
 public:
  void Observe(double seconds);

  struct Snapshot {
    std::vector<std::pair<double, uint64_t>> cumulative;  // upper bound, count
    uint64_t count = 0;
    double sum = 0;
  };
  Snapshot Read() const;

 private:
  static constexpr size_t kBuckets = 20;
  Cells buckets_[kBuckets + 1];
  Cells sum_us_;
};

// All metrics of a process. Owner: the process. Thread: any.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The metric of that name and label set, made at the first call; the reference
  // lives as long as the registry. Takes a lock: keep the reference.
  Counter& GetCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& GetGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram& GetHistogram(const std::string& name, const std::string& help,
                          const Labels& labels = {});
  // A gauge that is asked for when somebody reads it. `read` is called from the
  // reader's thread and must outlive the registry's last Text().
  void AddReadGauge(const std::string& name, const std::string& help, const Labels& labels,
                    std::function<double()> read);
  // The same for what only grows; other label sets of the name may be ordinary counters.
  void AddReadCounter(const std::string& name, const std::string& help, const Labels& labels,
                      std::function<double()> read);

  // Prometheus text format 0.0.4.
  std::string Text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace skerry
