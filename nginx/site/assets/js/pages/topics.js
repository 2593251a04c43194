// The first view: every tracked topic with its most popular, most active and trending repositories.
import { h } from "../dom.js";
import { Awaited, get, url } from "../api.js";
import { ago, change, coverage, decimal, integer, short } from "../format.js";
import { to, toRepository } from "../route.js";
import { block, empty, rankChange, section, whyAwaited } from "../views.js";
import { trendOf } from "../sparkline.js";

const LISTS_SHOWN_MAX = 8; // topics whose lists are read at once; the others are a click away
const LENGTH = 5;

const LISTS = [
  { sort: "popularity", title: "Most popular", value: (row) => ["★ ", short(row.stargazers_count)], note: (row) => row.growth && change(row.growth.stars) },
  { sort: "activity", title: "Most active", value: (row) => (row.activity ? decimal(row.activity.score) : h("span", { class: "muted" }, "no events")) },
  { sort: "trending", title: "Trending", value: (row) => (row.trending ? ["+", integer(row.trending.stars), " ★"] : null), only: (row) => row.trending },
];

export function view({ signal }) {
  const opened = new Set(); // names of further topics whose lists were asked for
  let pages = 1;
  const list = block({
    signal, every: 60, lines: 8, label: "topics",
    load: () => loadPages(pages, signal),
    draw: ({ data, meta, next }) => (data.length
      ? [data.map((topic, index) => topicCard(topic, index < LISTS_SHOWN_MAX || opened.has(topic.name), signal, opened)),
        further(data.length, meta.total ?? data.length, next && (() => { pages += 1; list.reload(); }))]
      : empty("No topic is tracked yet. ", h("a", { href: "#/manage" }, "Track one"), ".")),
  });
  return { title: "Repopulse", nodes: [
    h("h1", {}, "Topics"),
    h("p", { class: "lead" }, "Which repositories of a GitHub topic are popular, which are active, and how that changes."),
    list,
  ] };
}

/** As many pages of topics as were asked for, as one answer. */
async function loadPages(pages, signal) {
  const rows = [];
  let got;
  for (let page = 0; page < pages && (!got || got.next); ++page) {
    got = await get(url("/api/v1/topics", { per_page: 100, cursor: got?.next }), { signal });
    rows.push(...got.data);
  }
  return { ...got, data: rows };
}

/** What is not shown of all topics, and how to get at it; nothing where all is. */
function further(shown, total, more) {
  if (total <= LISTS_SHOWN_MAX) return null;
  return h("p", { class: "actions" },
    h("span", { class: "muted" }, total > shown ? `The first ${integer(shown)} of ${integer(total)} topics are here` : `All ${integer(total)} topics are here`,
      `, the first ${LISTS_SHOWN_MAX} with their lists, the others' lists on demand.`),
    more && h("button", { type: "button", onclick: more }, "More topics"));
}

function topicCard(topic, withLists, signal, opened) {
  const place = h("div");
  function open() {
    const lists = h("div", { class: "columns" });
    const trends = trendLines(lists, signal);
    lists.append(...LISTS.map((list) => shortList(topic, list, trends, signal)));
    place.replaceChildren(lists);
  }
  if (withLists) open();
  else place.append(h("button", { type: "button", class: "quiet", "aria-label": `Show its lists: ${topic.name}`, onclick: () => {
    opened.add(topic.name);
    place.tabIndex = -1;
    place.focus(); // where reading goes on
    open();
  } }, "Show its lists"));
  return section(h("a", { href: to(["topics", topic.name]) }, topic.name), { id: `topic-${topic.name}`, aside: freshness(topic) }, place);
}

/**
 * The trend lines of a topic's lists: one request for all of them, sent when the lists have been drawn and are (nearly) on
 * the screen. Lists are whole without them.
 */
function trendLines(lists, signal) {
  const places = new Map(); // full name -> where its line goes, in each list that has it
  let awaited = LISTS.length;

  async function fill() {
    const waiting = [...places].filter(([, nodes]) => nodes.some((node) => !node.firstChild));
    if (!waiting.length || signal.aborted) return;
    try {
      const { data } = await get(url("/api/v1/compare", { repos: waiting.map(([name]) => name).join(",") }), { signal });
      for (const row of data) for (const node of places.get(row.full_name) ?? []) node.replaceChildren(trendOf(row));
    } catch {
      // Without lines, then.
    }
  }
  const seen = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) return;
    seen.disconnect();
    fill();
  }, { rootMargin: "200px" });
  signal.addEventListener("abort", () => seen.disconnect());

  return {
    place(name) {
      const node = h("span", { class: "trend" });
      places.set(name, [...(places.get(name) ?? []), node]);
      return node;
    },
    /** One list has its answer, or none, and is about to be drawn; after all of them, one that was asked for again. */
    answered() {
      if (--awaited > 0 || signal.aborted) return;
      requestAnimationFrame(() => setTimeout(() => seen.observe(lists)));
    },
  };
}

function freshness(topic) {
  if (!topic.data_as_of) return h("span", { class: "muted" }, topic.last_error ? "could not be read yet" : "not read yet");
  const share = topic.complete || !topic.reported_count ? null : topic.repositories_count / topic.reported_count;
  return h("span", { class: "muted" }, integer(topic.repositories_count), " repositories · ",
    share !== null && [coverage(share), " of the topic · "], ago(topic.data_as_of));
}

function shortList(topic, list, trends, signal) {
  const heading = h("h3", {}, h("a", { href: to(["topics", topic.name], { sort: list.sort }) }, list.title));
  return h("div", {}, heading, block({
    signal, lines: LENGTH, label: `${topic.name}, ${list.title}`,
    load: () => get(url(`/api/v1/topics/${encodeURIComponent(topic.name)}/repositories`, { sort: list.sort, per_page: LENGTH }), { signal })
      .finally(trends.answered).catch((error) => {
        if (error instanceof Awaited) error.message = whyAwaited(topic);
        throw error;
      }),
    draw({ data }) {
      const rows = list.only ? data.filter(list.only) : data;
      if (!rows.length) return empty(list.only ? "Nothing stands out in the last 24 hours." : "No repositories.");
      return h("ol", { class: "short" }, rows.map((row) => h("li", {},
        h("span", { class: "rank" }, h("a", { href: toRepository(row.full_name), title: row.description }, row.full_name),
          row.rank_change !== 0 && rankChange(row)),
        trends.place(row.full_name),
        h("span", { class: "value" }, list.value(row), list.note?.(row) && h("small", {}, ` ${list.note(row)}`)))));
    },
  }));
}
