// A repository's page: its figures, its events over time and between each other, its popularity, health, and embeds.
import { h, safeLink } from "../dom.js";
import { get, repo, url } from "../api.js";
import { ago, change, dayBefore, decimal, duration, eventType, integer, short } from "../format.js";
import { amend, to } from "../route.js";
import { basis, block, empty, figures, section, sortable, tabs } from "../views.js";
import { chart, colorOf, eventChart } from "../chart.js";
import { embeds } from "./embeds.js";
import { recentEvents } from "./recent.js";
import { health } from "./health.js";
import { tracking } from "./tracking.js";

const SPANS = [["7", "7 days"], ["30", "30 days"], ["90", "90 days"], ["365", "A year"]];

export function view({ segments, query, signal }) {
  if (segments.length < 2) throw new Error("A repository is named by its owner and its name: #/repos/OWNER/NAME.");
  const name = segments.slice(0, 2).join("/");
  const span = SPANS.some(([days]) => days === query.get("days")) ? query.get("days") : "30";
  const head = block({ signal, lines: 5, every: 60, label: name,
    load: () => get(repo(name), { signal }),
    draw: ({ data }) => drawHead(data, name, span) });
  const spans = (label) => tabs(label, SPANS.map(([days, title]) => ({ name: title, on: days === span,
    href: to(["repos", ...name.split("/")], { days: days === "30" ? "" : days }) })));
  return { title: name, nodes: [
    h("h1", { class: "long" }, name),
    head,
    section("Activity", { id: "activity", aside: spans("Time shown") }, activity(name, span, signal)),
    section("Popularity", { id: "popularity" }, popularity(name, span, signal)),
    section("Intervals", { id: "intervals", aside: h("span", { class: "muted" }, "7 days or 500 events, whichever is less") }, intervals(name, signal)),
    section("Health", { id: "health" }, health(name, signal)),
    section("Recent events", { id: "recent" }, recentEvents(name, signal)),
    section("Embed", { id: "embed" }, embeds(name)),
  ] };
}

function drawHead(data, asked, span) {
  if (data.full_name !== asked) {
    // Another spelling, or an earlier name: the address tells the present one from now on.
    document.querySelector("main h1").textContent = data.full_name;
    document.title = `${data.full_name} · Repopulse`;
    amend(to(["repos", data.owner, data.name], { days: span === "30" ? "" : span }));
  }
  const link = safeLink(data.html_url);
  const grown = (days) => data.growth?.[`${days}_days`];
  const note = (growth, words) => growth && `${change(growth.stars ?? growth)} in ${words}`;
  return [
    data.description && h("p", { class: "lead" }, data.description),
    h("p", { class: "facts" },
      data.language && h("span", { class: "chip" }, data.language), data.license && h("span", { class: "chip" }, data.license),
      data.archived && h("span", { class: "chip warn" }, "archived"), data.fork && h("span", { class: "chip" }, "fork"),
      data.gone_at && h("span", { class: "chip warn" }, "gone from GitHub ", ago(data.gone_at)),
      (data.topics ?? []).map((topic) => h("a", { class: "chip", href: to(["topics", topic]) }, topic)),
      link && h("a", { href: link, rel: "noreferrer" }, "On GitHub"),
      h("a", { href: to(["compare"], { repos: data.full_name }) }, "Compare"),
      tracking(data)),
    figures([
      ["Stars", short(data.stargazers_count), note(grown(7), "7 days")],
      ["Forks", short(data.forks_count)],
      ["Open issues", short(data.open_issues_count)],
      ["Events in 7 days", short(data.events?.total)],
      ["Activity score", decimal(data.activity?.score), data.activity && `of ${data.activity.window_days} days`],
      ["Last push", ago(data.pushed_at)],
    ]),
  ];
}

function activity(name, span, signal) {
  const byHour = span === "7";
  const target = async () => url(repo(name, "activity", "history"), { bucket: byHour ? "hour" : "day", from: await dayBefore(Number(span)) });
  return block({ signal, lines: 7, every: 60, label: "activity",
    load: async () => { const from = await target(); return { ...await get(from, { signal }), from }; },
    draw: ({ data, meta, from }) => [
      eventChart(data, { label: `Events of ${name} by ${byHour ? "hour" : "day"} and type`, utcDays: !byHour, until: Date.parse(meta.data_as_of) })
        ?? empty("No event of this time is known. Events are collected for tracked repositories, and as far as all public events show them."),
      h("div", { class: "under" }, basis(meta), h("a", { href: `${from}&format=csv` }, "CSV")),
    ] });
}

function popularity(name, span, signal) {
  const target = async () => url(repo(name, "popularity", "history"), { from: await dayBefore(Number(span)) });
  const lines = [["Stars", "stargazers_count", "--c6"], ["Forks", "forks_count", "--c7"], ["Open issues", "open_issues_count", "--c4"]];
  return block({ signal, lines: 7, label: "popularity",
    load: async () => { const from = await target(); return { ...await get(from, { signal }), from }; },
    draw: ({ data, meta, from }) => {
      const known = data.filter((row) => row.stargazers_count !== null);
      if (!known.length) return empty("Stars, forks and issues are noted once a day, for repositories of tracked topics and tracked ones.");
      if (known.length === 1) {
        return empty("The history begins today, with ", integer(known[0].stargazers_count), " stars: a point is added each day.");
      }
      const draw = ([title, field, color]) => h("div", {}, h("h3", {}, title), chart({
        label: `${title} of ${name} by day`, utcDays: true,
        x: known.map((row) => Date.parse(row.day) / 1000),
        series: [{ name: title, color }], values: [known.map((row) => row[field])],
        summary: `From ${integer(known[0][field])} to ${integer(known.at(-1)[field])} in ${known.length} days.`,
      }));
      return [h("div", { class: "charts" }, lines.map(draw)),
        h("div", { class: "under" }, h("p", { class: "basis" }, `${integer(meta.sample_size)} of ${data.length} days observed`),
          h("a", { href: `${from}&format=csv` }, "CSV"))];
    } });
}

function intervals(name, signal) {
  return block({ signal, lines: 6, every: 60, label: "intervals",
    load: () => get(repo(name, "activity"), { signal }),
    draw: ({ data, meta }) => (data.length ? [
      sortable("Time between events by type", [
        { name: "Type", head: true, by: (row) => row.type, cell: (row) => [h("i", { class: `swatch ${colorOf(row.type).slice(2)}` }), eventType(row.type)] },
        { name: "Events", number: true, by: (row) => row.count, cell: (row) => integer(row.count) },
        { name: "Mean", number: true, by: (row) => row.mean_interval_seconds, cell: (row) => duration(row.mean_interval_seconds) },
        { name: "Median", number: true, by: (row) => row.median_interval_seconds, cell: (row) => duration(row.median_interval_seconds) },
        { name: "90th percentile", number: true, by: (row) => row.p90_interval_seconds, cell: (row) => duration(row.p90_interval_seconds) },
        { name: "Actors", number: true, by: (row) => row.actors, cell: (row) => integer(row.actors) },
        { name: "Latest", by: (row) => row.last_at, cell: (row) => ago(row.last_at) },
      ], data, { column: 1, down: true }),
      h("div", { class: "under" }, basis(meta), h("a", { href: url(repo(name, "activity"), { format: "csv" }) }, "CSV, by action too")),
    ] : [empty("No event of the last seven days is known."), basis(meta)]) });
}
