// A small trend line: SVG of a few points, as wide as its column, with its words for who does not see it.
import { h, s } from "./dom.js";
import { NONE, change, integer, serviceNow } from "./format.js";

const WIDTH = 96;
const HEIGHT = 24;

/** `values`: numbers, null where nothing is known. Fewer than two known make no line. open: the last is not whole yet, and the way to it dashed. */
export function sparkline(values, label, { open = false } = {}) {
  const known = values.map((value, index) => [index, value]).filter(([, value]) => value !== null && value !== undefined);
  if (known.length < 2) return h("span", { class: "muted", title: "Too little is known yet" }, NONE);
  const numbers = known.map(([, value]) => value);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const x = (index) => 2 + (index / (values.length - 1)) * (WIDTH - 4);
  const y = (value) => (high === low ? HEIGHT / 2 : HEIGHT - 3 - ((value - low) / (high - low)) * (HEIGHT - 6));
  const points = known.map(([index, value]) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
  const last = known.at(-1);
  const base = HEIGHT - 0.5;
  return s("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img", "aria-label": label },
    s("title", {}, label),
    s("polygon", { class: "area", points: `${x(known[0][0]).toFixed(1)},${base} ${points.join(" ")} ${x(last[0]).toFixed(1)},${base}` }),
    s("polyline", { points: points.slice(0, open ? -1 : undefined).join(" ") }),
    open && s("polyline", { class: "open", points: points.slice(-2).join(" ") }),
    s("circle", { cx: x(last[0]).toFixed(1), cy: y(last[1]).toFixed(1), r: 2 }));
}

/** Of a row of /compare: its stars where they are known of two days, else its events. */
export function trendOf(compared) {
  if (!compared) return sparkline([], "");
  const { series } = compared;
  const stars = series.map((day) => day.stargazers_count);
  if (stars.filter((value) => value !== null).length >= 2) {
    return sparkline(stars, `Stars in ${series.length} days: ${change(compared.stars_gained)}`);
  }
  const open = Date.parse(series.at(-1)?.day) + 86_400_000 > serviceNow();
  return sparkline(series.map((day) => day.events),
    `Events a day in ${series.length} days: ${integer(compared.events)} in all${open ? "; the last day is not over" : ""}`, { open });
}
