// The first view: every tracked topic with its most popular, most active and trending repositories.
import { h } from "../dom.js";
import { get, url } from "../api.js";
import { ago, change, coverage, decimal, integer, short } from "../format.js";
import { to, toRepository } from "../route.js";
import { block, empty, section } from "../views.js";

const LISTS_SHOWN_MAX = 8; // topics whose lists are read at once; the others are a click away
const LENGTH = 5;

const LISTS = [
  { sort: "popularity", title: "Most popular", value: (row) => ["★ ", short(row.stargazers_count)], note: (row) => row.growth && change(row.growth.stars) },
  { sort: "activity", title: "Most active", value: (row) => (row.activity ? decimal(row.activity.score) : h("span", { class: "muted" }, "no events")) },
  { sort: "trending", title: "Trending", value: (row) => (row.trending ? ["+", integer(row.trending.stars), " ★"] : null), only: (row) => row.trending },
];

export function view({ signal }) {
  const list = block({
    signal, every: 60, lines: 8, label: "topics",
    load: () => get(url("/api/v1/topics", { per_page: 100 }), { signal }),
    draw: ({ data }) => (data.length
      ? data.map((topic, index) => topicCard(topic, index < LISTS_SHOWN_MAX, signal))
      : empty("No topic is tracked yet. ", h("a", { href: "#/manage" }, "Track one"), ".")),
  });
  return { title: "Repopulse", nodes: [
    h("h1", {}, "Topics"),
    h("p", { class: "lead" }, "Which repositories of a GitHub topic are popular, which are active, and how that changes."),
    list,
  ] };
}

function topicCard(topic, withLists, signal) {
  const id = `topic-${topic.name}`;
  return section(h("a", { href: to(["topics", topic.name]) }, topic.name), { id, aside: freshness(topic) },
    withLists && h("div", { class: "columns" }, LISTS.map((list) => shortList(topic, list, signal))));
}

function freshness(topic) {
  if (!topic.data_as_of) return h("span", { class: "muted" }, topic.last_error ? "could not be read yet" : "being read for the first time");
  const share = topic.complete || !topic.reported_count ? null : topic.repositories_count / topic.reported_count;
  return h("span", { class: "muted" }, integer(topic.repositories_count), " repositories · ",
    share !== null && [coverage(share), " of the topic · "], ago(topic.data_as_of));
}

function shortList(topic, list, signal) {
  const heading = h("h3", {}, h("a", { href: to(["topics", topic.name], { sort: list.sort }) }, list.title));
  return h("div", {}, heading, block({
    signal, lines: LENGTH, label: `${topic.name}, ${list.title}`,
    load: () => get(url(`/api/v1/topics/${encodeURIComponent(topic.name)}/repositories`, { sort: list.sort, per_page: LENGTH }), { signal }),
    draw({ data }) {
      const rows = list.only ? data.filter(list.only) : data;
      if (!rows.length) return empty(list.only ? "Nothing stands out in the last 24 hours." : "No repositories.");
      return h("ol", { class: "short" }, rows.map((row) => h("li", {},
        h("a", { href: toRepository(row.full_name), title: row.description }, row.full_name),
        h("span", { class: "value" }, list.value(row), list.note?.(row) && h("small", {}, ` ${list.note(row)}`)))));
    },
  }));
}
