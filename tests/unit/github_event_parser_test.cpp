#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "github/event_parser.h"
#include "support/event_json.h"
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

json Without(const std::string& field) {
  json sample = SampleEventJson();
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
  const Event event = Parsed(SampleEventJson());
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
  EXPECT_EQ(json::parse(event.payload), SampleEventJson()["payload"]);
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
  EXPECT_EQ(Parsed(EventJsonWith("/id", "9223372036854775807")).id, 9223372036854775807);
  EXPECT_EQ(Parsed(EventJsonWith("/id", 42)).id, 42);
  EXPECT_EQ(Parsed(EventJsonWith("/repo/id", "42")).repository.value, 42);
  for (const char* id : {R"("")", R"("abc")", R"("-1")", R"("0")", R"("1.5")", R"(" 1")", R"("9223372036854775808")",
                         "0", "-1", "1.5", "9223372036854775808", "1e400", "null", "true", "[]", "{}", "[1]"}) {
    std::string text = EventJsonWith("/id", "PLACE").dump();
    text.replace(text.find("\"PLACE\""), 7, id);
    EXPECT_FALSE(Parse(text)) << id;
    text = EventJsonWith("/repo/id", "PLACE").dump();
    text.replace(text.find("\"PLACE\""), 7, id);
    EXPECT_EQ(Parse(text).has_value(), std::string(id) == "null") << id;
  }
}

TEST(EventParser, KeepsAnEventWhoseRepositoryIsEmptyOrMissing) {
  for (const json& event : {EventJsonWith("/repo", json::object()), EventJsonWith("/repo", nullptr), Without("repo")}) {
    EXPECT_EQ(Parsed(event).repository.value, 0);
    EXPECT_EQ(Parsed(event).repository_name, "");
  }
  // A name alone could be anybody's.
  EXPECT_EQ(Parsed(EventJsonWith("/repo", {{"name", "octocat/Hello-World"}})).repository_name, "");
  EXPECT_NE(Refusal(EventJsonWith("/repo", "octocat/Hello-World")), "");
}

TEST(EventParser, LeavesOutANameThatIsNone) {
  for (const char* name : {"", "/", "a", "a/", "/b", "a/b/c", "a/..", "a b/c", "a/b\n", "\xC3\xA4/b"}) {
    const Event event = Parsed(EventJsonWith("/repo/name", name));
    EXPECT_EQ(event.repository_name, "") << name;
    EXPECT_EQ(event.repository.value, 1296269) << name;
  }
  EXPECT_EQ(Parsed(EventJsonWith("/repo/name", 5)).repository_name, "");
}

TEST(EventParser, KeepsAnEventOfNobody) {
  for (const json& event :
       {EventJsonWith("/actor", json::object()), EventJsonWith("/actor", nullptr), Without("actor")}) {
    EXPECT_EQ(Parsed(event).actor_id, 0);
    EXPECT_EQ(Parsed(event).actor_login, "");
  }
  EXPECT_NE(Refusal(EventJsonWith("/actor", "octocat")), "");
  EXPECT_NE(Refusal(EventJsonWith("/actor", json::array({1}))), "");
}

TEST(EventParser, CleansAndCutsLogins) {
  EXPECT_EQ(Parsed(EventJsonWith("/actor/login", "dependabot[bot]")).actor_login, "dependabot[bot]");
  EXPECT_EQ(Parsed(EventJsonWith("/actor/login", std::string(500, 'x'))).actor_login, std::string(64, 'x'));
  EXPECT_EQ(Parsed(EventJsonWith("/actor/login", std::string("a\0b\x1b[31mc", 9))).actor_login, "ab[31mc");
  EXPECT_EQ(Parsed(EventJsonWith("/actor/login", std::string(63, 'x') + "\xC3\xA4")).actor_login, std::string(63, 'x'));
}

TEST(EventParser, TakesTheNumberOfWhatTheEventIsAbout) {
  const auto number = [](json payload) { return Parsed(EventJsonWith("/payload", std::move(payload))).number; };
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
    json event = EventJsonWith("/type", type);
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
  EXPECT_EQ(Parsed(EventJsonWith("/created_at", "2026-02-28T12:34:56.999Z")).created_at, At("2026-02-28T12:34:56Z"));
  EXPECT_EQ(Parsed(EventJsonWith("/created_at", "2026-02-28T14:34:56+02:00")).created_at, At("2026-02-28T12:34:56Z"));
  for (const json& time : {json("2026-03-05T00:00:00Z"), json("1999-01-01T00:00:00Z"),
                           json("2015/01/01 00:00:00 -0700"), json(""), json(1772323260), json(nullptr)}) {
    EXPECT_NE(Refusal(EventJsonWith("/created_at", time)), "") << time;
  }
}

TEST(EventParser, KeepsUnknownTypesAndActionsThatAreWords) {
  const Event event = Parsed(EventJsonWith("/type", "SponsorshipEvent"));
  EXPECT_EQ(event.type, "SponsorshipEvent");
  EXPECT_EQ(Parsed(EventJsonWith("/payload/action", "teleported_2")).action, "teleported_2");
  EXPECT_EQ(Parsed(EventJsonWith("/payload/action", nullptr)).action, "");
  EXPECT_EQ(Parsed(EventJsonWith("/payload/action", "")).action, "");
  for (const json& word : {json("a b"), json("a-b"), json("a'; DROP"), json(std::string(65, 'x')), json("\xC3\xA4"),
                           json(5), json(json::object())}) {
    EXPECT_NE(Refusal(EventJsonWith("/type", word)), "") << word;
    EXPECT_NE(Refusal(EventJsonWith("/payload/action", word)), "") << word;
  }
  EXPECT_NE(Refusal(EventJsonWith("/type", "")), "");
  EXPECT_NE(Refusal(EventJsonWith("/type", nullptr)), "");
}

TEST(EventParser, SaysWhatIsMissing) {
  EXPECT_EQ(Refusal(Without("id")), "it has no id");
  EXPECT_EQ(Refusal(Without("type")), "it has no type");
  EXPECT_EQ(Refusal(Without("created_at")), "it has no created_at");
  EXPECT_EQ(Refusal(Without("payload")), "");
  EXPECT_EQ(Refusal(EventJsonWith("/payload", nullptr)), "");
  EXPECT_NE(Refusal(EventJsonWith("/payload", "text")), "");
}

TEST(EventParser, RefusesWhatIsNotOneJsonObject) {
  const std::string good = SampleEventJson().dump();
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
  EXPECT_EQ(Parsed(EventJsonWith("/payload/text", std::string(256 * 1024, 'x'))).payload, "");
  EXPECT_NE(Parsed(EventJsonWith("/payload/text", std::string(255 * 1024, 'x'))).payload, "");
  for (const char* inside : {R"("\ud800")", "123456789012345678901234567890", "tru", "1e999", "01"}) {
    std::string text = EventJsonWith("/payload/text", "PLACE").dump();
    text.replace(text.find("\"PLACE\""), 7, inside);
    const auto event = Parse(text);
    ASSERT_TRUE(event) << inside << event.error().reason;
    EXPECT_EQ(event->number, 7) << inside;
    EXPECT_EQ(event->payload, "") << inside;
  }
}

TEST(EventParser, ReplacesBytesThatAreNotUtf8) {
  std::string text = EventJsonWith("/payload/text", "PLACE").dump();
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
  EXPECT_STREQ(form(EventJsonWith("/repository", json::object()).dump()), "event");
  EXPECT_STREQ(form(EventJsonWith("/actor", "octocat").dump()), "malformed");
}

TEST(EventParser, IsNotHarmedByWhatItReadBefore) {
  EventParser parser;
  const std::string padding(kJsonPadding, ' ');
  const auto parse = [&](const std::string& text) {
    const std::string padded = text + padding;
    return parser.Parse(std::string_view(padded).substr(0, text.size()), kNow, KeepAll);
  };
  ASSERT_TRUE(parse(EventJsonWith("/actor/login", "first").dump()));
  ASSERT_FALSE(parse("{\"id\":\"5\",\"type\":"));
  const auto event = parse(R"({"id":"6","type":"PushEvent","created_at":"2026-02-28T12:34:56Z"})");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->actor_login, "");
  EXPECT_EQ(event->number, std::nullopt);
  EXPECT_EQ(event->payload, "");
}

}  // namespace
}  // namespace repopulse::test
