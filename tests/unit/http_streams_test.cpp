// Series that are sent as they are made: what they hold, where they end, and what a client sees of a failure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/answer_writer.h"
#include "support/event_service.h"

namespace repopulse::http {
namespace {

using std::chrono::days;
using std::chrono::hours;
using test::At;
using test::EventService;
using test::Seen;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kActivity = "/api/v1/repos/kube/ctl/activity/history?bucket=hour";
constexpr const char* kPopularity = "/api/v1/repos/kube/ctl/popularity/history?";

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (const std::string_view line : Split(text, '\n')) {
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

// ---- What they hold

// Three pieces, with an event in each; one type is seen in the last alone.
struct BusyService : EventService {
  BusyService() {
    events.Add({1}, "PushEvent", "", "2024-01-01T00:30:00Z");
    events.Add({1}, "PushEvent", "", "2024-02-20T00:00:00Z");
    events.Add({1}, "ForkEvent", "", "2024-04-19T23:59:59Z");
  }
};
const std::string kHours = std::string(kActivity) + "&from=2024-01-01&to=2024-04-19";  // 2,640 of them

TEST(Streams, OfHoursHoldWhatTheirWindowsHold) {
  BusyService service;
  const Seen all = service.Get(kHours + "&format=csv");
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(all.pieces, 3);
  const auto lines = LinesOf(all.body);
  ASSERT_EQ(lines.size(), 1U + 2640U);
  EXPECT_EQ(lines[0], "bucket,total,counts.ForkEvent,counts.PushEvent\r");
  EXPECT_EQ(lines[1], "2024-01-01T00:00:00Z,1,0,1\r");
  EXPECT_EQ(lines[2], "2024-01-01T01:00:00Z,0,0,0\r");
  EXPECT_EQ(lines[1 + 50 * 24], "2024-02-20T00:00:00Z,1,0,1\r");
  EXPECT_EQ(lines.back(), "2024-04-19T23:00:00Z,1,1,0\r");
  EXPECT_THAT(all.body, Not(HasSubstr("\r\nbucket,"))) << "one header row";
  for (size_t i = 1; i < lines.size(); ++i) {
    EXPECT_TRUE(lines[i].starts_with(FormatRfc3339(At("2024-01-01T00:00:00Z") + (i - 1) * hours{1}) + ",")) << lines[i];
  }
  const auto rows = LinesOf(service.Get(kHours + "&format=ndjson").body);
  ASSERT_EQ(rows.size(), 2640U);
  EXPECT_EQ(rows[0], R"({"bucket":"2024-01-01T00:00:00Z","total":1,"counts":{"ForkEvent":0,"PushEvent":1}})");
}

TEST(Streams, OfDaysCountFromTheDayBeforeThemAndGoOnFromPieceToPiece) {
  EventService service;
  service.repositories.fake.stored.push_back({.repository = test::SampleRepository(1, "Kube/Ctl", 1),
                                              .fetched_at = service.clock.Now(),
                                              .gone_at = {},
                                              .topics = {}});
  const auto snap = [&](const char* day, int64_t stars) {
    service.repositories.fake.snapshots.push_back({DayOf(At(std::string(day) + "T00:00:00Z")), stars, 7, 3});
  };
  snap("2019-12-31", 90);
  snap("2020-01-01", 100);
  snap("2023-12-31", 150);
  const Seen all = service.Get(std::string(kPopularity) + "from=2020-01-01&to=2023-12-31&format=csv");
  EXPECT_EQ(all.pieces, 2);
  const auto lines = LinesOf(all.body);
  ASSERT_EQ(lines.size(), 1U + 1461U);
  EXPECT_EQ(lines[1], "2020-01-01,true,100,10,7,0,3,0\r");
  EXPECT_EQ(lines[1101], "2023-01-05,false,100,0,7,0,3,0\r") << "the first of the second piece";
  EXPECT_EQ(lines.back(), "2023-12-31,true,150,50,7,0,3,0\r");
}

// ---- Where they end

TEST(Streams, AreForWhatIsLongerThanAnAnswerMadeAsAWhole) {
  BusyService service;
  const auto ask = [&](const char* span, const char* format) {
    return service.Get(std::string(kActivity) + span + "&format=" + format);
  };
  const char* const whole = "&from=2024-03-05T04:00:00Z&to=2024-04-19T23:00:00Z";  // 1,100
  EXPECT_TRUE(ask(whole, "csv").cached_form);
  const char* const longer = "&from=2024-03-05T03:00:00Z&to=2024-04-19T23:00:00Z";
  EXPECT_EQ(ask(longer, "csv").pieces, 2);
  EXPECT_EQ(ask(longer, "ndjson").pieces, 2);
  EXPECT_THAT(ask(longer, "json").wrong_parameters(), ElementsAre("from"));
  EXPECT_THAT(ask(longer, "json").body, HasSubstr("at most 1100 buckets up to `to`, as csv or ndjson 11000"));
  EXPECT_EQ(ask("&from=2023-01-17T16:00:00Z&to=2024-04-19T23:00:00Z", "csv").pieces, 10);
  EXPECT_THAT(ask("&from=2023-01-17T15:00:00Z&to=2024-04-19T23:00:00Z", "csv").wrong_parameters(), ElementsAre("from"));
  EXPECT_EQ(service.Get(std::string(kPopularity) + "from=1994-03-27&to=2024-05-07&format=csv").pieces, 10);
  EXPECT_THAT(service.Get(std::string(kPopularity) + "from=1994-03-26&to=2024-05-07&format=csv").wrong_parameters(),
              ElementsAre("from"));
}

TEST(Streams, GiveWayToWhatIsAnsweredInstead) {
  BusyService service;
  EXPECT_EQ(service.Get("/api/v1/repos/no/body/activity/history?bucket=hour&from=2024-01-01&format=csv").status, 404);
  const Seen moved = service.Get("/api/v1/repos/old/name/activity/history?bucket=hour&from=2024-01-01&format=csv");
  EXPECT_EQ(moved.status, 301);
  EXPECT_THAT(moved.header("Location"), HasSubstr("Kube/Ctl/activity/history?bucket=hour&from=2024-01-01&format=csv"));
  service.events.failing = Error{ErrorCode::kUnavailable, "gone"};
  EXPECT_EQ(service.Get(kHours + "&format=csv").status, 503);
}

// ---- On the wire

struct Sent {
  Written written;
  std::string bytes;
};
Sent Send(const Stream& stream, bool head_only = false) {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  Sent sent;
  std::thread reader([&] {
    char bytes[4096];
    for (ssize_t read = 0; (read = ::read(ends[1], bytes, sizeof(bytes))) > 0;)
      sent.bytes.append(bytes, static_cast<size_t>(read));
  });
  const WriteOptions options{.head_only = head_only, .replica = "replica-1", .date = "now"};
  sent.written = WriteAnswer(ends[0], {}, {stream}, options, std::chrono::seconds{10});
  ::close(ends[0]);
  reader.join();
  ::close(ends[1]);
  return sent;
}

Stream Pieces(std::vector<std::string> pieces, std::optional<Error> then = {}) {
  auto left = std::make_shared<std::vector<std::string>>(std::move(pieces));
  const auto next = [left, then]() -> Result<std::string> {
    if (left->empty()) return then ? Result<std::string>(tl::make_unexpected(*then)) : std::string();
    std::string piece = left->front();
    left->erase(left->begin());
    return piece;
  };
  return {"text/csv", *next(), next};
}

TEST(Streams, AreSentInChunksOfAPieceEach) {
  const Sent sent = Send(Pieces({"first,", std::string(20, 'x'), "last"}));
  EXPECT_TRUE(sent.written.complete);
  EXPECT_EQ(sent.written.status, 200);
  EXPECT_EQ(sent.written.bytes, sent.bytes.size());
  EXPECT_THAT(sent.bytes, HasSubstr("\r\nContent-Type: text/csv\r\nCache-Control: no-store\r\n"));
  EXPECT_THAT(sent.bytes, HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_THAT(sent.bytes, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(sent.bytes, EndsWith("\r\n\r\n6\r\nfirst,\r\n14\r\nxxxxxxxxxxxxxxxxxxxx\r\n4\r\nlast\r\n0\r\n\r\n"));
}

TEST(Streams, OfAHeadAreTheirHeadersAlone) {
  int made = 0;
  const Sent sent =
      Send({"text/csv", "first", [&made]() -> Result<std::string> { return ++made, std::string(); }}, true);
  EXPECT_THAT(sent.bytes, EndsWith("\r\n\r\n"));
  EXPECT_THAT(sent.bytes, Not(HasSubstr("first")));
  EXPECT_EQ(made, 0);
}

TEST(Streams, ThatFailHaveNoLastChunk) {
  const Sent sent = Send(Pieces({"first", "second"}, Error{ErrorCode::kUnavailable, "MySQL is gone"}));
  EXPECT_FALSE(sent.written.complete);
  EXPECT_THAT(sent.bytes, EndsWith("\r\n5\r\nfirst\r\n6\r\nsecond\r\n"));
}

TEST(Streams, MakeNoMorePiecesForWhoHasGone) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  ::close(ends[1]);
  int made = 0;
  const Stream endless{"text/csv", "x", [&made]() -> Result<std::string> { return ++made, std::string("x"); }};
  EXPECT_FALSE(WriteAnswer(ends[0], {}, {endless}, {}, std::chrono::seconds{10}).complete);
  EXPECT_EQ(made, 0);
  ::close(ends[0]);
}

}  // namespace
}  // namespace repopulse::http
