#include "http/feed.h"

#include "base/time_format.h"
#include "http/render.h"
#include "http/svg_chart.h"

namespace repopulse::http {
namespace {

constexpr std::string_view kAuthor = "Repopulse";

std::string Element(std::string_view name, std::string_view text) {
  std::string out = "<";
  out.append(name).append(">").append(EscapeMarkup(text)).append("</").append(name).append(">");
  return out;
}

std::string Link(std::string_view rel, std::string_view type, std::string_view href) {
  std::string out = "<link rel=\"";
  out.append(rel).append("\" type=\"").append(type).append("\" href=\"").append(EscapeMarkup(href)).append("\"/>");
  return out;
}

}  // namespace

std::string RenderAtom(const Feed& feed) {
  std::string out = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">" +
                    Element("id", feed.id) + Element("title", feed.title) +
                    Element("updated", FormatRfc3339(feed.updated)) + Link("self", "application/atom+xml", feed.self) +
                    "<author>" + Element("name", kAuthor) + "</author>\n";
  for (const FeedEntry& entry : feed.entries) {
    out += "<entry>" + Element("id", entry.id) + Element("title", entry.title) +
           Element("updated", FormatRfc3339(entry.updated)) + Element("published", FormatRfc3339(entry.at)) +
           Link("alternate", "text/html", entry.url) + "<content type=\"text\">" + EscapeMarkup(entry.text) +
           "</content></entry>\n";
  }
  return out + "</feed>\n";
}

std::string RenderJsonFeed(const Feed& feed) {
  Json items = Json::array();
  for (const FeedEntry& entry : feed.entries) {
    items.push_back({{"id", entry.id},
                     {"url", entry.url},
                     {"title", entry.title},
                     {"content_text", entry.text},
                     {"date_published", FormatRfc3339(entry.at)},
                     {"date_modified", FormatRfc3339(entry.updated)}});
  }
  return ToText({{"version", "https://jsonfeed.org/version/1.1"},
                 {"title", feed.title},
                 {"authors", Json::array({{{"name", kAuthor}}})},
                 {"items", std::move(items)}});
}

}  // namespace repopulse::http
