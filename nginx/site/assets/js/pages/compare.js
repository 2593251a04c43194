// Up to twenty repositories side by side: one chart, one table. The address holds whom, what and how long.
import { h } from "../dom.js";
import { get, url } from "../api.js";
import { change, coverage, dayBefore, decimal, integer, short } from "../format.js";
import { go, to, toRepository } from "../route.js";
import { basis, block, empty, section, sortable, tabs } from "../views.js";
import { chart } from "../chart.js";

const REPOSITORIES_MAX = 20;
const COLORS = 8; // further lines begin with the first colour again; the table tells them apart
const MEASURES = [["stars", "Stars"], ["gained", "Stars gained"], ["events", "Events a day"], ["forks", "Forks"]];
const SPANS = [["30", "30 days"], ["90", "90 days"], ["365", "A year"]];
const NAME = /^[A-Za-z0-9-]{1,39}\/[A-Za-z0-9._-]{1,100}$/;

export function view({ query, signal }) {
  const names = [...new Set((query.get("repos") ?? "").split(",").map((name) => name.trim()).filter(Boolean))].slice(0, REPOSITORIES_MAX);
  const asked = { repos: names.join(","), measure: query.get("measure") ?? "gained", days: query.get("days") ?? "30" };
  const here = (changes) => to(["compare"], { ...asked, ...changes });
  const without = (name) => here({ repos: names.filter((one) => one !== name).join(",") });
  return { title: "Compare", nodes: [
    h("h1", {}, "Compare"),
    section("Repositories", { id: "whom" },
      names.length > 0 && h("ul", { class: "chips" }, names.map((name) => h("li", { class: "chip" },
        h("a", { href: toRepository(name) }, name), h("a", { href: without(name), class: "remove", "aria-label": `Without ${name}` }, "×")))),
      names.length < REPOSITORIES_MAX ? adding(names, here, signal) : h("p", { class: "muted" }, "Twenty are the most that are compared.")),
    names.length > 0 && section("Side by side", { id: "series", aside: tabs("Time", SPANS.map(([days, name]) => ({ name, href: here({ days }), on: days === asked.days }))) },
      tabs("Measure", MEASURES.map(([measure, name]) => ({ name, href: here({ measure }), on: measure === asked.measure }))),
      compared(asked, signal)),
  ] };
}

function adding(names, here, signal) {
  const list = h("datalist", { id: "known" });
  const wrong = h("p", { class: "wrong", role: "alert" });
  const input = h("input", { type: "text", name: "name", list: "known", placeholder: "owner/name", autocomplete: "off", maxlength: 140 });
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => suggest(input.value.trim(), list, signal), 200);
  });
  return h("form", { class: "filters", onsubmit(event) {
    event.preventDefault();
    const name = input.value.trim().replace(/^https?:\/\/github\.com\//, "");
    if (!NAME.test(name)) {
      wrong.textContent = "A repository is named owner/name.";
      input.focus();
    } else {
      go(here({ repos: [...names, name].join(",") }));
    }
  } }, h("label", {}, "Add a repository", input), list, h("button", {}, "Add"), wrong);
}

async function suggest(words, list, signal) {
  if (words.length < 2) return;
  try {
    const { data } = await get(url("/api/v1/repos", { q: words, per_page: 10 }), { signal });
    list.replaceChildren(...data.map(({ full_name }) => h("option", { value: full_name })));
  } catch {
    // A name can be typed as a whole.
  }
}

const field = { stars: "stargazers_count", gained: "stargazers_count", forks: "forks_count", events: "events" };

/** A row's numbers by day for a measure; "gained" counts from the first day known. */
export function seriesOf(row, measure) {
  const values = row.series.map((day) => day[field[measure]]);
  if (measure !== "gained") return values;
  const first = values.find((value) => value !== null);
  return values.map((value) => (value === null ? null : value - first));
}

function compared(asked, signal) {
  const target = async () => url("/api/v1/compare", { repos: asked.repos, from: await dayBefore(Number(asked.days)) });
  const title = MEASURES.find(([measure]) => measure === asked.measure)?.[1] ?? "Stars";
  return block({ signal, lines: 10, label: "comparison",
    load: async () => { const from = await target(); return { ...await get(from, { signal }), from }; },
    draw({ data, meta, from }) {
      const values = data.map((row) => seriesOf(row, asked.measure));
      const known = values.some((column) => column.filter((value) => value !== null).length > 1);
      return [
        known ? chart({
          label: `${title} of ${data.length} repositories by day`, utcDays: true, fromZero: asked.measure !== "stars" && asked.measure !== "forks",
          counts: asked.measure === "events",
          x: data[0].series.map((day) => Date.parse(day.day) / 1000),
          series: data.map((row, index) => ({ name: row.full_name, color: `--c${(index % COLORS) + 1}` })),
          values, summary: "The table below has all numbers.",
        }) : empty(`${title} are known of fewer than two days here; they are noted once a day.`),
        numbers(data),
        h("div", { class: "under" }, basis(meta), h("a", { href: `${from}&format=csv` }, "CSV")),
      ];
    } });
}

function numbers(data) {
  return sortable("The repositories in numbers", [
    { name: "Repository", head: true, by: (row) => row.full_name.toLowerCase(), cell: (row) => h("a", { href: toRepository(row.full_name) }, row.full_name) },
    { name: "Stars", number: true, by: (row) => row.stargazers_count, cell: (row) => short(row.stargazers_count) },
    { name: "Gained", number: true, by: (row) => row.stars_gained, cell: (row) => change(row.stars_gained) },
    { name: "Events", number: true, by: (row) => row.events, cell: (row) => integer(row.events) },
    { name: "Activity", number: true, by: (row) => row.activity?.score ?? null, cell: (row) => decimal(row.activity?.score) },
    { name: "Forks", number: true, by: (row) => row.forks_count, cell: (row) => short(row.forks_count) },
    { name: "Open issues", number: true, by: (row) => row.open_issues_count, cell: (row) => short(row.open_issues_count) },
    { name: "Watched", number: true, by: (row) => row.coverage?.share, cell: (row) => coverage(row.coverage?.share) },
    { name: "Language", by: (row) => row.language, cell: (row) => row.language ?? "–" },
  ], data);
}
