#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/strings.h"
#include "github/event_parser.h"
#include "support/recorded_data.h"
#include "support/samples.h"

namespace repopulse::test {
namespace {

using nlohmann::json;

const TimePoint kNow = At("2026-03-01T00:00:00Z");

bool KeepAll(RepositoryId) { return true; }

tl::expected<Event, NotAnEvent> Parse(std::string text, const std::function<bool(RepositoryId)>& keeps = KeepAll) {
  EventParser parser;
  const size_t size = text.size();
  text.append(kJsonPadding, 'x');
  return parser.Parse(std::string_view(text).substr(0, size), kNow, keeps);
}

json Sample() {
  return {{"id", "22249084947"},
          {"type", "IssuesEvent"},
          {"actor", {{"id", 583231}, {"login", "octocat"}, {"display_login", "octocat"}}},
          {"repo", {{"id", 1296269}, {"name", "octocat/Hello-World"}, {"url", "https://api.github.com/repos/x/y"}}},
          {"payload", {{"action", "opened"}, {"issue", {{"id", 73464126}, {"number", 7}, {"title", "It broke"}}}}},
          {"public", true},
          {"created_at", "2026-02-28T12:34:56Z"}};
}

json With(const std::string& pointer, json value) {
  json sample = Sample();
  sample[json::json_pointer(pointer)] = std::move(value);
  return sample;
}

json Without(const std::string& field) {
  json sample = Sample();
  sample.erase(field);
  return sample;
}

Event Parsed(const json& event) {
  auto parsed = Parse(event.dump());
  EXPECT_TRUE(parsed) << event.dump() << parsed.error().reason;
  return parsed.value_or(Event{});
}

// Why it is no event; empty where it is one.
std::string Refusal(const json& event) {
  const auto parsed = Parse(event.dump());
  return parsed ? "" : std::string(parsed.error().reason);
}

TEST(EventParser, ReadsEveryField) {
  const Event event = Parsed(Sample());
  EXPECT_EQ(event.id, 22249084947);
  EXPECT_EQ(event.type, "IssuesEvent");
  EXPECT_EQ(event.action, "opened");
  EXPECT_EQ(event.repository.value, 1296269);
  EXPECT_EQ(event.repository_name, "octocat/Hello-World");
  EXPECT_EQ(event.actor_id, 583231);
  EXPECT_EQ(event.actor_login, "octocat");
  EXPECT_EQ(event.number, 7);
  EXPECT_FALSE(event.merged);
  EXPECT_EQ(event.created_at, At("2026-02-28T12:34:56Z"));
  EXPECT_EQ(json::parse(event.payload), Sample()["payload"]);
}

TEST(EventParser, DoesNotMindTheOrderOfFieldsNorWhatItDoesNotKnow) {
  const Event event = Parsed(json::parse(
      R"({"new_field":{"id":[1,{"id":2}]},"payload":{"id":3,"number":12},"created_at":"2026-02-28T12:34:56Z",
                             "type":"PushEvent","repo":{"name":"a/b","id":5},"id":9})"));
  EXPECT_EQ(event.id, 9);
  EXPECT_EQ(event.repository.value, 5);
  EXPECT_EQ(event.number, 12);
}

TEST(EventParser, TakesIdsAsTextsAndAsNumbers) {
  EXPECT_EQ(Parsed(With("/id", "9223372036854775807")).id, 9223372036854775807);
  EXPECT_EQ(Parsed(With("/id", 42)).id, 42);
  EXPECT_EQ(Parsed(With("/repo/id", "42")).repository.value, 42);
  for (const char* id : {R"("")", R"("abc")", R"("-1")", R"("0")", R"("1.5")", R"(" 1")", R"("9223372036854775808")",
                         "0", "-1", "1.5", "9223372036854775808", "1e400", "null", "true", "[]", "{}", "[1]"}) {
    std::string text = With("/id", "PLACE").dump();
    text.replace(text.find("\"PLACE\""), 7, id);
    EXPECT_FALSE(Parse(text)) << id;
    text = With("/repo/id", "PLACE").dump();
    text.replace(text.find("\"PLACE\""), 7, id);
    EXPECT_EQ(Parse(text).has_value(), std::string(id) == "null") << id;
  }
}

TEST(EventParser, KeepsAnEventWhoseRepositoryIsEmptyOrMissing) {
  for (const json& event : {With("/repo", json::object()), With("/repo", nullptr), Without("repo")}) {
    EXPECT_EQ(Parsed(event).repository.value, 0);
    EXPECT_EQ(Parsed(event).repository_name, "");
  }
  // A name alone could be anybody's.
  EXPECT_EQ(Parsed(With("/repo", {{"name", "octocat/Hello-World"}})).repository_name, "");
  EXPECT_NE(Refusal(With("/repo", "octocat/Hello-World")), "");
}

TEST(EventParser, LeavesOutANameThatIsNone) {
  for (const char* name : {"", "/", "a", "a/", "/b", "a/b/c", "a/..", "a b/c", "a/b\n", "\xC3\xA4/b"}) {
    const Event event = Parsed(With("/repo/name", name));
    EXPECT_EQ(event.repository_name, "") << name;
    EXPECT_EQ(event.repository.value, 1296269) << name;
  }
  EXPECT_EQ(Parsed(With("/repo/name", 5)).repository_name, "");
}

TEST(EventParser, KeepsAnEventOfNobody) {
  for (const json& event : {With("/actor", json::object()), With("/actor", nullptr), Without("actor")}) {
    EXPECT_EQ(Parsed(event).actor_id, 0);
    EXPECT_EQ(Parsed(event).actor_login, "");
  }
  EXPECT_NE(Refusal(With("/actor", "octocat")), "");
  EXPECT_NE(Refusal(With("/actor", json::array({1}))), "");
}

TEST(EventParser, CleansAndCutsLogins) {
  EXPECT_EQ(Parsed(With("/actor/login", "dependabot[bot]")).actor_login, "dependabot[bot]");
  EXPECT_EQ(Parsed(With("/actor/login", std::string(500, 'x'))).actor_login, std::string(64, 'x'));
  EXPECT_EQ(Parsed(With("/actor/login", std::string("a\0b\x1b[31mc", 9))).actor_login, "ab[31mc");
  EXPECT_EQ(Parsed(With("/actor/login", std::string(63, 'x') + "\xC3\xA4")).actor_login, std::string(63, 'x'));
}

TEST(EventParser, TakesTheNumberOfWhatTheEventIsAbout) {
  const auto number = [](json payload) { return Parsed(With("/payload", std::move(payload))).number; };
  EXPECT_EQ(number({{"issue", {{"number", 1}}}}), 1);
  EXPECT_EQ(number({{"pull_request", {{"number", 2}}}}), 2);
  EXPECT_EQ(number({{"discussion", {{"number", 3}}}}), 3);
  EXPECT_EQ(number({{"number", 4}}), 4);
  EXPECT_EQ(number({{"number", 4}, {"pull_request", {{"number", 2}}}}), 2);
  EXPECT_EQ(number({{"number", 4}, {"pull_request", {{"id", 2}}}}), 4);
  for (const json& none :
       {json::object(), json{{"number", "4"}}, json{{"number", -4}}, json{{"number", 1.5}}, json{{"issue", nullptr}},
        json{{"issue", "x"}}, json{{"issue", json::array({1})}}, json{{"comment", {{"number", 5}}}}}) {
    EXPECT_EQ(number(none), std::nullopt) << none;
  }
}

TEST(EventParser, SeesAMergeBeforeAndAfterThePayloadsWereTrimmed) {
  const auto merged = [](const char* type, json payload) {
    json event = With("/type", type);
    event["payload"] = std::move(payload);
    return Parsed(event).merged;
  };
  EXPECT_TRUE(merged("PullRequestEvent", {{"action", "merged"}, {"number", 3}, {"pull_request", {{"number", 3}}}}));
  EXPECT_TRUE(merged("PullRequestEvent", {{"action", "closed"}, {"pull_request", {{"merged", true}}}}));
  EXPECT_TRUE(merged("PullRequestEvent", {{"pull_request", {{"merged", true}}}, {"action", "closed"}}));
  EXPECT_FALSE(merged("PullRequestEvent", {{"action", "closed"}, {"pull_request", {{"merged", false}}}}));
  EXPECT_FALSE(merged("PullRequestEvent", {{"action", "closed"}, {"pull_request", {{"merged", "true"}}}}));
  EXPECT_FALSE(merged("PullRequestEvent", {{"action", "opened"}, {"pull_request", {{"merged", true}}}}));
  EXPECT_FALSE(merged("PullRequestReviewEvent", {{"action", "closed"}, {"pull_request", {{"merged", true}}}}));
}

TEST(EventParser, CutsTimesToSecondsAndRefusesThoseThatCannotBe) {
  EXPECT_EQ(Parsed(With("/created_at", "2026-02-28T12:34:56.999Z")).created_at, At("2026-02-28T12:34:56Z"));
  EXPECT_EQ(Parsed(With("/created_at", "2026-02-28T14:34:56+02:00")).created_at, At("2026-02-28T12:34:56Z"));
  for (const json& time : {json("2026-03-05T00:00:00Z"), json("1999-01-01T00:00:00Z"),
                           json("2015/01/01 00:00:00 -0700"), json(""), json(1772323260), json(nullptr)}) {
    EXPECT_NE(Refusal(With("/created_at", time)), "") << time;
  }
}

TEST(EventParser, KeepsUnknownTypesAndActionsThatAreWords) {
  const Event event = Parsed(With("/type", "SponsorshipEvent"));
  EXPECT_EQ(event.type, "SponsorshipEvent");
  EXPECT_EQ(Parsed(With("/payload/action", "teleported_2")).action, "teleported_2");
  EXPECT_EQ(Parsed(With("/payload/action", nullptr)).action, "");
  EXPECT_EQ(Parsed(With("/payload/action", "")).action, "");
  for (const json& word : {json("a b"), json("a-b"), json("a'; DROP"), json(std::string(65, 'x')), json("\xC3\xA4"),
                           json(5), json(json::object())}) {
    EXPECT_NE(Refusal(With("/type", word)), "") << word;
    EXPECT_NE(Refusal(With("/payload/action", word)), "") << word;
  }
  EXPECT_NE(Refusal(With("/type", "")), "");
  EXPECT_NE(Refusal(With("/type", nullptr)), "");
}

TEST(EventParser, SaysWhatIsMissing) {
  EXPECT_EQ(Refusal(Without("id")), "it has no id");
  EXPECT_EQ(Refusal(Without("type")), "it has no type");
  EXPECT_EQ(Refusal(Without("created_at")), "it has no created_at");
  EXPECT_EQ(Refusal(Without("payload")), "");
  EXPECT_EQ(Refusal(With("/payload", nullptr)), "");
  EXPECT_NE(Refusal(With("/payload", "text")), "");
}

TEST(EventParser, RefusesWhatIsNotOneJsonObject) {
  const std::string good = Sample().dump();
  for (const std::string& text :
       {std::string(), std::string("   "), std::string("null"), std::string("7"), std::string("[]"), std::string("[1]"),
        std::string("{"), std::string("{}x"), good + good, good + "x", good.substr(0, good.size() - 1),
        good.substr(0, good.size() / 2), "[" + good + "]", std::string(100'000, '['), std::string(100'000, '{')}) {
    EXPECT_FALSE(Parse(text)) << text.substr(0, 100);
  }
}

TEST(EventParser, KeepsThePayloadAsItCameWhereItIsWanted) {
  const std::string payload = R"({ "action" : "started", "text":"a\"}\u00e4", "n": 1.50, "list":[ {}, [] ] })";
  const std::string text = R"({"id":"1","type":"WatchEvent","repo":{"id":5},"payload": )" + payload +
                           R"(  ,"created_at":"2026-02-28T12:34:56Z"})";
  EXPECT_EQ(Parse(text)->payload, payload);
  EXPECT_EQ(Parse(text, {})->payload, "");
  EXPECT_EQ(Parse(text, [](RepositoryId id) { return id.value == 5; })->payload, payload);
  EXPECT_EQ(Parse(text, [](RepositoryId id) { return id.value == 6; })->payload, "");
  // It may come last, or be empty.
  EXPECT_EQ(
      Parse(R"({"id":"1","type":"WatchEvent","created_at":"2026-02-28T12:34:56Z","payload":{"a":{"b":1}} })")->payload,
      R"({"a":{"b":1}})");
  EXPECT_EQ(Parse(R"({"id":"1","type":"WatchEvent","payload":{},"created_at":"2026-02-28T12:34:56Z"})")->payload, "{}");
}

TEST(EventParser, KeepsTheEventButNotAPayloadThatIsTooLargeOrNotWhole) {
  EXPECT_EQ(Parsed(With("/payload/text", std::string(256 * 1024, 'x'))).payload, "");
  EXPECT_NE(Parsed(With("/payload/text", std::string(255 * 1024, 'x'))).payload, "");
  for (const char* inside : {R"("\ud800")", "123456789012345678901234567890", "tru", "1e999", "01"}) {
    std::string text = With("/payload/text", "PLACE").dump();
    text.replace(text.find("\"PLACE\""), 7, inside);
    const auto event = Parse(text);
    ASSERT_TRUE(event) << inside << event.error().reason;
    EXPECT_EQ(event->number, 7) << inside;
    EXPECT_EQ(event->payload, "") << inside;
  }
}

TEST(EventParser, ReplacesBytesThatAreNotUtf8) {
  std::string text = With("/payload/text", "PLACE").dump();
  text.replace(text.find("PLACE"), 5, "\xFF\xC3(");
  const auto event = Parse(text);
  ASSERT_TRUE(event) << event.error().reason;
  EXPECT_EQ(json::parse(event->payload)["text"], "\xEF\xBF\xBD\xEF\xBF\xBD(");
}

TEST(EventParser, KnowsTheFormOfTheOldArchives) {
  const auto form = [](const std::string& text) {
    const auto parsed = Parse(text);
    return parsed ? "event" : parsed.error().other_format ? "old" : "malformed";
  };
  EXPECT_STREQ(form(R"({"created_at":"2012-03-11T00:00:00-08:00","payload":{"shas":[["a","b"]],"size":1},"public":true,
                        "type":"PushEvent","url":"https://github.com/a/b/compare/1...2","actor":"octocat",
                        "repository":{"id":5,"name":"b","owner":"a"},"actor_attributes":{"login":"octocat"}})"),
               "old");
  EXPECT_STREQ(form(R"({"created_at":"2013/01/01 00:00:00 -0800","type":"GistEvent","actor":"octocat","payload":{}})"),
               "old");
  EXPECT_STREQ(form(Without("id").dump()), "malformed");
  EXPECT_STREQ(form(With("/repository", json::object()).dump()), "event");
  EXPECT_STREQ(form(With("/actor", "octocat").dump()), "malformed");
}

TEST(EventParser, IsNotHarmedByWhatItReadBefore) {
  EventParser parser;
  const std::string padding(kJsonPadding, ' ');
  const auto parse = [&](const std::string& text) {
    const std::string padded = text + padding;
    return parser.Parse(std::string_view(padded).substr(0, text.size()), kNow, KeepAll);
  };
  ASSERT_TRUE(parse(With("/actor/login", "first").dump()));
  ASSERT_FALSE(parse("{\"id\":\"5\",\"type\":"));
  const auto event = parse(R"({"id":"6","type":"PushEvent","created_at":"2026-02-28T12:34:56Z"})");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->actor_login, "");
  EXPECT_EQ(event->number, std::nullopt);
  EXPECT_EQ(event->payload, "");
}

TEST(EventPage, KeepsTheOrderAndCountsWhatIsWrong) {
  json second = With("/id", "2");
  json third = With("/id", "3");
  third.erase("type");
  const auto page = ParseEventPage(json{With("/id", "1"), second, third, nullptr, 7, With("/id", "4")}.dump(), kNow);
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->delivered, 6);
  EXPECT_EQ(page->malformed, 3);
  ASSERT_EQ(page->events.size(), 3u);
  EXPECT_EQ(page->events[0].id, 1);
  EXPECT_EQ(page->events[1].id, 2);
  EXPECT_EQ(page->events[2].id, 4);
  EXPECT_EQ(json::parse(page->events[2].payload), Sample()["payload"]);
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
  const std::string good = Sample().dump();
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
  const std::string good = Sample().dump();
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
