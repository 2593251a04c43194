// What storing events costs, split by what is written, beside the same rows inserted into a bare table. Measures only:
// times are in the report's properties and on standard output, no limit is asserted.

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "integration/storage/event_test.h"
#include "storage/bulk.h"
#include "storage/event_ingest.h"
#include "storage/event_names.h"
#include "storage/event_partitions.h"
#include "storage/event_rollup.h"

namespace repopulse {
namespace {

constexpr size_t kBatch = 20'000;
constexpr size_t kFloorRowsAtOnce = 1'000;

// Processor time says more than the clock where other work is going on.
struct Spent {
  std::chrono::nanoseconds wall{0};
  std::chrono::nanoseconds server{0};
  std::chrono::nanoseconds client{0};

  Spent operator-(const Spent& other) const {
    return {wall - other.wall, server - other.server, client - other.client};
  }
  void operator+=(const Spent& other) {
    wall += other.wall;
    server += other.server;
    client += other.client;
  }
};

std::chrono::nanoseconds ServerTime() {
  const auto folder = std::filesystem::path(std::getenv("DB_SOCKET")).parent_path();
  std::string pid;
  std::ifstream(folder / "pid") >> pid;
  std::ifstream file("/proc/" + pid + "/stat");
  const std::string line((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  int64_t user = 0;
  int64_t system = 0;
  fields >> user >> system;
  return std::chrono::nanoseconds{(user + system) * 1'000'000'000 / sysconf(_SC_CLK_TCK)};
}

Spent SpentSoFar() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return {.wall = std::chrono::steady_clock::now().time_since_epoch(),
          .server = ServerTime(),
          .client = std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
}

class EventSpeedTest : public EventTest {
 protected:
  // As an hour of GH Archive has them: some busy repositories, many that are seen once.
  static std::vector<Event> Made(size_t count, uint32_t repositories) {
    constexpr std::pair<const char*, const char*> kKinds[] = {
        {"PushEvent", ""},         {"PushEvent", ""},
        {"PushEvent", ""},         {"CreateEvent", ""},
        {"WatchEvent", "started"}, {"IssueCommentEvent", "created"},
        {"IssuesEvent", "opened"}, {"PullRequestEvent", "closed"}};
    std::mt19937_64 random(1);
    std::vector<Event> made;
    for (size_t i = 0; i < count; ++i) {
      const double share = std::uniform_real_distribution<>(0.3, 1)(random);
      const auto repository = static_cast<int64_t>(std::exp(share * std::log(repositories)));
      const auto& [type, action] = kKinds[random() % std::size(kKinds)];
      Event event = MakeEvent(static_cast<int64_t>(2'000'000'000 + i), type, "2026-06-30T00:00:00Z",
                              20'000'000 + repository * 7919 % 1'000'003);
      event.action = action;
      event.actor_id = static_cast<int64_t>(random() % 1'000'000);
      event.created_at += std::chrono::milliseconds{i * 500 / 1000 * 1000};  // two a second
      made.push_back(std::move(event));
    }
    return made;
  }

  void Floor(const std::vector<Event>& made) {
    ASSERT_OK(
        db().Run("CREATE TABLE bare (id BIGINT NOT NULL, type_id SMALLINT NOT NULL, repository_id BIGINT NOT NULL, "
                 "actor_id BIGINT NOT NULL, created_at DATETIME NOT NULL, action_id SMALLINT NOT NULL, "
                 "PRIMARY KEY (id, type_id, created_at), KEY by_repository (repository_id, created_at), "
                 "KEY by_type (type_id, created_at)) ENGINE = InnoDB"));
    using enum BulkKind;
    const Spent begin = SpentSoFar();
    for (size_t first = 0; first < made.size(); first += kFloorRowsAtOnce) {
      BulkRows rows({kInteger, kInteger, kInteger, kInteger, kTime, kInteger}, kFloorRowsAtOnce);
      for (size_t i = first; i < std::min(made.size(), first + kFloorRowsAtOnce); ++i) {
        rows.Add(made[i].id, static_cast<int64_t>(made[i].type.size()), made[i].repository.value, made[i].actor_id,
                 made[i].created_at, static_cast<int64_t>(made[i].action.size()));
      }
      ASSERT_OK(db().Insert(
          {.head = "INSERT IGNORE INTO bare (id, type_id, repository_id, actor_id, created_at, action_id) VALUES",
           .tail = ""},
          rows));
    }
    spent_["floor"] += SpentSoFar() - begin;
  }

  template <class Work>
  void Time(const std::string& what, Work work) {
    const Spent begin = SpentSoFar();
    ASSERT_OK(work());
    spent_[what] += SpentSoFar() - begin;
  }

  void Report(size_t events) {
    const auto each = [&](std::chrono::nanoseconds time) {
      return std::chrono::duration<double, std::micro>(time).count() / static_cast<double>(events);
    };
    for (const auto& [what, time] : spent_) {
      RecordProperty(what + "_server_nanoseconds_an_event", static_cast<int>(1000 * each(time.server)));
      std::printf("%-12s us an event: %7.2f by the clock, %6.2f of the server, %6.2f of the client\n", what.c_str(),
                  each(time.wall), each(time.server), each(time.client));
    }
  }

  std::map<std::string, Spent> spent_;
};

TEST_F(EventSpeedTest, OfABatchSplitByWhatIsWritten) {
  constexpr size_t kEvents = 200'000;
  const std::vector<Event> made = Made(kEvents, 100'000);
  Floor(made);
  EventWords words;
  EventPartitions partitions(options_.database);
  EventNames names(clock_);
  const Spent whole = SpentSoFar();
  for (size_t first = 0; first < made.size(); first += kBatch) {
    const auto begin = made.begin() + static_cast<ptrdiff_t>(first);
    const std::vector<Event> some(begin, begin + static_cast<ptrdiff_t>(std::min(kBatch, made.size() - first)));
    EventBatch batch;
    Time("prepare", [&]() -> Status {
      EventRefs refs;
      for (const Event& event : some) refs.push_back(&event);
      auto ids = words.Resolve(db(), refs);
      batch = MakeBatch(refs, ids.value());
      return {};
    });
    Time("partitions", [&]() -> Status {
      static_cast<void>(partitions.Ensure(db(), batch.days).value());
      return {};
    });
    Time("lock", [&]() -> Status {
      auto begun = db().Run("START TRANSACTION");
      return begun ? LockEvents(db()) : begun;
    });
    Time("events", [&] { return StoreEvents(db(), batch, EventsExpected::kNew); });
    Time("counts", [&] {
      const EventTallies tallies = TallyNew(batch);
      auto raised = RaiseRollups(db(), tallies);
      return raised ? RaiseTotals(db(), tallies) : raised;
    });
    Time("names", [&] { return names.Note(db(), NewNamings(batch)); });
    Time("commit", [&] { return db().Run("COMMIT"); });
  }
  spent_["whole"] = SpentSoFar() - whole;
  Report(kEvents);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), kEvents);
}

}  // namespace
}  // namespace repopulse
