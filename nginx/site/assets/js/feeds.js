// The feeds that go with a page: linked where they are seen, and told to the browser and to feed readers in the page's head.
import { h } from "./dom.js";

const ATOM = "application/atom+xml";
const JSON_FEED = "application/feed+json";

/** What joins a topic and what trends in it. */
export function topicFeeds(name) {
  const base = `/api/v1/topics/${encodeURIComponent(name)}/feed`;
  return [{ type: ATOM, href: `${base}.atom`, title: `Atom feed of the topic ${name}` }, { type: JSON_FEED, href: `${base}.json`, title: `JSON Feed of the topic ${name}` }];
}

/** What trends anywhere. */
export const TRENDING_FEEDS = [{ type: ATOM, href: "/api/v1/trending.atom", title: "Atom feed of what trends everywhere" },
  { type: JSON_FEED, href: "/api/v1/trending/feed.json", title: "JSON Feed of what trends everywhere" }];

export function feedLinks(feeds) {
  return h("span", { class: "links" }, feeds.map(({ type, href, title }) => h("a", { href, type }, title)));
}

/** Puts the page's feeds, and no others, into its head. */
export function tellFeeds(feeds = []) {
  for (const old of document.head.querySelectorAll("link[data-feed]")) old.remove();
  document.head.append(...feeds.map(({ type, href, title }) => h("link", { rel: "alternate", type, href, title, dataset: { feed: "" } })));
}
