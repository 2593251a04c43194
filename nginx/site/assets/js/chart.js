// Charts over time, drawn by uPlot: stacked bars and lines, with a legend that tells the values under the pointer (or the
// arrow keys) and the same numbers as a table.
import { h } from "./dom.js";
import { integer, serviceNow, short } from "./format.js";
import { table } from "./views.js";

const HEIGHT = 260;
const TABLE_ROWS_MAX = 500;
const PACKAGES = "/assets/packages";

let library;
function uPlot() {
  library ??= import(`${PACKAGES}/uplot.js`).then((module) => {
    document.head.append(h("link", { rel: "stylesheet", href: `${PACKAGES}/uplot.css` }));
    return module.default;
  });
  return library;
}

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

function timeWords(utcDays) {
  const zone = utcDays ? { timeZone: "UTC" } : {};
  const write = (options) => new Intl.DateTimeFormat(undefined, { ...options, ...zone });
  const dayText = write({ month: "short", day: "numeric" });
  const monthText = write({ month: "short", year: "numeric" });
  const clockText = write({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const full = utcDays ? write({ dateStyle: "medium" }) : write({ dateStyle: "medium", timeStyle: "short" });
  return {
    full: (seconds) => full.format(seconds * 1000) + (utcDays ? " (UTC)" : ""),
    tick(seconds, step) {
      if (step >= 28 * 86_400) return monthText.format(seconds * 1000);
      const clock = clockText.format(seconds * 1000);
      return step >= 86_400 || clock === "00:00" ? dayText.format(seconds * 1000) : clock;
    },
  };
}

/** The sums from each series to the last: drawn one over the other they are a stack. */
export function stacked(values) {
  const sums = values.map((column) => [...column]);
  for (let series = sums.length - 2; series >= 0; --series) {
    for (let i = 0; i < sums[series].length; ++i) sums[series][i] = (sums[series][i] ?? 0) + (sums[series + 1][i] ?? 0);
  }
  return sums;
}

function optionsFor(Plot, asked, words, width, tell) {
  const { x, series, stack, utcDays } = asked;
  const step = x.length > 1 ? x[1] - x[0] : 60;
  const axis = { stroke: css("--muted"), font: "12px system-ui, sans-serif", grid: { stroke: css("--grid"), width: 1 }, ticks: { show: false } };
  const bars = Plot.paths.bars({ size: [0.82, 48, 1], align: 0 });
  // Behind the bars of these, or the line's way to them.
  const open = unfinished(asked);
  const shade = (plot) => {
    const [left, right] = [x.at(-open) - (stack ? step / 2 : step), x.at(-1) + (stack ? step / 2 : 0)].map((value) => plot.valToPos(value, "x", true));
    plot.ctx.fillStyle = css("--notice");
    plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
  };
  const fromZero = (plot, low, high) => [0, high > 0 ? high * 1.06 : 1];
  const around = (plot, low, high) => {
    if (low === null) return [0, 1];
    const room = Math.max((high - low) * 0.08, high === low ? Math.max(1, high * 0.02) : 0);
    return [Math.max(0, low - room), high + room];
  };
  return {
    width, height: HEIGHT, legend: { show: false }, padding: [10, 22, 0, 0],
    tzDate: utcDays ? (seconds) => Plot.tzDate(new Date(seconds * 1000), "Etc/UTC") : undefined,
    cursor: { drag: { x: false, y: false }, points: { show: !stack } },
    scales: { x: { time: true, range: (plot, low, high) => (stack ? [low - step / 2, high + step / 2] : [low, high]) },
      y: { range: stack || asked.fromZero ? fromZero : around } },
    axes: [
      { ...axis, size: 32, space: 70, values: (plot, ticks, index, space, increment) => ticks.map((tick) => words.tick(tick, increment)) },
      { ...axis, size: 60, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7],
        values: (plot, ticks, index, space, increment) => ticks.map((tick) => (increment < 1000 ? integer(tick) : compact.format(tick))) },
    ],
    series: [{}, ...series.map(({ color }) => (stack
      ? { fill: css(color), stroke: css(color), width: 0, paths: bars, points: { show: false } }
      : { stroke: css(color), width: 2, spanGaps: true, points: { show: x.length <= 60, size: 5, fill: css(color), stroke: css(color) } }))],
    hooks: { drawClear: open ? [shade] : [], setCursor: [(plot) => tell(plot.cursor.idx)] },
  };
}

const UNITS = new Map([[60, "minute"], [3600, "hour"], [86_400, "day"]]);

/** How many of the last buckets of counts are not over, or not read to their end, and so look smaller than they will be. */
export function unfinished({ x, counts, until = Infinity }) {
  if (!counts || x.length < 2) return 0;
  const whole = Math.min(serviceNow(), until) / 1000 - (x[1] - x[0]);
  return x.filter((begin) => begin > whole).length;
}

function shaded(asked) {
  const open = unfinished(asked);
  if (!open) return null;
  const unit = UNITS.get(asked.x[1] - asked.x[0]) ?? "stretch";
  return h("figcaption", { class: "muted" }, h("i", { class: "swatch shaded" }),
    open === 1 ? `Shaded: the last ${unit}, which is not over or not read to its end yet.` : `Shaded: the last ${open} ${unit}s, which are not over or not read to their end yet.`);
}

function legendFor({ x, series, values, sum }, words) {
  const when = h("span", { class: "when" });
  const numbers = series.map(() => h("b", {}));
  const node = h("div", { class: "legend", "aria-hidden": "true" }, when,
    series.map(({ name, color }, index) => h("span", {}, h("i", { class: `swatch ${color.slice(2)}` }), `${name} `, numbers[index])));
  function tell(index) {
    const at = index ?? null;
    when.textContent = at === null ? (sum ? "In all" : "Latest") : words.full(x[at]);
    values.forEach((column, i) => {
      const value = at !== null ? column[at]
        : sum ? column.reduce((all, one) => all + (one ?? 0), 0) : column.findLast((one) => one !== null);
      numbers[i].replaceChildren(short(value ?? null));
    });
  }
  tell(null);
  return { node, tell };
}

function dataTable({ x, series, values, label }, words) {
  const details = h("details", {}, h("summary", {}, "The same as a table"));
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector("table")) return;
    const rows = x.map((_, index) => index).reverse().slice(0, TABLE_ROWS_MAX);
    details.append(table(label, [
      { name: "Time", head: true, cell: (row) => words.full(x[row]) },
      ...series.map(({ name }, index) => ({ name, number: true, cell: (row) => integer(values[index][row]) })),
    ], rows));
  });
  return details;
}

/**
 * A figure of `values[i][j]`: series i at the time x[j] (seconds). series: [{name, color: "--c1"}]. stack: bars one on the other;
 * else lines. sum: the legend tells totals while nothing is pointed at, else the latest. utcDays: x are days of UTC. counts: values are
 * of what happened from x to the next, known `until` then (ms, else now): what is not whole yet is shaded.
 */
export function chart(asked) {
  const words = timeWords(asked.utcDays);
  const legend = legendFor(asked, words);
  const place = h("div", { class: "plot", tabindex: "0", role: "img", "aria-label": `${asked.label}. ${asked.summary ?? ""}` });
  const figure = h("figure", { class: "chart" }, legend.node, place, shaded(asked), dataTable(asked, words));
  const data = [asked.x, ...(asked.stack ? stacked(asked.values) : asked.values)];
  let plot;

  function draw(Plot) {
    if (!place.isConnected || place.clientWidth === 0) return;
    plot?.destroy();
    plot = new Plot(optionsFor(Plot, asked, words, place.clientWidth, legend.tell), data, place);
  }
  uPlot().then((Plot) => {
    const sizes = new ResizeObserver(() => (place.isConnected ? plot?.width !== place.clientWidth && draw(Plot) : stop()));
    const redraw = () => draw(Plot);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    function stop() {
      sizes.disconnect();
      removeEventListener("themechange", redraw);
      dark.removeEventListener("change", redraw);
      plot?.destroy();
    }
    sizes.observe(place);
    addEventListener("themechange", redraw);
    dark.addEventListener("change", redraw);
  }, () => {
    figure.querySelector("figcaption")?.remove();
    place.replaceWith(h("p", { class: "empty" }, "Charts are missing here: what draws them could not be fetched when this site was built. ",
      "The numbers are in the table below; ", h("code", {}, "make pages"), " and a restart bring the charts."));
  });

  let keyed = null;
  place.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (!(event.key in steps) || !plot) return;
    event.preventDefault();
    const from = keyed ?? asked.x.length - (steps[event.key] > 0 ? 1 : 0);
    keyed = Math.min(asked.x.length - 1, Math.max(0, from + steps[event.key]));
    plot.setCursor({ left: plot.valToPos(asked.x[keyed], "x"), top: 10 });
  });
  place.addEventListener("blur", () => { keyed = null; plot?.setCursor({ left: -10, top: -10 }); });
  return figure;
}

// ---- Events by type have the same colours everywhere; what is rare is one group.

const GROUPS = [
  ["Pushes", "--c1", ["PushEvent"]],
  ["Pull requests", "--c2", ["PullRequestEvent"]],
  ["Reviews", "--c3", ["PullRequestReviewEvent", "PullRequestReviewCommentEvent", "PullRequestReviewThreadEvent"]],
  ["Issues", "--c4", ["IssuesEvent"]],
  ["Comments", "--c5", ["IssueCommentEvent", "CommitCommentEvent"]],
  ["Stars", "--c6", ["WatchEvent"]],
  ["Forks", "--c7", ["ForkEvent"]],
  ["Other", "--c8", []],
];
const groupOf = (type) => {
  const found = GROUPS.findIndex(([, , types]) => types.includes(type));
  return found === -1 ? GROUPS.length - 1 : found;
};
export const colorOf = (type) => GROUPS[groupOf(type)][1];

/** A chart of rows {bucket, total, counts: {type: n}}, read `until` then (ms); null where nothing happened. */
export function eventChart(rows, { label, utcDays, until }) {
  const total = rows.reduce((sum, row) => sum + row.total, 0);
  if (total === 0) return null;
  const sums = GROUPS.map(() => rows.map(() => 0));
  rows.forEach((row, index) => {
    for (const [type, number] of Object.entries(row.counts)) sums[groupOf(type)][index] += number;
  });
  const used = GROUPS.map((_, index) => index).filter((index) => sums[index].some((number) => number > 0));
  const busiest = rows.reduce((most, row) => (row.total > most.total ? row : most));
  return chart({
    label, utcDays, stack: true, sum: true, counts: true, until,
    x: rows.map((row) => Date.parse(row.bucket) / 1000),
    series: used.map((index) => ({ name: GROUPS[index][0], color: GROUPS[index][1] })),
    values: used.map((index) => sums[index]),
    summary: `${integer(total)} events, at most ${integer(busiest.total)} at once. The table below has all numbers.`,
  });
}
