// Feeds: who joins a topic, and what trends.
#include <fmt/format.h>

#include <algorithm>

#include "base/time_format.h"
#include "http/feed.h"
#include "http/handlers.h"
#include "http/params.h"
#include "http/trending.h"

namespace repopulse::http {
namespace {

using std::chrono::days;

constexpr size_t kEntriesMax = 30;  // of each kind
constexpr days kNewcomerDays{30};
constexpr std::chrono::seconds kFirstDataWithin{10};

std::string TitleOf(const Services& services, const std::string& title) {
  return services.demo ? title + " (simulated data)" : title;
}

// "Go · 1,234 stars · what it is", as far as it is known.
std::string About(const Repository& repository) {
  std::string text = repository.language ? *repository.language + " · " : "";
  text += std::to_string(repository.stargazers_count) + " stars";
  if (repository.description) text += " · " + *repository.description;
  return text;
}

// Readers of several installations tell their feeds apart by it.
Result<std::string> FeedId(const Services& services, const std::string& what) {
  auto installation = services.schema.Installation();
  if (!installation) return tl::make_unexpected(std::move(installation.error()));
  return "urn:repopulse:" + *installation + ":feed:" + what;
}

// When each was starred or forked last.
Result<std::vector<std::optional<TimePoint>>> LastGains(const Services& services,
                                                        const std::vector<TrendingRepository>& items) {
  std::vector<RepositoryId> ids;
  for (const TrendingRepository& one : items) ids.push_back(one.id);
  return services.events.NewestOfEach(ids, {"WatchEvent", "ForkEvent"});
}

// One that trends is one entry a day, however often the feed is asked for. Those without a name cannot be linked to.
Status AddRisers(const Services& services, const std::optional<TopicName>& topic, Feed& feed) {
  const TimePoint now = services.clock.Now();
  TrendingQuery query = TrendingOfLast(kTrendingWindow, now);
  query.topic = topic;
  query.limit = kEntriesMax;
  const auto page = services.trends.Trending(query);
  if (!page) return tl::make_unexpected(page.error());
  const auto today = DayOf(now);
  const auto gained = LastGains(services, page->items);
  if (!gained) return tl::make_unexpected(gained.error());
  for (size_t i = 0; i < page->items.size(); ++i) {
    const TrendingRepository& one = page->items[i];
    if (!one.name) continue;
    // Not yesterday, which another entry tells of, nor later than now, where the clock stands behind the events.
    const TimePoint updated = std::clamp((*gained)[i].value_or(today), TimePoint{today}, now);
    std::string text = fmt::format("{} stars and {} {} in {} hours", one.trending.stars, one.trending.forks,
                                   one.trending.forks == 1 ? "fork" : "forks", kTrendingWindow.count());
    if (one.description) text += " · " + About(*one.description);
    feed.entries.push_back({.id = fmt::format("{}:trending:{}:{}", feed.id, FormatDay(today), one.id.value),
                            .title = one.name->full() + (topic ? " trends in the topic " + topic->str() : " trends"),
                            .url = GitHubPage(one.name).get<std::string>(),
                            .text = std::move(text),
                            .at = today,
                            .updated = std::chrono::floor<std::chrono::seconds>(updated)});
  }
  return {};
}

Status AddNewcomers(const Services& services, const TopicName& topic, Feed& feed) {
  const auto newcomers = services.trends.Newcomers(topic, services.clock.Now() - kNewcomerDays, kEntriesMax);
  if (!newcomers) return tl::make_unexpected(newcomers.error());
  for (const Newcomer& one : *newcomers) {
    feed.entries.push_back({.id = fmt::format("{}:newcomer:{}", feed.id, one.repository.id.value),
                            .title = one.repository.name.full() + " joined the topic " + topic.str(),
                            .url = GitHubPage(one.repository.name).get<std::string>(),
                            .text = About(one.repository),
                            .at = one.joined_at,
                            .updated = one.joined_at});
  }
  return {};
}

// `updated`: where there is no entry.
void Order(Feed& feed, TimePoint updated) {
  std::ranges::stable_sort(feed.entries, std::ranges::greater(), &FeedEntry::at);
  const auto latest = std::ranges::max_element(feed.entries, {}, &FeedEntry::updated);
  feed.updated = latest == feed.entries.end() ? updated : latest->updated;
}

enum class FeedForm { kAtom, kJson };

Representation Written(const Services& services, const Feed& feed, FeedForm form) {
  if (form == FeedForm::kJson) return services.builder.Embed(kJsonFeedType, RenderJsonFeed(feed), kNewsLife);
  return services.builder.Embed(kAtomType, RenderAtom(feed), kNewsLife);
}

Result<Representation> ShowTopicFeed(const Services& services, const TopicName& name, FeedForm form) {
  const auto topic = services.topics.Find(name);
  if (!topic) return tl::make_unexpected(topic.error());
  if (!*topic || !(*topic)->tracked) return NotTracked(name);
  auto id = FeedId(services, "topic:" + name.str());
  if (!id) return tl::make_unexpected(std::move(id.error()));
  Feed feed{.id = *std::move(id),
            .title = TitleOf(services, "Newcomers and risers of the topic " + name.str()),
            .self = "/api/v1/topics/" + name.str() + "/feed.atom",
            .updated = (*topic)->added_at,
            .entries = {}};
  if (!(*topic)->published_at) {
    const bool json = form == FeedForm::kJson;
    return services.builder.NotYet(json ? kJsonFeedType : kAtomType, json ? RenderJsonFeed(feed) : RenderAtom(feed),
                                   kFirstDataWithin);
  }
  if (auto added = AddNewcomers(services, name, feed); !added) return tl::make_unexpected(std::move(added.error()));
  if (auto added = AddRisers(services, name, feed); !added) return tl::make_unexpected(std::move(added.error()));
  Order(feed, (*topic)->added_at);
  return Written(services, feed, form);
}

template <FeedForm form>
Checked<ReadQuery> ReadTopicFeed(const Services& services, const Request& request, const PathValues& values) {
  const auto name = TopicOf(values[0]);
  if (!name) return Refuse(name.error());
  Params params(request);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/topics/" + name->str() + (form == FeedForm::kJson ? "/feed.json" : "/feed.atom"), ScopeOf(*name),
                   [&services, topic = *name] { return ShowTopicFeed(services, topic, form); }};
}

Result<Representation> ShowTrendingFeed(const Services& services, FeedForm form) {
  auto id = FeedId(services, "all");
  if (!id) return tl::make_unexpected(std::move(id.error()));
  Feed feed{.id = *std::move(id),
            .title = TitleOf(services, "Trending repositories"),
            .self = "/api/v1/trending.atom",
            .updated = {},
            .entries = {}};
  if (auto added = AddRisers(services, std::nullopt, feed); !added)
    return tl::make_unexpected(std::move(added.error()));
  Order(feed, DayOf(services.clock.Now()));
  return Written(services, feed, form);
}

template <FeedForm form>
Checked<ReadQuery> ReadTrendingFeed(const Services& services, const Request& request, const PathValues&) {
  Params params(request);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{form == FeedForm::kJson ? "v1/trending/feed.json" : "v1/trending.atom", kEventsScope,
                   [&services] { return ShowTrendingFeed(services, form); }};
}

}  // namespace

void AddFeedRoutes(RouteTable& table, Services& services) {
  const auto add = [&](const char* pattern, auto handler, const char* description) {
    const auto read = [&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    };
    table.Add({Method::kGet, pattern, Access::kAnybody, ReadHandler(read), description});
  };
  add("/api/v1/topics/{topic}/feed.atom", ReadTopicFeed<FeedForm::kAtom>, "Newcomers and risers of a topic, as Atom");
  add("/api/v1/topics/{topic}/feed.json", ReadTopicFeed<FeedForm::kJson>,
      "Newcomers and risers of a topic, as JSON Feed");
  add("/api/v1/trending.atom", ReadTrendingFeed<FeedForm::kAtom>, "What trends, as Atom");
  add("/api/v1/trending/feed.json", ReadTrendingFeed<FeedForm::kJson>, "What trends, as JSON Feed");
}

}  // namespace repopulse::http
