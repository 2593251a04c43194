#include "github/archive_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "github/archive.h"
#include "github/line_reader.h"
#include "support/archive_files.h"
#include "support/await.h"
#include "support/fake_clock.h"
#include "support/recorded_data.h"
#include "support/samples.h"

namespace repopulse::test {
namespace {

using nlohmann::json;

class ArchiveFileTest : public testing::Test {
 protected:
  Result<std::unique_ptr<ArchiveFile>> Open(const std::filesystem::path& path) {
    return MakeArchive({}, clock_)->Open(path, stop_.get_token());
  }
  WholeReading Read(const std::string& text, ArchiveReading reading = {}) {
    auto file = Open(folder_.Write("lines.json", text));
    EXPECT_TRUE(file);
    return ReadWhole(**file, std::move(reading));
  }
  ErrorCode OpenError(const std::filesystem::path& path) {
    const auto file = Open(path);
    EXPECT_FALSE(file) << path;
    return file ? ErrorCode::kInternal : file.error().code;
  }
  // What its check comes to, while nobody takes what it gives.
  Status CheckOf(const std::filesystem::path& path, ArchiveReading reading = {}) {
    auto file = Open(path);
    if (!file) return tl::make_unexpected(file.error());
    EXPECT_TRUE((*file)->Begin(std::move(reading)));
    return (*file)->Check();
  }

  TemporaryFolder folder_;
  FakeClock clock_;
  std::stop_source stop_;
};

TEST_F(ArchiveFileTest, ReadsPackedAndPlainFilesAlike) {
  const std::string lines = EventLines(1, 25);
  for (const auto& path : {folder_.Write("2015-01-01-7.json.gz", Gzip(lines)), folder_.Write("plain.json", lines),
                           folder_.Write("packed-without-saying-so", Gzip(lines)),
                           folder_.Write("members.json.gz", Gzip(EventLines(1, 20)) + Gzip(EventLines(21, 5))),
                           folder_.Write("last-line-without-end.jsonl", lines.substr(0, lines.size() - 1))}) {
    auto file = Open(path);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ((*file)->name(), path.filename());
    EXPECT_EQ((*file)->size_bytes(), static_cast<int64_t>(std::filesystem::file_size(path)));
    const auto whole = ReadWhole(**file);
    ASSERT_TRUE(whole.status) << whole.status.error().message;
    ASSERT_EQ(whole.sum.events.size(), 25u) << path;
    for (size_t i = 0; i < 25; ++i) EXPECT_EQ(whole.sum.events[i].id, static_cast<int64_t>(i) + 1);
    EXPECT_EQ(whole.sum.lines, 25);
    EXPECT_EQ(whole.sum.bytes_read, (*file)->size_bytes());
    EXPECT_TRUE(whole.sum.events[0].payload.empty());
    const auto again = (*file)->Next();  // behind the end there is nothing
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->end && again->events.empty() && again->lines == 0);
  }
}

TEST_F(ArchiveFileTest, KnowsItsHourByItsName) {
  const std::string lines = EventLines(1, 1);
  EXPECT_EQ((*Open(folder_.Write("2015-01-01-7.json.gz", Gzip(lines))))->hour()->begin, At("2015-01-01T07:00:00Z"));
  EXPECT_EQ((*Open(folder_.Write("2015-01-01-7.json", lines)))->hour()->begin, At("2015-01-01T07:00:00Z"));
  EXPECT_FALSE((*Open(folder_.Write("events.json", lines)))->hour());
}

TEST_F(ArchiveFileTest, HasTheFingerprintOfItsContent) {
  const auto of = [this](const char* name, const std::string& bytes) {
    return (*Open(folder_.Write(name, bytes)))->fingerprint();
  };
  const std::string lines = EventLines(1, 10'000);
  ASSERT_GT(lines.size(), 1u << 20);
  EXPECT_EQ(of("a.json", lines), of("b.json", lines));
  EXPECT_NE(of("a.json", lines), of("b.json", lines + "\n"));
  std::string changed = lines;
  changed[10] = '7';
  EXPECT_NE(of("a.json", lines), of("b.json", changed));
  EXPECT_EQ(of("a.json", lines).size(), 32u);
}

TEST_F(ArchiveFileTest, TellsWhyItCannotBeOpened) {
  EXPECT_EQ(OpenError(folder_.path() / "absent.json.gz"), ErrorCode::kNotFound);
  EXPECT_EQ(OpenError(folder_.path()), ErrorCode::kInvalidArgument);
  const auto pipe = folder_.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(OpenError(pipe), ErrorCode::kInvalidArgument);
  EXPECT_EQ(OpenError(folder_.Write("a.json.gz", "not gzip at all")), ErrorCode::kMalformed);
  EXPECT_EQ(OpenError(folder_.Write("empty.json.gz", "")), ErrorCode::kMalformed);
}

TEST_F(ArchiveFileTest, TellsWhetherItIsWhole) {
  ArchiveReading small;
  small.batch_events_max = 100;  // 1,000 events: its end is not among the batches that wait
  for (const ArchiveReading& reading : {ArchiveReading{}, small}) {
    const std::string good = Gzip(EventLines(1, 1000));
    EXPECT_TRUE(CheckOf(folder_.Write("good.json.gz", good), reading));
    EXPECT_TRUE(CheckOf(folder_.Write("plain.json", EventLines(1, 1000)), reading));
    std::string changed = good;
    changed[good.size() - 6] = static_cast<char>(changed[good.size() - 6] ^ 1);  // in the check sum
    for (const std::string& bytes : {good.substr(0, good.size() - 1), good + "garbage", changed}) {
      const auto checked = CheckOf(folder_.Write("damaged.json.gz", bytes), reading);
      ASSERT_FALSE(checked);
      EXPECT_EQ(checked.error().code, ErrorCode::kMalformed);
      EXPECT_TRUE(checked.error().message.starts_with("damaged.json.gz: damaged gzip: ")) << checked.error().message;
    }
  }
}

// Lines enough for more batches than wait to be taken, whatever of them is given first.
TEST_F(ArchiveFileTest, GivesNoMoreThanEightBatchesOfWhatIsDamaged) {
  const std::string good = Gzip(EventLines(1, 30'000));
  auto whole = Open(folder_.Write("good.json.gz", good));
  const auto read = ReadWhole(**whole);
  ASSERT_TRUE(read.status) << read.status.error().message;
  EXPECT_EQ(read.sum.events.size(), 30'000u);
  EXPECT_EQ(read.sum.bytes_read, static_cast<int64_t>(good.size()));
  EXPECT_TRUE((*whole)->Check());
  auto damaged = Open(folder_.Write("damaged.json.gz", good.substr(0, good.size() - 1)));
  const auto part = ReadWhole(**damaged);
  ASSERT_FALSE(part.status);
  EXPECT_EQ(part.status.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(part.batches, 8u);
  EXPECT_LT(part.sum.events.size(), 20'000u);
}

TEST_F(ArchiveFileTest, TellsThatItWasStoppedBeforeItWasChecked) {
  auto file = Open(folder_.Write("lines.json.gz", Gzip(EventLines(1, 100'000))));
  EXPECT_EQ((*file)->Check().error().code, ErrorCode::kInternal);  // nobody reads it yet
  stop_.request_stop();
  ASSERT_TRUE((*file)->Begin({}));
  EXPECT_EQ((*file)->Check().error().code, ErrorCode::kCancelled);
}

TEST_F(ArchiveFileTest, RefusesTheDamagedFileOfTheArchive) {
  const auto path = RecordedDataFolder() / "gharchive" / "corrupt.json.gz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no recorded data in " << RecordedDataFolder();
  const auto checked = CheckOf(path);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kMalformed);
  EXPECT_NE(checked.error().message.find("corrupt.json.gz: damaged gzip"), std::string::npos);
}

TEST_F(ArchiveFileTest, CountsBadLinesWithTheirNumbersAndKeepsTheRest) {
  const auto whole =
      Read(EventLine(1) + "broken\n" + EventLine(2) + "\n" +
           R"({"id":"3"})"
           "\n" +
           OldEventLine() + std::string(kLineBytesMax + 1, ' ') + "\n" + EventLine(4) + R"({"id":"5","type":"Wat)");
  ASSERT_TRUE(whole.status) << whole.status.error().message;
  EXPECT_EQ(whole.sum.events.size(), 3u);
  EXPECT_EQ(whole.sum.lines, 9);
  EXPECT_EQ(whole.sum.bad, 4);
  EXPECT_EQ(whole.sum.other_format, 1);
  ASSERT_EQ(whole.sum.bad_lines.size(), 4u);
  EXPECT_EQ(whole.sum.bad_lines[0].number, 2);
  EXPECT_EQ(whole.sum.bad_lines[0].reason, "it is not a JSON object");
  EXPECT_EQ(whole.sum.bad_lines[1].number, 5);
  EXPECT_EQ(whole.sum.bad_lines[1].reason, "it has no type");
  EXPECT_EQ(whole.sum.bad_lines[2].number, 7);
  EXPECT_EQ(whole.sum.bad_lines[2].reason, "it is longer than 1 MiB");
  EXPECT_EQ(whole.sum.bad_lines[3].number, 9);
}

TEST_F(ArchiveFileTest, ShowsTheFirstFewBadLinesOnly) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "x\n";
  const auto whole = Read(lines);
  ASSERT_TRUE(whole.status);
  EXPECT_EQ(whole.sum.bad, 1000);
  EXPECT_EQ(whole.sum.bad_lines.size(), 10u);
}

TEST_F(ArchiveFileTest, RefusesAFileOfTheOldForm) {
  std::string old;
  for (int i = 0; i < 30; ++i) old += OldEventLine();
  for (const std::string& text : {old, OldEventLine(), "broken\n" + OldEventLine(), old + EventLines(1, 5)}) {
    const auto whole = Read(text);
    ASSERT_FALSE(whole.status) << text;
    EXPECT_EQ(whole.status.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(whole.status.error().message.find("2011 to 2014"), std::string::npos);
    EXPECT_EQ(whole.batches, 0u);
  }
  // Single lines are counted.
  const auto mixed = Read(OldEventLine() + OldEventLine() + EventLine(1) + old);
  ASSERT_TRUE(mixed.status) << mixed.status.error().message;
  EXPECT_EQ(mixed.sum.events.size(), 1u);
  EXPECT_EQ(mixed.sum.other_format, 32);
  // As they are behind what an earlier run has read.
  ArchiveReading rest;
  rest.skip_lines = 3;
  const auto resumed = Read(OldEventLine() + OldEventLine() + EventLine(1) + old, rest);
  ASSERT_TRUE(resumed.status) << resumed.status.error().message;
  EXPECT_EQ(resumed.sum.other_format, 30);
}

TEST_F(ArchiveFileTest, MayBeEmpty) {
  const auto whole = Read("");
  ASSERT_TRUE(whole.status);
  EXPECT_EQ(whole.sum.lines, 0);
  const auto blank = Read("\n  \n\n");
  ASSERT_TRUE(blank.status);
  EXPECT_EQ(blank.sum.lines, 3);
  EXPECT_EQ(blank.sum.bad, 0);
}

TEST_F(ArchiveFileTest, GoesOnBehindTheLinesThatAreDone) {
  ArchiveReading reading;
  reading.skip_lines = 990;
  const auto whole = Read(EventLines(1, 1000) + "broken\n", reading);
  ASSERT_TRUE(whole.status);
  EXPECT_EQ(whole.sum.lines, 11);
  ASSERT_EQ(whole.sum.events.size(), 10u);
  EXPECT_EQ(whole.sum.events[0].id, 991);
  EXPECT_EQ(whole.sum.bad_lines.at(0).number, 1001);
  reading.skip_lines = 5000;
  const auto nothing = Read(EventLines(1, 1000), reading);
  ASSERT_TRUE(nothing.status);
  EXPECT_EQ(nothing.sum.lines, 0);
}

TEST_F(ArchiveFileTest, MakesBatchesOfTheSizeThatIsWanted) {
  ArchiveReading by_events;
  by_events.batch_events_max = 100;
  const auto whole = Read(EventLines(1, 250), by_events);
  EXPECT_EQ(whole.batches, 3u);
  ArchiveReading by_payload;
  by_payload.keeps_payload = [](RepositoryId) { return true; };
  by_payload.batch_bytes_max = 20 * 10;  // {"action":"started"} has 20 bytes
  EXPECT_EQ(Read(EventLines(1, 95), by_payload).batches, 10u);
  // Lines that bring no event end a batch, too.
  std::string bad;
  for (int i = 0; i < 5000; ++i) bad += "x\n";
  EXPECT_EQ(Read(bad, by_events).batches, 11u);
}

TEST_F(ArchiveFileTest, LeavesOutTheRepositoriesThatAreNotWanted) {
  std::string lines;
  for (int64_t id = 1; id <= 30; ++id) lines += EventLine(id, id % 3 + 1);
  ArchiveReading reading;
  reading.wants = [](RepositoryId id) { return id.value != 1; };
  reading.keeps_payload = [](RepositoryId id) { return id.value == 2; };
  const auto whole = Read(lines, reading);
  EXPECT_EQ(whole.sum.lines, 30);
  EXPECT_EQ(whole.sum.skipped, 10);
  ASSERT_EQ(whole.sum.events.size(), 20u);
  for (const Event& event : whole.sum.events) {
    EXPECT_EQ(event.payload, event.repository.value == 2 ? R"({"action":"started"})" : "");
  }
}

TEST_F(ArchiveFileTest, EndsWithItsOwnerAndAtAStop) {
  const auto path = folder_.Write("lines.json", EventLines(1, 5000));
  ArchiveReading reading;
  reading.batch_events_max = 10;
  {
    auto file = Open(path);
    ASSERT_TRUE((*file)->Begin(reading));
    ASSERT_TRUE((*file)->Next());
  }  // does not hang
  auto file = Open(path);
  ASSERT_TRUE((*file)->Begin(reading));
  EXPECT_EQ((*file)->Begin(reading).error().code, ErrorCode::kInternal);
  ASSERT_TRUE((*file)->Next());
  stop_.request_stop();
  Result<ArchiveBatch> batch = (*file)->Next();
  for (int i = 0; i < 10 && batch; ++i) batch = (*file)->Next();
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::kCancelled);
}

// Tells how much was taken of it.
class CountedSource final : public ByteSource {
 public:
  explicit CountedSource(std::atomic<int64_t>& lines) : lines_(lines) {}
  Result<size_t> Read(std::span<char> out, const std::stop_token&) override {
    const std::string line = EventLine(++lines_);
    std::copy(line.begin(), line.end(), out.begin());
    return line.size();
  }
  [[nodiscard]] int64_t stored_bytes_read() const override { return 0; }

 private:
  std::atomic<int64_t>& lines_;
};

TEST_F(ArchiveFileTest, ReadsNoMoreThanEightBatchesAhead) {
  std::atomic<int64_t> lines = 0;
  const auto file = MakeArchiveFile({"endless", "", std::nullopt, LineReader(std::make_unique<CountedSource>(lines))},
                                    FakeClock::kStart, stop_.get_token());
  ArchiveReading reading;
  reading.batch_events_max = 10;
  ASSERT_TRUE(file->Begin(reading));
  for (int64_t taken = 0; taken < 3; ++taken) {
    // Eight that wait to be taken, and one that waits for a place among them.
    const int64_t expected = 10 * (taken + 9);
    Await([&] { return lines >= expected; });
    std::this_thread::sleep_for(std::chrono::milliseconds{20});  // that nothing more happens cannot be awaited
    EXPECT_EQ(lines, expected);
    ASSERT_TRUE(file->Next());
  }
}

struct RecordedHour {
  const char* name;
  int64_t events;
};

TEST_F(ArchiveFileTest, ReadsTheRealHours) {
  for (const RecordedHour& hour :
       {RecordedHour{"2015-01-01-0", 7702}, RecordedHour{"2015-01-01-1", 7427}, RecordedHour{"2015-01-01-3", 5971}}) {
    const auto path = RecordedDataFolder() / "gharchive" / (std::string(hour.name) + ".json.gz");
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no recorded data in " << RecordedDataFolder();
    auto file = Open(path);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ((*file)->hour(), ParseArchiveHour(hour.name));
    const auto whole = ReadWhole(**file);
    ASSERT_TRUE(whole.status) << whole.status.error().message;
    EXPECT_EQ(static_cast<int64_t>(whole.sum.events.size()), hour.events) << hour.name;
    EXPECT_EQ(whole.sum.bad, 0);
    EXPECT_EQ(whole.sum.other_format, 0);
    if (hour.events != 7702) continue;
    std::map<std::string, int> types;
    std::map<int64_t, int> repositories;
    for (const Event& event : whole.sum.events) {
      ++types[event.type];
      ++repositories[event.repository.value];
      EXPECT_TRUE(IsKnownEventType(event.type)) << event.type;
    }
    EXPECT_EQ(types.size(), 14u);
    EXPECT_EQ(repositories.size(), 4124u);
    EXPECT_EQ(types["PushEvent"], 4280);
    EXPECT_EQ(types["CreateEvent"], 815);
    EXPECT_EQ(types["IssueCommentEvent"], 650);
    EXPECT_EQ(types["WatchEvent"], 642);
    EXPECT_EQ(types["IssuesEvent"], 373);
    EXPECT_EQ(types["PullRequestEvent"], 315);
    EXPECT_EQ(types["ForkEvent"], 213);
  }
}

}  // namespace
}  // namespace repopulse::test
