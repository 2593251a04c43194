// What the storage tests share: an empty database for each, on the server that with-servers started, and short ways to
// say what is in it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/time_format.h"
#include "storage/connection.h"
#include "storage/storage.h"

namespace repopulse {

#define ASSERT_OK(result) ASSERT_TRUE((result).has_value()) << Described(result)
#define EXPECT_OK(result) EXPECT_TRUE((result).has_value()) << Described(result)

inline void PrintTo(ErrorCode code, std::ostream* out) { *out << ToString(code); }

template <class T>
std::string Described(const Result<T>& result) {
  return result ? "" : std::string(ToString(result.error().code)) + ": " + result.error().message;
}

template <class T>
ErrorCode CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorCode::kInternal : result.error().code;
}

// Wall time stands until it is moved; steady time is real.
class TestClock final : public Clock {
 public:
  [[nodiscard]] TimePoint Now() const override { return now_; }
  [[nodiscard]] SteadyTime SteadyNow() const override { return std::chrono::steady_clock::now(); }
  void Set(TimePoint now) { now_ = now; }
  void Advance(std::chrono::microseconds by) { now_ = now_.load() + by; }

 private:
  std::atomic<TimePoint> now_{TimePoint{}};
};

// "2024-05-07T08:45:17Z" or "2024-05-07"
TimePoint At(std::string_view text);
std::chrono::sys_days OnDay(std::string_view text);
TopicName Tagged(std::string_view name);
RepositoryName Name(std::string_view full_name);

// A plain repository; tests change what they are about.
Repository MakeRepository(int64_t id, std::string_view full_name, int64_t stars = 10);

// Runs with-servers' second form, e.g. ("stop", "mariadb").
void OrderServer(const std::string& verb, const std::string& server);

class StorageTest : public testing::Test {
 protected:
  StorageTest();
  ~StorageTest() override;

  // Applies the project's migrations; tests of migrations come without.
  void SetUp() override;

  [[nodiscard]] TopicStore& topics() { return storage_->topics(); }
  [[nodiscard]] RepositoryStore& repositories() { return storage_->repositories(); }
  [[nodiscard]] EventReader& event_reader() { return storage_->event_reader(); }
  [[nodiscard]] SourceStore& sources() { return storage_->sources(); }
  [[nodiscard]] JobStore& jobs() { return storage_->jobs(); }
  [[nodiscard]] RateBudgetStore& budgets() { return storage_->rate_budgets(); }

  // Another replica on the same database.
  [[nodiscard]] std::unique_ptr<Storage> MakeStorage() { return std::make_unique<Storage>(options_, clock_); }
  [[nodiscard]] ConnectionOptions ConnectionTo() const;
  // For looking at the database past the ports.
  [[nodiscard]] Connection& db() { return *db_; }
  int64_t Number(std::string_view sql);
  // Ends the connection with this id, as a failing network or an operator would.
  void Kill(int64_t connection_id);

  TestClock clock_;
  StorageOptions options_;
  std::unique_ptr<Storage> storage_;

 private:
  std::unique_ptr<Connection> db_;
};

// The topic "kubernetes", tracked, and short ways to publish sweeps of it. The clock stands at 2024-05-07 12:00.
class TopicTest : public StorageTest {
 protected:
  void SetUp() override;

  // One whole sweep that saw these, published now. `reported`: GitHub's count; by default as many as seen.
  Publication Publish(const std::vector<Repository>& seen, std::optional<int64_t> reported = {});
  // An open sweep that has stored these, not published.
  Sweep Read(TopicId topic, const std::vector<Repository>& seen, std::optional<int64_t> reported = {});
  std::vector<std::string> Members();

  TopicId topic_;
};

}  // namespace repopulse
