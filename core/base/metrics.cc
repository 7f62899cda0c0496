#include "core/base/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <map>

#include "core/base/result.h"
#include "core/base/thread.h"

namespace skerry {
namespace {

// Upper bounds in seconds: three a decade, so that a p99 can be read off.
constexpr double kBounds[] = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                              0.01,    0.025,  0.05,    0.1,    0.25,  0.5,    1,
                              2.5,     5,      10,      20,     30,    60};

}  // namespace

size_t Cells::Pick() {
  static std::atomic<size_t> next{0};
  const size_t number = next.fetch_add(1, std::memory_order_relaxed);
  index_ = number < kOwn ? number : kOwn + number % (kCells - kOwn);
  return index_;
}

int64_t Cells::Sum() const {
  int64_t sum = 0;
  for (const Cell& cell : cells_) sum += cell.value.load(std::memory_order_relaxed);
  return sum;
}

void Histogram::Observe(double seconds) {
  static_assert(std::size(kBounds) == kBuckets);
  size_t bucket = 0;
  while (bucket < kBuckets && seconds > kBounds[bucket]) ++bucket;
  buckets_[bucket].Add(1);
  sum_us_.Add(static_cast<int64_t>(seconds * 1e6));
}

Histogram::Snapshot Histogram::Read() const {
  Snapshot snapshot;
  for (size_t i = 0; i <= kBuckets; ++i) {
    snapshot.count += static_cast<uint64_t>(buckets_[i].Sum());
    if (i < kBuckets) snapshot.cumulative.emplace_back(kBounds[i], snapshot.count);
  }
  snapshot.sum = static_cast<double>(sum_us_.Sum()) / 1e6;
  return snapshot;
}

namespace {

// One name, its help, and a metric for each set of labels.
struct Family {
  std::string help;
  prometheus::MetricType type;
  std::map<Labels, std::unique_ptr<Counter>> counters;
  std::map<Labels, std::unique_ptr<Gauge>> gauges;
  std::map<Labels, std::unique_ptr<Histogram>> histograms;
  std::map<Labels, std::function<double()>> reads;
};

prometheus::ClientMetric WithLabels(const Labels& labels) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : labels) {
    prometheus::ClientMetric::Label label;
    label.name = name;
    label.value = value;
    metric.label.push_back(label);
  }
  return metric;
}

prometheus::MetricFamily Describe(const std::string& name, const Family& family) {
  prometheus::MetricFamily out;
  out.name = name;
  out.help = family.help;
  out.type = family.type;
  for (const auto& [labels, counter] : family.counters) {
    out.metric.push_back(WithLabels(labels));
    out.metric.back().counter.value = static_cast<double>(counter->value());
  }
  for (const auto& [labels, gauge] : family.gauges) {
    out.metric.push_back(WithLabels(labels));
    out.metric.back().gauge.value = static_cast<double>(gauge->value());
  }
  for (const auto& [labels, read] : family.reads) {
    out.metric.push_back(WithLabels(labels));
    auto& metric = out.metric.back();
    const bool counts = family.type == prometheus::MetricType::Counter;
    (counts ? metric.counter.value : metric.gauge.value) = read();
  }
  for (const auto& [labels, histogram] : family.histograms) {
    out.metric.push_back(WithLabels(labels));
    const Histogram::Snapshot read = histogram->Read();
    auto& to = out.metric.back().histogram;
    to.sample_count = read.count;
    to.sample_sum = read.sum;
    for (const auto& [bound, count] : read.cumulative) to.bucket.push_back({count, bound});
  }
  return out;
}

}  // namespace

struct Metrics::State {
  Family& Get(const std::string& name, const std::string& help, prometheus::MetricType type)
      SKERRY_REQUIRES(mutex) {
    Family& family = families[name];
    if (family.help.empty()) {
      family.help = help;
      family.type = type;
    }
    SKERRY_CHECK(family.type == type);
    return family;
  }

  mutable Mutex mutex;
  std::map<std::string, Family> families SKERRY_GUARDED_BY(mutex);
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::GetCounter(const std::string& name, const std::string& help,
                             const Labels& labels) {
  MutexLock lock(state_->mutex);
  auto& made = state_->Get(name, help, prometheus::MetricType::Counter).counters[labels];
  if (made == nullptr) made = std::make_unique<Counter>();
  return *made;
}

Gauge& Metrics::GetGauge(const std::string& name, const std::string& help, const Labels& labels) {
  MutexLock lock(state_->mutex);
  auto& made = state_->Get(name, help, prometheus::MetricType::Gauge).gauges[labels];
  if (made == nullptr) made = std::make_unique<Gauge>();
  return *made;
}

Histogram& Metrics::GetHistogram(const std::string& name, const std::string& help,
                                 const Labels& labels) {
  MutexLock lock(state_->mutex);
  auto& made = state_->Get(name, help, prometheus::MetricType::Histogram).histograms[labels];
  if (made == nullptr) made = std::make_unique<Histogram>();
  return *made;
}

void Metrics::AddReadGauge(const std::string& name, const std::string& help, const Labels& labels,
                           std::function<double()> read) {
  MutexLock lock(state_->mutex);
  state_->Get(name, help, prometheus::MetricType::Gauge).reads[labels] = std::move(read);
}

void Metrics::AddReadCounter(const std::string& name, const std::string& help, const Labels& labels,
                             std::function<double()> read) {
  MutexLock lock(state_->mutex);
  state_->Get(name, help, prometheus::MetricType::Counter).reads[labels] = std::move(read);
}

std::string Metrics::Text() const {
  std::vector<prometheus::MetricFamily> families;
  {
    MutexLock lock(state_->mutex);
    for (const auto& [name, family] : state_->families) families.push_back(Describe(name, family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace skerry
