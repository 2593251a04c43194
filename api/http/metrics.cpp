#include "http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/process_memory.h"

namespace repopulse::http {
namespace {

const prometheus::Histogram::BucketBoundaries kSeconds = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                          0.01,    0.025,  0.05,    0.1,    0.25,  1.0,    5.0};

// What is counted in the database and only passed on here: the library's own counters can only be incremented.
struct SourceMetric {
  const char* name;
  const char* help;
  prometheus::MetricType type;
  std::optional<double> (*value)(const SourceTotals&);
};

template <int64_t SourceTotals::*Field>
std::optional<double> NumberOf(const SourceTotals& totals) {
  return static_cast<double>(totals.*Field);
}
template <std::optional<TimePoint> SourceTotals::*Field>
std::optional<double> SecondsOf(const SourceTotals& totals) {
  if (!(totals.*Field)) return std::nullopt;
  return std::chrono::duration<double>((totals.*Field)->time_since_epoch()).count();
}

constexpr SourceMetric kSourceMetrics[] = {
    {"repopulse_event_sources", "Sources of events that are polled, in all replicas.", prometheus::MetricType::Gauge,
     NumberOf<&SourceTotals::active>},
    {"repopulse_event_polls_total", "Polls of sources by all replicas.", prometheus::MetricType::Counter,
     NumberOf<&SourceTotals::polls>},
    {"repopulse_event_polls_not_modified_total", "Polls that GitHub answered with 304.",
     prometheus::MetricType::Counter, NumberOf<&SourceTotals::not_modified>},
    {"repopulse_event_requests_total", "Requests to GitHub for events and details, by all replicas.",
     prometheus::MetricType::Counter, NumberOf<&SourceTotals::requests>},
    {"repopulse_events_new_total", "Events that were collected and not known before.", prometheus::MetricType::Counter,
     NumberOf<&SourceTotals::events_new>},
    {"repopulse_events_duplicate_total", "Events that GitHub showed and that were known.",
     prometheus::MetricType::Counter, NumberOf<&SourceTotals::events_duplicate>},
    {"repopulse_events_malformed_total", "What GitHub showed in the place of an event and was none.",
     prometheus::MetricType::Counter, NumberOf<&SourceTotals::events_malformed>},
    {"repopulse_event_gaps_total", "Stretches of time in which events may have been missed.",
     prometheus::MetricType::Counter, NumberOf<&SourceTotals::gaps>},
    {"repopulse_event_last_poll_timestamp_seconds", "When GitHub last answered a poll.", prometheus::MetricType::Gauge,
     SecondsOf<&SourceTotals::last_polled_at>},
    {"repopulse_event_newest_timestamp_seconds", "When the newest event was created that a poll has shown.",
     prometheus::MetricType::Gauge, SecondsOf<&SourceTotals::newest_event_at>},
};

prometheus::MetricFamily FamilyOf(const SourceMetric& metric, const std::vector<SourceTotals>& sources) {
  prometheus::MetricFamily family{metric.name, metric.help, metric.type, {}};
  for (const SourceTotals& totals : sources) {
    const auto value = metric.value(totals);
    if (!value) continue;
    prometheus::ClientMetric& sample = family.metric.emplace_back();
    sample.label = {{"kind", std::string(ToString(totals.kind))}};
    (metric.type == prometheus::MetricType::Counter ? sample.counter.value : sample.gauge.value) = *value;
  }
  return family;
}

}  // namespace

struct Metrics::Impl {
  explicit Impl(const NearCache& cache) : near_cache(cache) {
    for (const ReadSource source : kAllReadSources) {
      by_source[static_cast<size_t>(source)] = &reads.Add({{"source", std::string(ToString(source))}});
    }
  }

  // Handles are looked up once for each route and status: the family's own look-up hashes every label.
  prometheus::Counter& RequestCounter(std::string_view route, int status) {
    const std::pair<std::string_view, int> key{route, status};
    {
      const std::shared_lock lock(mutex);
      if (const auto it = by_route.find(key); it != by_route.end()) return *it->second;
    }
    const std::lock_guard lock(mutex);
    auto& counter = requests.Add({{"route", std::string(route)}, {"status", std::to_string(status)}});
    by_route.emplace(key, &counter);
    return counter;
  }

  const NearCache& near_cache;
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                          .Name("repopulse_http_requests_total")
                                                          .Help("Answered requests by route and status.")
                                                          .Register(registry);
  prometheus::Histogram& seconds = prometheus::BuildHistogram()
                                       .Name("repopulse_http_request_seconds")
                                       .Help("From parsed request to written answer.")
                                       .Register(registry)
                                       .Add({}, kSeconds);
  prometheus::Family<prometheus::Counter>& reads = prometheus::BuildCounter()
                                                       .Name("repopulse_reads_total")
                                                       .Help("Answers of the read pipeline by where they came from.")
                                                       .Register(registry);
  prometheus::Gauge& near_bytes = prometheus::BuildGauge()
                                      .Name("repopulse_near_cache_bytes")
                                      .Help("Bytes held by the near-cache.")
                                      .Register(registry)
                                      .Add({});
  prometheus::Gauge& near_entries = prometheus::BuildGauge()
                                        .Name("repopulse_near_cache_entries")
                                        .Help("Answers held by the near-cache.")
                                        .Register(registry)
                                        .Add({});
  prometheus::Gauge& resident = prometheus::BuildGauge()
                                    .Name("process_resident_memory_bytes")
                                    .Help("Resident memory of the replica.")
                                    .Register(registry)
                                    .Add({});
  prometheus::Gauge& ready = prometheus::BuildGauge()
                                 .Name("repopulse_ready")
                                 .Help("1 where the last readiness check passed.")
                                 .Register(registry)
                                 .Add({});
  prometheus::Family<prometheus::Gauge>& budget_remaining = prometheus::BuildGauge()
                                                                .Name("repopulse_github_requests_remaining")
                                                                .Help("Requests GitHub still allows in its window.")
                                                                .Register(registry);
  prometheus::Family<prometheus::Gauge>& budget_limit = prometheus::BuildGauge()
                                                            .Name("repopulse_github_requests_limit")
                                                            .Help("Requests GitHub allows in a window.")
                                                            .Register(registry);
  std::mutex sources_mutex;
  std::vector<SourceTotals> sources;
  std::array<prometheus::Counter*, std::size(kAllReadSources)> by_source{};
  std::shared_mutex mutex;
  std::map<std::pair<std::string_view, int>, prometheus::Counter*> by_route;  // route names live in the route table
};

Metrics::Metrics(const NearCache& near_cache) : impl_(std::make_unique<Impl>(near_cache)) {}
Metrics::~Metrics() = default;

void Metrics::Observe(std::string_view route, int status, std::chrono::nanoseconds duration) {
  impl_->RequestCounter(route, status).Increment();
  impl_->seconds.Observe(std::chrono::duration<double>(duration).count());
}

void Metrics::CountRead(ReadSource source) { impl_->by_source[static_cast<size_t>(source)]->Increment(); }

void Metrics::SetReady(bool ready) { impl_->ready.Set(ready ? 1 : 0); }

void Metrics::SetBudget(std::string_view resource, int64_t remaining, int64_t limit) {
  const prometheus::Labels labels = {{"resource", std::string(resource)}};
  impl_->budget_remaining.Add(labels).Set(static_cast<double>(remaining));
  impl_->budget_limit.Add(labels).Set(static_cast<double>(limit));
}

void Metrics::SetSources(std::vector<SourceTotals> totals) {
  const std::lock_guard lock(impl_->sources_mutex);
  impl_->sources = std::move(totals);
}

std::string Metrics::Text() const {
  impl_->near_bytes.Set(static_cast<double>(impl_->near_cache.size_bytes()));
  impl_->near_entries.Set(static_cast<double>(impl_->near_cache.entries()));
  impl_->resident.Set(static_cast<double>(ResidentBytes()));
  auto families = impl_->registry.Collect();
  {
    const std::lock_guard lock(impl_->sources_mutex);
    for (const SourceMetric& metric : kSourceMetrics) families.push_back(FamilyOf(metric, impl_->sources));
  }
  std::erase_if(families, [](const prometheus::MetricFamily& family) { return family.metric.empty(); });
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace repopulse::http
