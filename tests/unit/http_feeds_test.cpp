#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time_format.h"
#include "http/feed.h"
#include "support/event_service.h"

namespace repopulse::http {
namespace {

using nlohmann::json;
using test::At;
using test::EventService;
using test::RepositoryNamed;
using test::SampleRepository;
using test::Seen;
using test::TopicNamed;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kTopic = "/api/v1/topics/kubernetes";

struct FeedService : EventService {
  FeedService() {
    EXPECT_TRUE(topics.Track(TopicNamed("kubernetes"), clock.Now()));
    TrendingRepository rising;
    rising.id = RepositoryId{1};
    rising.name = RepositoryNamed("Kube/Ctl");
    rising.description = SampleRepository(1, "Kube/Ctl", 120);
    rising.trending.stars = 9;
    rising.trending.forks = 1;
    TrendingRepository nameless;
    nameless.id = RepositoryId{2};
    trends.trending = {rising, nameless};
    trends.newcomers = {{SampleRepository(3, "a/three", 7), At("2024-05-07T06:00:00Z")},
                        {SampleRepository(4, "a/four", 7), At("2024-04-07T06:00:00Z")}};
  }
  void Publish() { topics.fake.Serve(TopicNamed("kubernetes"), {}, clock.Now()); }
};

TEST(Feed, EscapesWhatItTells) {
  const Feed feed{.id = "urn:x",
                  .title = "A & B",
                  .self = "/f?a=1&b=2",
                  .updated = At("2024-05-08T00:00:00Z"),
                  .entries = {{"urn:x:1", "<i>", "https://github.com/a/b", "\x01\xff\xEF\xBF\xBF <script>",
                               At("2024-05-07T00:00:00Z"), At("2024-05-08T00:00:00Z")}}};
  const std::string atom = RenderAtom(feed);
  EXPECT_THAT(atom, AllOf(HasSubstr("<title>A &amp; B</title>"), HasSubstr("href=\"/f?a=1&amp;b=2\""),
                          HasSubstr("<title>&lt;i&gt;</title>"), HasSubstr("<updated>2024-05-08T00:00:00Z</updated>"),
                          HasSubstr("\xEF\xBF\xBD &lt;script&gt;"), Not(HasSubstr("\x01"))));
}

TEST(Feed, OfATopicTellsNewcomersAndRisers) {
  FeedService service;
  service.Publish();
  const Seen answer = service.Get(kTopic + "/feed.json");
  EXPECT_EQ(answer.header("Content-Type"), "application/feed+json; charset=utf-8");
  const json feed = answer.json();
  EXPECT_EQ(feed["version"], "https://jsonfeed.org/version/1.1");
  EXPECT_EQ(feed["items"], json::parse(R"([
    {"id": "urn:repopulse:here:feed:topic:kubernetes:trending:2024-05-08:1", "url": "https://github.com/Kube/Ctl",
     "title": "Kube/Ctl trends in the topic kubernetes",
     "content_text": "9 stars and 1 fork in 24 hours · Go · 120 stars · A description",
     "date_published": "2024-05-08T00:00:00Z", "date_modified": "2024-05-08T00:00:00Z"},
    {"id": "urn:repopulse:here:feed:topic:kubernetes:newcomer:3", "url": "https://github.com/a/three",
     "title": "a/three joined the topic kubernetes", "content_text": "Go · 7 stars · A description",
     "date_published": "2024-05-07T06:00:00Z", "date_modified": "2024-05-07T06:00:00Z"}])"));
  EXPECT_EQ(service.trends.queries.back().topic, TopicNamed("kubernetes"));
}

TEST(Feed, OfATopicIsAtomToo) {
  FeedService service;
  service.Publish();
  const Seen answer = service.Get(kTopic + "/feed.atom");
  EXPECT_EQ(answer.header("Content-Type"), "application/atom+xml; charset=utf-8");
  EXPECT_THAT(answer.body,
              AllOf(HasSubstr("<feed xmlns=\"http://www.w3.org/2005/Atom\">"),
                    HasSubstr("<updated>2024-05-08T00:00:00Z</updated><link rel=\"self\""),
                    HasSubstr("<id>urn:repopulse:here:feed:topic:kubernetes:newcomer:3</id>"),
                    HasSubstr("<link rel=\"alternate\" type=\"text/html\" href=\"https://github.com/a/three\"/>")));
  EXPECT_EQ(answer.header("Cache-Control"), "public, max-age=300, stale-while-revalidate=3600, stale-if-error=86400");
}

TEST(Feed, IsOneEntryADayForWhatTrends) {
  FeedService service;
  const std::string today = service.Get("/api/v1/trending.atom").body;
  service.clock.Advance(std::chrono::minutes{10});
  EXPECT_EQ(service.Get("/api/v1/trending.atom").body, today) << "nothing new within the day";
  EXPECT_THAT(today, HasSubstr("<id>urn:repopulse:here:feed:all:trending:2024-05-08:1</id>"));
  ASSERT_TRUE(service.shared_cache.Invalidate(kEventsScope));
  service.clock.Advance(std::chrono::hours{24});
  EXPECT_THAT(service.Get("/api/v1/trending.atom").body,
              HasSubstr("<id>urn:repopulse:here:feed:all:trending:2024-05-09:1</id>"));
}

TEST(Feed, TellsWhenEachEntryChangedLast) {
  FeedService service;
  TrendingRepository second = service.trends.trending[0];
  second.id = RepositoryId{7};
  service.trends.trending.push_back(second);
  service.events.Add({1}, "WatchEvent", "started", "2024-05-07T23:00:00Z");  // told yesterday
  service.events.Add({7}, "WatchEvent", "started", "2024-05-08T09:00:00Z");
  service.events.Add({7}, "ForkEvent", "", "2024-05-08T10:30:00Z");
  service.events.Add({7}, "PushEvent", "", "2024-05-08T11:00:00Z");  // makes nothing trend
  const auto dates = [&] {
    EXPECT_TRUE(service.shared_cache.Invalidate(kEventsScope));
    std::vector<std::string> found;
    const json feed = service.Get("/api/v1/trending/feed.json").json();
    for (const json& item : feed["items"]) {
      EXPECT_EQ(item["date_published"], "2024-05-08T00:00:00Z") << "stays for its id";
      found.push_back(item["date_modified"]);
    }
    return found;
  };
  EXPECT_THAT(dates(), ::testing::ElementsAre("2024-05-08T00:00:00Z", "2024-05-08T10:30:00Z"));
  EXPECT_THAT(service.Get("/api/v1/trending.atom").body,
              AllOf(HasSubstr("<updated>2024-05-08T10:30:00Z</updated><link rel=\"self\""),
                    HasSubstr("<updated>2024-05-08T00:00:00Z</updated><published>2024-05-08T00:00:00Z</published>"),
                    HasSubstr("<updated>2024-05-08T10:30:00Z</updated><published>2024-05-08T00:00:00Z</published>")));
  service.events.Add({1}, "WatchEvent", "started", "2024-05-08T11:30:00Z");
  EXPECT_THAT(dates(), ::testing::ElementsAre("2024-05-08T11:30:00Z", "2024-05-08T10:30:00Z"));
}

// Without an ETag, by Last-Modified alone, a reader would otherwise get 304 all day.
TEST(Feed, IsModifiedWhenAnEntryComesToIt) {
  FeedService service;
  for (const std::string path : {"/api/v1/trending.atom", "/api/v1/trending/feed.json"}) {
    const std::string first = service.Get(path).header("Last-Modified");
    service.clock.Advance(std::chrono::minutes{6});
    ASSERT_TRUE(service.shared_cache.Invalidate(kEventsScope));
    EXPECT_EQ(service.Get(path).header("Last-Modified"), first) << "it is as it was";
    TrendingRepository another = service.trends.trending[0];
    another.id = RepositoryId{8};
    service.trends.trending.push_back(another);
    ASSERT_TRUE(service.shared_cache.Invalidate(kEventsScope));
    EXPECT_EQ(service.Get(path).header("Last-Modified"), FormatHttpDate(service.clock.Now()));
    service.trends.trending.pop_back();
    ASSERT_TRUE(service.shared_cache.Invalidate(kEventsScope));
  }
}

TEST(Feed, OfWhatTrendsIsJsonFeedToo) {
  FeedService service;
  const Seen answer = service.Get("/api/v1/trending/feed.json");
  EXPECT_EQ(answer.header("Content-Type"), "application/feed+json; charset=utf-8");
  EXPECT_EQ(answer.json()["title"], "Trending repositories");
  EXPECT_EQ(answer.json()["items"], json::parse(R"([
    {"id": "urn:repopulse:here:feed:all:trending:2024-05-08:1", "url": "https://github.com/Kube/Ctl",
     "title": "Kube/Ctl trends", "content_text": "9 stars and 1 fork in 24 hours · Go · 120 stars · A description",
     "date_published": "2024-05-08T00:00:00Z", "date_modified": "2024-05-08T00:00:00Z"}])"));
}

TEST(Feed, HasIdsOfItsInstallation) {
  FeedService here;
  FeedService there;
  there.schema.installation = "there";
  const auto id = [](FeedService& service) {
    return service.Get("/api/v1/trending/feed.json").json()["items"][0]["id"].get<std::string>();
  };
  EXPECT_NE(id(here), id(there));
  EXPECT_EQ(id(there), "urn:repopulse:there:feed:all:trending:2024-05-08:1");
}

TEST(Feed, OfATopicWithoutDataYetComesLater) {
  FeedService service;
  const Seen answer = service.Get(kTopic + "/feed.atom");
  EXPECT_EQ(answer.status, 202);
  EXPECT_NE(answer.header("Retry-After"), "");
  EXPECT_THAT(answer.body, HasSubstr("</feed>"));
}

TEST(Feed, OfAnUntrackedTopicIsNotThere) {
  FeedService service;
  EXPECT_EQ(service.Get("/api/v1/topics/rust/feed.atom").status, 404);
  EXPECT_EQ(service.Get("/api/v1/topics/a_b/feed.json").status, 400);
  EXPECT_EQ(service.Get("/api/v1/trending.atom?hours=2").status, 400);
  EXPECT_EQ(service.Get("/api/v1/trending/feed.json?hours=2").status, 400);
}

TEST(Feed, SaysThatTheDataIsSimulated) {
  FeedService service;
  service.services.demo = true;
  EXPECT_THAT(service.Get("/api/v1/trending.atom").body,
              HasSubstr("<title>Trending repositories (simulated data)</title>"));
}

}  // namespace
}  // namespace repopulse::http
