#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "github/event_parser.h"
#include "support/event_json.h"
#include "support/recorded_data.h"
#include "support/samples.h"

namespace repopulse::test {
namespace {

using nlohmann::json;

const TimePoint kNow = At("2026-03-01T00:00:00Z");

TEST(EventPage, KeepsTheOrderAndCountsWhatIsWrong) {
  json second = EventJsonWith("/id", "2");
  json third = EventJsonWith("/id", "3");
  third.erase("type");
  const auto page = ParseEventPage(
      json{EventJsonWith("/id", "1"), second, third, nullptr, 7, EventJsonWith("/id", "4")}.dump(), kNow);
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->delivered, 6);
  EXPECT_EQ(page->malformed, 3);
  ASSERT_EQ(page->events.size(), 3u);
  EXPECT_EQ(page->events[0].id, 1);
  EXPECT_EQ(page->events[1].id, 2);
  EXPECT_EQ(page->events[2].id, 4);
  EXPECT_EQ(json::parse(page->events[2].payload), SampleEventJson()["payload"]);
  EXPECT_EQ(page->malformed_reasons,
            (std::vector<std::string>{"entry 3: it has no type", "entry 4: it is not a JSON object",
                                      "entry 5: it is not a JSON object"}));
}

TEST(EventPage, MayBeEmpty) {
  for (const char* text : {"[]", " [ ] \n"}) {
    const auto page = ParseEventPage(text, kNow);
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(page->delivered, 0);
  }
}

TEST(EventPage, DoesNotSufferForOneEntrysFault) {
  const std::string good = SampleEventJson().dump();
  for (const char* fault : {R"({"id":123456789012345678901234567890})", R"({"id":"\ud800"})", R"({"id":tru})",
                            "{\"a\":\"\xFF\"}", "\"\\ud800\"", "123456789012345678901234567890"}) {
    const auto page = ParseEventPage("[" + good + "," + fault + "," + good + "]", kNow);
    ASSERT_TRUE(page) << fault << page.error().message;
    EXPECT_EQ(page->events.size(), 2u) << fault;
    EXPECT_EQ(page->malformed, 1) << fault;
  }
}

TEST(EventPage, SaysWhyOfTheFirstFewOnly) {
  const auto page = ParseEventPage(json(std::vector<json>(100, json::object())).dump(), kNow);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->malformed, 100);
  EXPECT_EQ(page->malformed_reasons.size(), 5u);
}

TEST(EventPage, RefusesWhatIsNotAnArray) {
  const std::string good = SampleEventJson().dump();
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("{}"), good, "[" + good, "[" + good + ",", "[" + good + "]]",
        "[" + good + "] x", std::string("<html></html>"), std::string(R"({"message":"Server Error"})")}) {
    const auto page = ParseEventPage(text, kNow);
    ASSERT_FALSE(page) << text;
    EXPECT_EQ(page.error().code, ErrorCode::kMalformed) << text;
  }
  std::string endless = "[";
  for (int i = 0; i < 1001; ++i) endless += i == 0 ? "1" : ",1";
  EXPECT_FALSE(ParseEventPage(endless + "]", kNow));
}

// ---- recorded events, against what another parser reads

void ExpectTheSame(const Event& event, const json& expected) {
  EXPECT_EQ(std::to_string(event.id), expected["id"].get<std::string>());
  EXPECT_EQ(event.type, expected["type"]);
  EXPECT_EQ(event.created_at, At(expected["created_at"].get<std::string>()));
  EXPECT_EQ(event.actor_login, expected["actor"].value("login", ""));
  EXPECT_EQ(event.actor_id, expected["actor"].value("id", 0));
  EXPECT_EQ(event.repository.value, expected["repo"].value("id", 0));
  if (event.repository.value != 0) {
    EXPECT_EQ(event.repository_name, expected["repo"]["name"]);
  }
  const json& payload = expected["payload"];
  EXPECT_EQ(event.action, payload.value("action", ""));
  EXPECT_EQ(json::parse(event.payload), payload);
  std::optional<int64_t> number;
  if (payload.contains("number")) number = payload["number"].get<int64_t>();
  for (const char* about : {"discussion", "pull_request", "issue"}) {
    if (payload.contains(about) && payload[about].contains("number")) number = payload[about]["number"].get<int64_t>();
  }
  EXPECT_EQ(event.number, number) << payload.dump().substr(0, 300);
}

TEST(EventPage, ReadsARecordedReadingOfTheFirehose) {
  size_t events = 0;
  for (int i = 1; i <= 10; ++i) {
    const auto text = RecordedData("github/events-page-" + std::to_string(i) + ".2019-10.json");
    if (!text) GTEST_SKIP() << "no recorded answers in " << RecordedDataFolder();
    const json body = json::parse(*text)["body"];
    const auto page = ParseEventPage(body.dump(), kNow);
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(page->malformed, 0) << i;
    ASSERT_EQ(page->events.size(), body.size()) << i;
    for (size_t j = 0; j < body.size(); ++j) ExpectTheSame(page->events[j], body[j]);
    events += page->events.size();
  }
  EXPECT_GT(events, 200u);
}

TEST(EventPage, ReadsEventsAfterThePayloadsWereTrimmed) {
  for (const char* name : {"push-events.2025-11.json", "mixed-events.2026-01.json"}) {
    const auto text = RecordedData(std::string("github/") + name);
    if (!text) GTEST_SKIP() << "no recorded answers in " << RecordedDataFolder();
    const json body = json::parse(*text);
    const auto page = ParseEventPage(*text, kNow);
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(page->malformed, 0) << name << (page->malformed_reasons.empty() ? "" : page->malformed_reasons[0]);
    ASSERT_EQ(page->events.size(), body.size()) << name;
    for (size_t i = 0; i < body.size(); ++i) ExpectTheSame(page->events[i], body[i]);
  }
}

TEST(EventPage, ReadsAHundredEventsOfOneSecond) {
  const auto text = RecordedData("github/events-page.2026-07.reduced.json");
  if (!text) GTEST_SKIP() << "no recorded answers in " << RecordedDataFolder();
  json body = json::array();
  for (const json& reduced : json::parse(*text)) {
    body.push_back({{"id", reduced["event_id"]},
                    {"type", reduced["event_type"]},
                    {"actor", {{"login", reduced["actor"]}}},
                    {"repo", {{"id", 1}, {"name", reduced["repo_name"]}}},
                    {"payload", json::object()},
                    {"created_at", reduced["created_at"]}});
  }
  const auto page = ParseEventPage(body.dump(), At("2026-07-16T11:23:08Z"));
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->events.size(), 100u);
  for (size_t i = 0; i < body.size(); ++i) ExpectTheSame(page->events[i], body[i]);
  // As it was recorded it is not in GitHub's form: every entry is counted as wrong, and nothing else happens.
  const auto reduced = ParseEventPage(*text, kNow);
  ASSERT_TRUE(reduced);
  EXPECT_EQ(reduced->malformed, 100);
}

}  // namespace
}  // namespace repopulse::test
