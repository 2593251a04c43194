// How numbers, times and durations are written. Times are shown in the reader's zone, with UTC on hover.
import { h } from "./dom.js";

const whole = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const signed = new Intl.NumberFormat("en", { signDisplay: "exceptZero" });
const share = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const shortLocal = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const zone = new Intl.DateTimeFormat(undefined).resolvedOptions().timeZone;

export const NONE = "–";
let clockOffset = 0; // of the service's clock, in a replay
let clockTold;
/** Resolves when it is known what time it is there; what asks for days up to now waits for it. */
export const clockKnown = new Promise((resolve) => { clockTold = resolve; });

/** Nothing given: the service's time is ours. */
export function setServiceNow(iso) {
  if (iso) clockOffset = Date.parse(iso) - Date.now();
  clockTold();
  retell();
}
export const serviceNow = () => Date.now() + clockOffset;

/** The day of UTC so many days ago, there: "2026-11-21". */
export async function dayBefore(days) {
  await clockKnown;
  return new Date(serviceNow() - days * 86_400_000).toISOString().slice(0, 10);
}

const known = (value) => value !== null && value !== undefined;
export const integer = (value) => (known(value) ? whole.format(value) : NONE);
export const change = (value) => (known(value) ? signed.format(value) : NONE);
export const percent = (value) => (known(value) ? share.format(value) : NONE);
export const decimal = (value, digits = 1) => (known(value) ? value.toLocaleString("en", { maximumFractionDigits: digits }) : NONE);

/** A number in few characters, the whole one on hover. */
export function short(value) {
  if (!known(value)) return NONE;
  if (Math.abs(value) < 10_000) return integer(value);
  return h("span", { title: integer(value) }, compact.format(value));
}

/** The whole percentage, but never "100 %" for what is less, nor "0 %" for what is more than nothing. */
export function coverage(value) {
  if (!known(value)) return NONE;
  if (value > 0 && value < 0.001) return "< 0.1%";
  if (value < 1 && value > 0.999) return "> 99.9%";
  return percent(value);
}

const STEPS = [["day", 86_400], ["h", 3600], ["min", 60], ["s", 1]];
export function duration(seconds) {
  if (!known(seconds)) return NONE;
  if (seconds < 1) return seconds === 0 ? "0 s" : `${decimal(seconds, 2)} s`;
  const from = STEPS.findIndex(([, length]) => seconds >= length);
  const [name, length] = STEPS[from];
  const many = Math.floor(seconds / length);
  const word = (unit, number) => `${number} ${unit === "day" && number !== 1 ? "days" : unit}`;
  if (name === "s") return `${decimal(seconds)} s`;
  const [next, nextLength] = STEPS[from + 1];
  const rest = Math.floor((seconds % length) / nextLength);
  return rest ? `${word(name, many)} ${word(next, rest)}` : word(name, many);
}

export const utc = (iso) => `${iso.replace("T", " ").replace(/(\.\d+)?Z$/, "")} UTC`;

function agoText(iso) {
  const seconds = (Date.parse(iso) - serviceNow()) / 1000;
  const [unit, length] = [["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3600], ["minute", 60]]
    .find(([, step]) => Math.abs(seconds) >= step) ?? ["second", 1];
  return relative.format(Math.round(seconds / length), unit);
}

/** <time> in the reader's zone. */
export function at(iso) {
  if (!iso) return NONE;
  return h("time", { datetime: iso, title: utc(iso) }, shortLocal.format(new Date(iso)));
}

/** <time> as "3 minutes ago", kept true while it is shown. */
export function ago(iso) {
  if (!iso) return NONE;
  const title = `${local.format(new Date(iso))} (${zone}) · ${utc(iso)}`;
  return h("time", { datetime: iso, title, dataset: { ago: "" } }, agoText(iso));
}

/** A day of UTC, which has no other time zone. */
export function day(text) {
  if (!text) return NONE;
  const written = new Date(`${text.slice(0, 10)}T00:00:00Z`).toLocaleDateString(undefined, { dateStyle: "medium", timeZone: "UTC" });
  return h("time", { datetime: text, title: `${text.slice(0, 10)}, a day of UTC` }, written);
}

function retell() {
  for (const element of document.querySelectorAll("time[data-ago]")) element.textContent = agoText(element.dateTime);
}
setInterval(retell, 20_000);

/** "PullRequestReviewCommentEvent" → "Pull request review comment". */
export function eventType(type) {
  const words = type.replace(/Event$/, "").replace(/([a-z])([A-Z])/g, "$1 $2");
  return words[0] + words.slice(1).toLowerCase();
}
