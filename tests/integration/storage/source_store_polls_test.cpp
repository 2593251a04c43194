// The contract of service/source_store.h: polls, gaps and coverage.
#include "integration/storage/database.h"

namespace repopulse {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;

class SourcesTest : public StorageTest {
 protected:
  EventSource Firehose() {
    EXPECT_OK(sources().EnableFirehose(true, clock_.Now()));
    const auto listed = sources().ListSources({}, 100).value();
    for (const EventSource& source : listed) {
      if (source.kind == SourceKind::kFirehose) return source;
    }
    ADD_FAILURE() << "no firehose";
    return {};
  }
  EventSource FeedOf(int64_t id) {
    EXPECT_OK(repositories().Save(MakeRepository(id, "o/r" + std::to_string(id)), clock_.Now()));
    EXPECT_OK(sources().Activate(RepositoryId{id}, 100, clock_.Now()));
    const auto listed = sources().ListSources({}, 100).value();
    for (const EventSource& source : listed) {
      if (source.kind == SourceKind::kRepository && source.repository.value == id) return source;
    }
    ADD_FAILURE() << "no source";
    return {};
  }
  std::vector<std::pair<SourceKind, int64_t>> Due() {
    std::vector<std::pair<SourceKind, int64_t>> due;
    const auto found = sources().Due(clock_.Now(), 100).value();
    for (const EventSource& source : found) {
      due.emplace_back(source.kind, source.repository.value);
    }
    return due;
  }
  void Watch(EventSource source, std::string_view from, std::string_view to, const std::vector<SourceGap>& gaps = {}) {
    source.watched_since = At(from);
    source.last_polled_at = At(to);
    ASSERT_OK(sources().RecordPoll(source, {}));
    for (const SourceGap& gap : gaps) ASSERT_OK(sources().RecordPoll(source, gap));
  }
  static SourceGap Gap(std::string_view from, std::string_view to) {
    return {.from = At(from), .to = At(to), .polled_from = At(from), .polled_to = At(to)};
  }
  // Asked for together with others, each repository's is its own.
  void ExpectAmongOthers(int64_t id, std::string_view from, std::string_view to, const Coverage& alone) {
    const std::vector<RepositoryId> asked = {RepositoryId{id + 1000}, RepositoryId{id}, RepositoryId{id + 1001}};
    const auto each = sources().CoverageOfEach(asked, At(from), At(to), clock_.Now());
    ASSERT_OK(each);
    ASSERT_EQ(each->size(), asked.size());
    EXPECT_EQ((*each)[1].share, alone.share);
    EXPECT_EQ(GapsOf((*each)[1]), GapsOf(alone));
    const auto of_all = sources().CoverageOf(std::nullopt, At(from), At(to), clock_.Now());
    ASSERT_OK(of_all);
    EXPECT_EQ((*each)[0].share, of_all->share) << "nobody watches this one alone";
  }
  Coverage Covered(std::optional<int64_t> id, std::string_view from, std::string_view to) {
    auto coverage =
        sources().CoverageOf(id ? std::optional(RepositoryId{*id}) : std::nullopt, At(from), At(to), clock_.Now());
    EXPECT_OK(coverage);
    if (id) ExpectAmongOthers(*id, from, to, coverage.value_or(Coverage{}));
    return coverage.value_or(Coverage{});
  }
  static std::vector<std::pair<TimePoint, TimePoint>> GapsOf(const Coverage& coverage) {
    std::vector<std::pair<TimePoint, TimePoint>> gaps;
    for (const TimeSpan& span : coverage.gaps) gaps.emplace_back(span.from, span.to);
    return gaps;
  }
  void Import(std::string_view hour, bool only_tracked, ImportState state = ImportState::kDone) {
    ASSERT_OK(storage_->imports().Save({.name = std::string(hour),
                                        .fingerprint = "",
                                        .only_tracked = only_tracked,
                                        .hour = At(hour),
                                        .state = state,
                                        .error = {},
                                        .started_at = clock_.Now(),
                                        .updated_at = clock_.Now()}));
  }
};

TEST_F(SourcesTest, TheFirehoseIsPolledWhileItIsEnabled) {
  ASSERT_OK(sources().EnableFirehose(false, clock_.Now()));
  EXPECT_THAT(sources().ListSources({}, 10).value(), IsEmpty());
  const EventSource firehose = Firehose();
  EXPECT_TRUE(firehose.active);
  EXPECT_EQ(firehose.repository, RepositoryId{});
  EXPECT_FALSE(firehose.name);
  EXPECT_THAT(Due(), ElementsAre(std::pair(SourceKind::kFirehose, 0)));
  ASSERT_OK(sources().EnableFirehose(false, clock_.Now()));
  EXPECT_THAT(Due(), IsEmpty());
}

TEST_F(SourcesTest, TotalsAddUpTheSourcesOfAKind) {
  EXPECT_THAT(sources().Totals().value(), IsEmpty());
  EventSource one = FeedOf(5);
  EventSource other = FeedOf(6);
  one.polls = 3;
  one.events_new = 100;
  one.last_polled_at = At("2026-01-01T00:00:00Z");
  other.polls = 4;
  other.not_modified = 2;
  other.events_malformed = 1;
  other.last_polled_at = At("2026-01-02T00:00:00Z");
  ASSERT_OK(sources().RecordPoll(one, Gap("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")));
  ASSERT_OK(sources().RecordPoll(one, Gap("2026-01-01T00:02:00Z", "2026-01-01T00:03:00Z")));
  ASSERT_OK(sources().RecordPoll(other, {}));
  ASSERT_OK(sources().Deactivate(RepositoryId{6}, clock_.Now()));
  const auto totals = sources().Totals().value();
  const auto feeds = std::ranges::find(totals, SourceKind::kRepository, &SourceTotals::kind);
  ASSERT_NE(feeds, totals.end());
  EXPECT_EQ(feeds->active, 1);
  EXPECT_EQ(feeds->polls, 7);
  EXPECT_EQ(feeds->not_modified, 2);
  EXPECT_EQ(feeds->events_new, 100);
  EXPECT_EQ(feeds->events_malformed, 1);
  EXPECT_EQ(feeds->gaps, 2);
  EXPECT_EQ(feeds->last_polled_at, At("2026-01-02T00:00:00Z"));
  EXPECT_EQ(feeds->newest_event_at, std::nullopt);
}

TEST_F(SourcesTest, APollIsRecordedWhole) {
  EventSource source = FeedOf(5);
  source.next_poll_at = At("2024-05-07T13:00:00Z");
  source.last_polled_at = At("2024-05-07T12:00:00Z");
  source.watched_since = At("2024-05-06T12:00:00Z");
  source.newest_event_at = At("2024-05-07T11:00:00Z");
  source.etag = "W/\"abc\"";
  source.poll_interval = std::chrono::seconds{90};
  source.mean_interval_seconds = 12.25;
  source.unchanged_polls = 1;
  source.failed_polls = 2;
  source.last_error = "it failed";
  source.polls = 3;
  source.requests = 4;
  source.not_modified = 5;
  source.events_new = 6;
  source.events_duplicate = 7;
  source.events_malformed = 8;
  ASSERT_OK(sources().RecordPoll(source, Gap("2024-05-07T09:00:00Z", "2024-05-07T10:00:00Z")));
  clock_.Set(source.next_poll_at);
  const auto due = sources().Due(clock_.Now(), 100).value();
  ASSERT_EQ(due.size(), 2u);
  EXPECT_EQ(due[0].kind, SourceKind::kDetails) << "what was never polled comes first";
  const EventSource& read = due[1];
  EXPECT_EQ(read.id, source.id);
  EXPECT_EQ(read.next_poll_at, source.next_poll_at);
  EXPECT_EQ(read.last_polled_at, source.last_polled_at);
  EXPECT_EQ(read.watched_since, source.watched_since);
  EXPECT_EQ(read.newest_event_at, source.newest_event_at);
  EXPECT_EQ(read.etag, source.etag);
  EXPECT_EQ(read.poll_interval, source.poll_interval);
  EXPECT_EQ(read.mean_interval_seconds, source.mean_interval_seconds);
  EXPECT_EQ(read.unchanged_polls, 1);
  EXPECT_EQ(read.failed_polls, 2);
  EXPECT_EQ(read.last_error, "it failed");
  EXPECT_EQ(read.polls, 3);
  EXPECT_EQ(read.requests, 4);
  EXPECT_EQ(read.not_modified, 5);
  EXPECT_EQ(read.events_new, 6);
  EXPECT_EQ(read.events_duplicate, 7);
  EXPECT_EQ(read.events_malformed, 8);
  EXPECT_EQ(read.gaps, 1);
  EXPECT_EQ(sources().FindTracked(RepositoryId{5}).value()->polled_at, source.last_polled_at);
}

TEST_F(SourcesTest, APollOfNoSourceIsRefusedWithItsGap) {
  EventSource source = Firehose();
  source.id += 100;
  EXPECT_EQ(CodeOf(sources().RecordPoll(source, Gap("2024-05-07", "2024-05-08"))), ErrorCode::kNotFound);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM event_gaps"), 0);
}

TEST_F(SourcesTest, AValidatorTooLongToKeepIsNone) {
  EventSource source = Firehose();
  source.etag = std::string(301, 'e');
  ASSERT_OK(sources().RecordPoll(source, {}));
  EXPECT_EQ(Firehose().etag, "");
}

TEST_F(SourcesTest, DueAreTheLongestWaitingByTheirOwnIntervals) {
  const auto polled = [&](EventSource source, int minutes_ago, std::optional<double> mean) {
    source.last_polled_at = clock_.Now() - minutes{minutes_ago};
    source.mean_interval_seconds = mean;
    EXPECT_OK(sources().RecordPoll(source, {}));
  };
  polled(FeedOf(1), 60, 3600);  // one of its intervals
  polled(FeedOf(2), 10, 60);    // ten
  polled(FeedOf(3), 5, {});     // five of GitHub's
  FeedOf(4);                    // never polled
  ASSERT_OK(db().Run("UPDATE event_sources SET active = FALSE WHERE kind = 'details'"));
  EXPECT_THAT(Due(), ElementsAre(std::pair(SourceKind::kRepository, 4), std::pair(SourceKind::kRepository, 2),
                                 std::pair(SourceKind::kRepository, 3), std::pair(SourceKind::kRepository, 1)));
}

TEST_F(SourcesTest, ListsByKindAndIdInPages) {
  FeedOf(7);
  Firehose();
  FeedOf(3);
  std::vector<std::pair<SourceKind, int64_t>> listed;
  std::optional<int64_t> after;
  for (;;) {
    const auto page = sources().ListSources(after, 2).value();
    if (page.empty()) break;
    for (const EventSource& source : page) listed.emplace_back(source.kind, source.repository.value);
    after = page.back().id;
  }
  EXPECT_THAT(listed, ElementsAre(std::pair(SourceKind::kDetails, 7), std::pair(SourceKind::kDetails, 3),
                                  std::pair(SourceKind::kFirehose, 0), std::pair(SourceKind::kRepository, 7),
                                  std::pair(SourceKind::kRepository, 3)));
}

TEST_F(SourcesTest, GapsComeNewestFirst) {
  const EventSource source = Firehose();
  Watch(source, "2024-05-01", "2024-05-07",
        {Gap("2024-05-02", "2024-05-03"), Gap("2024-05-05", "2024-05-06"), Gap("2024-05-03", "2024-05-04")});
  const auto gaps = sources().Gaps(source.id, 2).value();
  ASSERT_EQ(gaps.size(), 2u);
  EXPECT_EQ(gaps[0].from, At("2024-05-05"));
  EXPECT_EQ(gaps[1].to, At("2024-05-04"));
}

TEST_F(SourcesTest, NothingWatchedIsOneGap) {
  const Coverage coverage = Covered({}, "2024-05-06", "2024-05-07");
  EXPECT_EQ(coverage.share, 0);
  EXPECT_THAT(GapsOf(coverage), ElementsAre(std::pair(At("2024-05-06"), At("2024-05-07"))));
}

TEST_F(SourcesTest, CoverageIsWhatWasWatchedWithoutGaps) {
  Watch(Firehose(), "2024-05-06T02:00:00Z", "2024-05-06T22:00:00Z",
        {Gap("2024-05-06T04:00:00Z", "2024-05-06T05:00:00Z"), Gap("2024-05-06T04:30:00Z", "2024-05-06T06:00:00Z")});
  const Coverage coverage = Covered({}, "2024-05-06", "2024-05-07");
  EXPECT_DOUBLE_EQ(coverage.share, 18.0 / 24);
  EXPECT_THAT(GapsOf(coverage), ElementsAre(std::pair(At("2024-05-06"), At("2024-05-06T02:00:00Z")),
                                            std::pair(At("2024-05-06T04:00:00Z"), At("2024-05-06T06:00:00Z")),
                                            std::pair(At("2024-05-06T22:00:00Z"), At("2024-05-07"))));
}

TEST_F(SourcesTest, CoverageEndsNow) {
  Watch(Firehose(), "2024-05-01", "2024-05-07T12:00:00Z");
  clock_.Set(At("2024-05-07T12:00:00Z"));
  EXPECT_EQ(Covered({}, "2024-05-07", "2024-05-08").share, 1);
  EXPECT_THAT(Covered({}, "2024-05-07", "2024-05-08").gaps, IsEmpty());
  EXPECT_EQ(Covered({}, "2024-05-08", "2024-05-09").share, 0);
}

TEST_F(SourcesTest, OneSourceFillsTheGapsOfAnother) {
  Watch(Firehose(), "2024-05-06T00:00:00Z", "2024-05-06T12:00:00Z",
        {Gap("2024-05-06T02:00:00Z", "2024-05-06T04:00:00Z")});
  Watch(FeedOf(5), "2024-05-06T03:00:00Z", "2024-05-06T18:00:00Z");
  EXPECT_DOUBLE_EQ(Covered(5, "2024-05-06", "2024-05-07").share, 17.0 / 24);
  EXPECT_DOUBLE_EQ(Covered(6, "2024-05-06", "2024-05-07").share, 10.0 / 24);
  EXPECT_DOUBLE_EQ(Covered({}, "2024-05-06", "2024-05-07").share, 10.0 / 24);
}

TEST_F(SourcesTest, ImportedHoursCount) {
  FeedOf(5);
  Import("2024-05-06T01:00:00Z", false);
  Import("2024-05-06T02:00:00Z", true);
  Import("2024-05-06T03:00:00Z", false, ImportState::kRunning);
  Import("2024-05-06T04:00:00Z", false, ImportState::kFailed);
  Import("2024-05-05T23:00:00Z", false);
  EXPECT_DOUBLE_EQ(Covered({}, "2024-05-06", "2024-05-07").share, 1.0 / 24);
  EXPECT_DOUBLE_EQ(Covered(5, "2024-05-06", "2024-05-07").share, 2.0 / 24);
  EXPECT_DOUBLE_EQ(Covered(6, "2024-05-06", "2024-05-07").share, 1.0 / 24);
  EXPECT_DOUBLE_EQ(Covered({}, "2024-05-06T01:30:00Z", "2024-05-06T02:30:00Z").share, 0.5);
}

TEST_F(SourcesTest, ImportedHoursCountInRunsOfAnyLength) {
  using testing::Pair;
  for (const std::string hour : {"00", "01", "05", "06", "07", "09", "22", "23"})
    Import("2024-05-06T" + hour + ":00:00Z", false);
  Import("2024-05-07T00:00:00Z", false);
  Import("2024-05-06T06:00:00Z", false);  // once more
  EXPECT_THAT(GapsOf(Covered({}, "2024-05-05T23:00:00Z", "2024-05-07T02:00:00Z")),
              ElementsAre(Pair(At("2024-05-05T23:00:00Z"), At("2024-05-06")),
                          Pair(At("2024-05-06T02:00:00Z"), At("2024-05-06T05:00:00Z")),
                          Pair(At("2024-05-06T08:00:00Z"), At("2024-05-06T09:00:00Z")),
                          Pair(At("2024-05-06T10:00:00Z"), At("2024-05-06T22:00:00Z")),
                          Pair(At("2024-05-07T01:00:00Z"), At("2024-05-07T02:00:00Z"))));
  EXPECT_DOUBLE_EQ(Covered({}, "2024-05-06T06:30:00Z", "2024-05-06T08:30:00Z").share, 0.75);
}

TEST_F(SourcesTest, OnlyTheLongestGapsAreShown) {
  std::vector<SourceGap> gaps;
  for (int i = 0; i < 120; ++i) {
    const TimePoint from = At("2024-05-06") + minutes{i * 10};
    gaps.push_back({.from = from, .to = from + std::chrono::seconds{i + 1}, .polled_from = from, .polled_to = from});
  }
  Watch(Firehose(), "2024-05-05", "2024-05-07", gaps);
  const Coverage coverage = Covered({}, "2024-05-06", "2024-05-07");
  ASSERT_EQ(coverage.gaps.size(), 100u);
  EXPECT_EQ(coverage.gaps[0].from, At("2024-05-06") + minutes{200});
  EXPECT_DOUBLE_EQ(coverage.share, 1 - 7260 / 86400.0);
}

}  // namespace
}  // namespace repopulse
