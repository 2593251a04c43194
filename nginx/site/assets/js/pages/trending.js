// What gains stars and forks right now: everywhere, or within a topic; with the parts of each score.
import { h } from "../dom.js";
import { get, url } from "../api.js";
import { ago, decimal, integer, short } from "../format.js";
import { go, to } from "../route.js";
import { basis, block, csvLink, CSV_ROWS_MAX, empty, section, table, tabs } from "../views.js";
import { feedLinks, topicFeeds, TRENDING_FEEDS } from "../feeds.js";
import { nameCell } from "./topic.js";

const HOURS = [["1", "1 hour"], ["6", "6 hours"], ["24", "24 hours"], ["168", "7 days"]];

export function view({ query, signal }) {
  const asked = { hours: query.get("hours") ?? "24", topic: query.get("topic"), explain: query.get("explain"), cursor: query.get("cursor") };
  const here = (changes) => to(["trending"], { ...asked, cursor: null, ...changes });
  const target = (more) => url("/api/v1/trending", { ...asked, per_page: 30, ...more });
  const list = block({ signal, lines: 12, every: asked.cursor ? 0 : 60, label: "what trends",
    load: () => get(target(), { signal }),
    draw: (got) => [drawList(got, asked, here), got.data.length > 0 && h("div", { class: "under links" },
      csvLink(target({ format: "csv", per_page: CSV_ROWS_MAX }), { first: got.data[0].rank, shown: got.data.length, more: Boolean(got.next) }))] });
  const feeds = asked.topic ? topicFeeds(asked.topic) : TRENDING_FEEDS;
  return { title: "Trending", feeds, nodes: [
    h("h1", {}, "Trending"),
    h("p", { class: "lead" }, "Repositories that gain stars and forks, later ones counting more, younger repositories a little more."),
    section(asked.topic ? `In the topic ${asked.topic}` : "Everywhere", { id: "list", aside: feedLinks(feeds) },
    tabs("Time", HOURS.map(([hours, name]) => ({ name, href: here({ hours }), on: asked.hours === hours }))),
    h("div", { class: "filters" }, topicChoice(asked, here, signal),
      h("a", { href: here({ explain: asked.explain ? "" : "true" }) }, asked.explain ? "Without the parts of the score" : "With the parts of the score")),
    list),
  ] };
}

function topicChoice(asked, here, signal) {
  const select = h("select", { onchange: () => go(here({ topic: select.value })) }, h("option", { value: "" }, "Everywhere"));
  const add = (name) => select.append(h("option", { value: name, selected: name === asked.topic }, name));
  if (asked.topic) add(asked.topic);
  get(url("/api/v1/topics", { per_page: 100 }), { signal })
    .then(({ data }) => data.forEach(({ name }) => name !== asked.topic && add(name)))
    .catch(() => {}); // then only the address chooses the topic
  return h("label", {}, "Topic", select);
}

function drawList({ data, meta, next }, asked, here) {
  if (!data.length) return [empty("Nothing gained enough in this time."), basis(meta)];
  const part = (name, field) => ({ name, number: true, cell: (row) => decimal(row.components[field]) });
  return [
    table("Trending repositories", [
      { name: "#", number: true, class: "rank", cell: (row) => row.rank },
      { name: "Repository", head: true, class: "main", cell: (row) => (row.full_name ? nameCell(row) : h("span", { class: "muted" }, `repository ${row.id}`)) },
      { name: "Score", number: true, cell: (row) => decimal(row.score) },
      { name: "Stars", number: true, cell: (row) => `+${integer(row.stars)}` },
      { name: "Forks", number: true, cell: (row) => `+${integer(row.forks)}` },
      ...(asked.explain ? [part("of stars", "stars"), part("of forks", "forks"), part("of age", "age"),
        { name: "People", number: true, cell: (row) => integer(row.actors) },
        { name: "Pushed", cell: (row) => ago(row.pushed_at) }]
        : [{ name: "Stars in all", number: true, cell: (row) => short(row.stargazers_count) },
          { name: "Language", cell: (row) => row.language ?? "–" }]),
    ], data),
    h("nav", { class: "pages", "aria-label": "Pages" },
      asked.cursor ? h("a", { href: here({}) }, "First page") : h("span"),
      next ? h("a", { href: here({ cursor: next }), rel: "next" }, "Next page") : h("span")),
    basis(meta),
  ];
}
