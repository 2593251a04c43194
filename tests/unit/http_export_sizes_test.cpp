// How large answers of lists and series can become, in each format, that are made as a whole: their memory is
// bounded by what one question may ask for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/event_service.h"

namespace repopulse::http {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_days;
using test::At;
using test::EventService;
using test::RepositoryNamed;
using test::SampleRepository;
using test::Seen;

constexpr size_t kMiB = 1024 * 1024;
constexpr int64_t kLargeCount = 999'999'999;
constexpr int kTypes = 30;  // GitHub has had 25 since 2011

// The longest name that GitHub allows.
std::string NameOf(int64_t id) {
  const std::string number = std::to_string(100 + id);
  return std::string(36, 'o') + number + "/" + std::string(97, 'n') + number;
}

struct ExportService : EventService {
  ExportService() {
    events.known.clear();
    for (int64_t id = 1; id <= 100; ++id) {
      events.known.push_back({{id}, RepositoryNamed(NameOf(id))});
      Repository repository = SampleRepository(id, NameOf(id), kLargeCount);
      repository.description = std::string(1000, '\x01');  // as much as is stored; JSON writes six characters for each
      repository.language = repository.license = std::string(100, 'l');
      std::vector<TopicName> in_topics;
      for (int topic = 10; topic < 60; ++topic) {
        in_topics.push_back(*TopicName::Parse(std::string(48, 't') + std::to_string(topic)));
      }
      repositories.fake.stored.push_back(
          {.repository = repository, .fetched_at = clock.Now(), .gone_at = {}, .topics = in_topics});
    }
    // Of every second day, so that all others are gaps.
    for (int day = 0; day < 2200; day += 2) {
      repositories.fake.snapshots.push_back(
          {DayOf(clock.Now()) - days{2200 - day}, kLargeCount, kLargeCount, kLargeCount});
    }
    sources.coverage.gaps.assign(100, {clock.Now() - hours{2}, clock.Now() - hours{1}});
  }
  // One event of each type in each bucket.
  void Fill(TimePoint from, TimePoint to, std::chrono::seconds bucket) {
    for (TimePoint at = from; at <= to; at += bucket) {
      for (int type = 10; type < 10 + kTypes; ++type) {
        Event& event = events.Add({1}, std::string(38, 'T') + std::to_string(type), "", "2024-05-01T00:00:00Z");
        event.created_at = at;
      }
    }
  }
  // The size in the format in which it is largest; all must be there.
  size_t Largest(const std::string& target) {
    size_t largest = 0;
    for (const char* format : {"json", "csv", "ndjson"}) {
      const Seen answer = Get(target + "format=" + format);
      EXPECT_EQ(answer.status, 200) << target << format << answer.body.substr(0, 300);
      largest = std::max(largest, answer.body.size());
    }
    return largest;
  }
};

void ExpectWithin(size_t bytes, size_t least, size_t most) {
  EXPECT_GT(bytes, least) << "the test does not ask for as much as can be asked for";
  EXPECT_LE(bytes, most);
}

TEST(ExportSize, OfAComparisonIsThatOfTwentyYears) {
  ExportService service;
  std::string names;
  for (int64_t id = 1; id <= 20; ++id) names += (id > 1 ? "," : "") + NameOf(id);
  const std::string target = "/api/v1/compare?repos=" + names + "&from=2023-05-09&to=2024-05-08&";
  ExpectWithin(service.Largest(target), kMiB, 5 * kMiB / 2);
  EXPECT_EQ(service.Get("/api/v1/compare?repos=" + names + "&from=2023-05-08&to=2024-05-08").status, 400);
}

TEST(ExportSize, OfPopularityIsThatOfThreeYears) {
  ExportService service;
  const std::string target = "/api/v1/repos/" + NameOf(1) + "/popularity/history?";
  ExpectWithin(service.Largest(target + "from=2021-05-05&to=2024-05-08&"), kMiB / 8, kMiB / 2);
  EXPECT_EQ(service.Get(target + "from=2021-05-04&to=2024-05-08").status, 400);
}

TEST(ExportSize, OfActivityIsThatOfElevenHundredBuckets) {
  ExportService service;
  service.Fill(At("2024-03-23T05:00:00Z"), At("2024-05-08T00:00:00Z"), hours{1});
  const std::string target =
      "/api/v1/repos/" + NameOf(1) + "/activity/history?bucket=hour&to=2024-05-08T00:00:00Z&from=";
  ExpectWithin(service.Largest(target + "2024-03-23T05:00:00Z&"), kMiB, 2 * kMiB);
  EXPECT_EQ(service.Get(target + "2024-03-23T04:00:00Z").status, 400);
}

TEST(ExportSize, OfTheMinutesOfAllIsThatOfTwoHours) {
  ExportService service;
  service.Fill(service.clock.Now() - minutes{119}, service.clock.Now(), minutes{1});
  ExpectWithin(service.Largest("/api/v1/events/history?minutes=120&"), kMiB / 16, kMiB / 4);
  EXPECT_EQ(service.Get("/api/v1/events/history?minutes=121").status, 400);
}

TEST(ExportSize, OfAListIsThatOfAHundredRows) {
  ExportService service;
  ExpectWithin(service.Largest("/api/v1/repos?per_page=100&"), kMiB / 2, 3 * kMiB / 2);
  EXPECT_EQ(service.Get("/api/v1/repos?per_page=101").status, 400);
}

}  // namespace
}  // namespace repopulse::http
