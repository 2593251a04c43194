// A topic's ranking: sorted, filtered, page by page; each row with its change of rank, growth and a trend line.
import { h } from "../dom.js";
import { Awaited, get, url } from "../api.js";
import { ago, change, clockKnown, coverage, decimal, integer, percent, short } from "../format.js";
import { go, to, toRepository } from "../route.js";
import { block, csvLink, CSV_ROWS_MAX, empty, figures, rankChange, section, table, tabs, whyAwaited } from "../views.js";
import { feedLinks, topicFeeds } from "../feeds.js";
import { trendOf } from "../sparkline.js";

const SORTS = [["popularity", "Popular"], ["activity", "Active"], ["trending", "Trending"], ["newest", "Newest"], ["updated", "Updated"]];
const PER_PAGE = 20; // as many as one question to /compare may name
const FILTERS = ["language", "min_stars", "archived"];

export function view({ segments, query, signal }) {
  const [name] = segments;
  const asked = { sort: query.get("sort") ?? "popularity", cursor: query.get("cursor") };
  for (const filter of FILTERS) asked[filter] = query.get(filter);
  const base = `/api/v1/topics/${encodeURIComponent(name)}`;
  const here = (changes) => to(["topics", name], { ...asked, cursor: null, ...changes });
  const parameters = { ...asked, per_page: PER_PAGE };

  const summary = block({ signal, lines: 2, label: name, every: 60, load: () => get(base, { signal }), draw: ({ data }) => drawSummary(data) });
  const ranking = block({
    signal, lines: 12, label: "ranking",
    load: () => get(url(`${base}/repositories`, parameters), { signal }).catch((error) => explained(error, base, signal)),
    draw: (got) => [drawRanking(name, got, asked, here, signal), got.data.length > 0 && downloads(base, asked, got)],
  });
  const feeds = topicFeeds(name);
  return { title: name, feeds, nodes: [
    h("h1", {}, "Topic ", h("span", { class: "name" }, name)),
    summary,
    section("Ranking", { id: "ranking", aside: feedLinks(feeds) },
      tabs("Order", SORTS.map(([sort, title]) => ({ name: title, href: here({ sort }), on: asked.sort === sort }))),
      filters(name, asked),
      ranking),
  ] };
}

async function explained(error, base, signal) {
  if (error instanceof Awaited) {
    await clockKnown;
    error.message = whyAwaited((await get(base, { signal })).data);
  }
  throw error;
}

function drawSummary(topic) {
  return [figures([
    ["Repositories", integer(topic.repositories_count)],
    ["Of those GitHub reports", topic.complete ? "all" : topic.reported_count ? coverage(topic.repositories_count / topic.reported_count) : "–"],
    ["Read", topic.data_as_of ? ago(topic.data_as_of) : "not yet"],
    ["Next", ago(topic.next_collection_at)],
  ]), topic.last_error && h("p", { class: "stale" }, "The last reading failed: ", topic.last_error)];
}

// Ranks are those within the whole topic: of what fits a filter they leave some out.
const isFiltered = (asked) => FILTERS.some((filter) => asked[filter]);

// From the first rank of this page on, so that going on through the pages brings all of it.
function downloads(base, asked, { data, meta }) {
  const list = (format) => url(`${base}/repositories`, { ...asked, per_page: CSV_ROWS_MAX, format });
  const first = !asked.cursor ? 1 : isFiltered(asked) ? null : data[0].rank;
  return h("div", { class: "under links" }, csvLink(list("csv"), { first, total: meta.total }), h("a", { href: list("json") }, "The same as JSON"));
}

function filters(name, asked) {
  const field = (label, properties) => h("label", {}, label, h("input", properties));
  return h("form", { class: "filters", onsubmit(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    go(to(["topics", name], { sort: asked.sort, language: form.get("language").trim(), min_stars: form.get("min_stars"),
      archived: form.get("archived") ? "" : "false" }));
  } },
  field("Language", { type: "text", name: "language", value: asked.language ?? "", maxlength: 100, size: 12 }),
  field("At least stars", { type: "number", name: "min_stars", value: asked.min_stars ?? "", min: 0, max: 1_000_000_000, size: 8 }),
  h("label", { class: "check" }, h("input", { type: "checkbox", name: "archived", checked: asked.archived !== "false" }), "Archived ones too"),
  h("button", {}, "Show"),
  isFiltered(asked) && h("a", { href: to(["topics", name], { sort: asked.sort }) }, "All"));
}

/** The name with its description, as in every list of repositories. */
export function nameCell(row) {
  return [h("a", { href: toRepository(row.full_name), class: "repository" }, row.full_name),
    row.archived && h("span", { class: "chip" }, "archived"),
    row.description && h("p", { class: "description" }, row.description)];
}

function drawRanking(name, { data, meta, next }, asked, here, signal) {
  if (!data.length) return empty("No repository of this topic fits.", asked.cursor && [" ", h("a", { href: here({}) }, "To the first page")]);
  const sorted = (sort) => ({ href: here({ sort }), on: asked.sort === sort });
  const trends = new Map(data.map((row) => [row.full_name, h("span", { class: "trend", "aria-hidden": "true" })]));
  fillTrends(trends, signal);
  const known = asked.sort === "trending" ? "trending" : "activity";
  const columns = [
    { name: "#", number: true, class: "rank", cell: (row) => [row.rank, " ", rankChange(row)] },
    { name: "Repository", head: true, class: "main", cell: nameCell },
    { name: "Stars", number: true, sort: sorted("popularity"), cell: (row) => short(row.stargazers_count) },
    { name: "In 7 days", number: true, cell: (row) => (row.growth
      ? h("span", { title: row.growth.percent === null ? undefined : percent(row.growth.percent / 100) }, change(row.growth.stars)) : "–") },
    known === "trending"
      ? { name: "Score", number: true, sort: sorted("trending"), cell: (row) => (row.trending ? decimal(row.trending.score, 0) : "–") }
      : { name: "Activity", number: true, sort: sorted("activity"), cell: (row) => (row.activity ? decimal(row.activity.score) : "–") },
    { name: "30 days", class: "trend", cell: (row) => trends.get(row.full_name) },
    { name: "Language", cell: (row) => row.language ?? "–" },
    { name: "Pushed", cell: (row) => ago(row.pushed_at) },
    asked.sort === "newest" ? { name: "Created", sort: sorted("newest"), cell: (row) => ago(row.created_at) }
      : { name: "Updated", sort: sorted("updated"), cell: (row) => ago(row.updated_at) },
  ];
  const shown = columns.filter((column) => !(column.name === "Activity" && !data.some((row) => "activity" in row)));
  const from = data[0].rank;
  return [
    table(`Repositories of the topic ${name}, ${asked.sort} first`, shown, data),
    h("nav", { class: "pages", "aria-label": "Pages" },
      asked.cursor ? h("a", { href: here({}) }, "First page") : h("span"),
      h("span", { class: "muted" }, isFiltered(asked) ? `${integer(data.length)} of ${integer(meta.total)}, ranked ${integer(from)} to ${integer(data.at(-1).rank)}`
        : `${integer(from)} to ${integer(data.at(-1).rank)} of ${integer(meta.total)}`),
      next ? h("a", { href: here({ cursor: next }), rel: "next" }, "Next page") : h("span")),
  ];
}

async function fillTrends(places, signal) {
  try {
    const { data } = await get(url("/api/v1/compare", { repos: [...places.keys()].join(",") }), { signal });
    for (const row of data) put(places.get(row.full_name), row);
  } catch {
    // The ranking is whole without its trend lines.
    for (const place of places.values()) put(place, null);
  }
}

function put(place, compared) {
  place?.removeAttribute("aria-hidden");
  place?.replaceChildren(trendOf(compared));
}
