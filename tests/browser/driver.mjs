// Drives Debian's chromium for the tests, by lines of JSON:   node driver.mjs
//   in:  {"command": "open", ...}          out: {"ok": value} or {"error": "..."}
// Each `open` begins a browser context of its own; the commands after it are about that page.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const packages = createRequire(new URL("../../nginx/site-packages/package.json", import.meta.url));
const { chromium } = packages("playwright-core");
const axeSource = readFileSync(packages.resolve("axe-core/axe.min.js"), "utf8");

const TIMEOUT_MS = 15_000;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--font-render-hinting=none"];

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: FLAGS });
let context;
let page;
let seen;

function watch(origin) {
  seen = { console: [], failed: [], foreign: [], bytes: 0 };
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && seen.console.push(`${message.text()} (${message.location().url})`));
  page.on("pageerror", (error) => seen.console.push(String(error.stack ?? error)));
  page.on("request", (request) => !request.url().startsWith(origin) && !request.url().startsWith("data:") && seen.foreign.push(request.url()));
  page.on("response", (response) => response.status() >= 400 && seen.failed.push(`${response.status()} ${response.url()}`));
  page.on("requestfinished", async (request) => {
    seen.bytes += (await request.sizes().catch(() => ({ responseBodySize: 0 }))).responseBodySize;
  });
}

const settled = () => page.waitForFunction(() => {
  const plots = [...document.querySelectorAll(".plot")];
  return document.querySelector("main h1") && !document.querySelector("[aria-busy], .skeleton") && plots.every((plot) => plot.querySelector("canvas"))
    && !document.querySelector(".trend[aria-hidden]");
}, undefined, { timeout: TIMEOUT_MS });

// How many pixels of each chart have (nearly) each colour of its legend: a chart that drew nothing has none of them.
function paintedPixels() {
  return [...document.querySelectorAll("figure.chart")].map((figure) => {
    const canvas = figure.querySelector("canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const series = [...figure.querySelectorAll(".legend .swatch")].map((swatch) => {
      const [red, green, blue] = getComputedStyle(swatch).backgroundColor.match(/\d+/g).map(Number);
      let pixels = 0;
      for (let i = 0; i < data.length; i += 4) {
        const far = Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue);
        if (data[i + 3] > 200 && far < 24) ++pixels;
      }
      return { name: swatch.parentElement.textContent, pixels };
    });
    return { label: figure.querySelector(".plot").getAttribute("aria-label"), series };
  });
}

const locate = ({ role, name, label, selector, exact = true }) => (role ? page.getByRole(role, { name, exact })
  : label ? page.getByLabel(label, { exact }) : page.locator(selector)).first();

const commands = {
  async open({ url, width = 1440, height = 900, scheme = "light", zone = "Europe/Berlin", settle = true }) {
    await context?.close();
    context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, timezoneId: zone, locale: "en-GB", reducedMotion: "reduce" });
    context.setDefaultTimeout(TIMEOUT_MS);
    page = await context.newPage();
    watch(new URL(url).origin);
    await page.addInitScript(() => {
      globalThis.policyReports = [];
      // When something was last drawn, in the page's own time.
      new MutationObserver(() => { globalThis.lastDrawn = performance.now(); }).observe(document, { childList: true, subtree: true });
      addEventListener("securitypolicyviolation", (event) => globalThis.policyReports.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
    await page.goto(url);
    if (settle) await settled();
  },
  settled,
  seen: async () => ({ ...seen, policy: await page.evaluate(() => globalThis.policyReports) }),
  axe: async () => {
    await page.evaluate(axeSource);
    const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    return found.violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.slice(0, 3).map((node) => node.html.slice(0, 160)) }));
  },
  charts: () => page.evaluate(paintedPixels),
  // Whatever reaches past the window's edge without a box of its own that scrolls.
  overflow: () => page.evaluate(() => ({ page: document.documentElement.scrollWidth, window: innerWidth })),
  text: ({ selector = "main" }) => page.locator(selector).first().innerText(),
  texts: ({ selector }) => page.locator(selector).allInnerTexts(),
  attribute: ({ selector, name }) => page.locator(selector).first().getAttribute(name),
  count: ({ selector }) => page.locator(selector).count(),
  address: () => page.evaluate(() => location.hash),
  title: () => page.title(),
  click: (asked) => locate(asked).click(),
  fill: (asked) => locate(asked).fill(asked.value),
  choose: (asked) => locate(asked).selectOption(asked.value),
  press: ({ key }) => page.keyboard.press(key),
  focus: (asked) => locate(asked).focus(),
  focused: () => page.evaluate(() => document.activeElement?.innerText || document.activeElement?.id || document.activeElement?.tagName),
  back: async () => { await page.goBack(); },
  reload: async () => { await page.reload(); },
  waitForText: ({ text, selector = "body" }) => page.locator(selector, { hasText: text }).first().waitFor(),
  waitForCount: ({ selector, number }) => page.waitForFunction(([wanted, times]) => document.querySelectorAll(wanted).length === times, [selector, number]),
  waitForRequests: ({ part, number }) => page.waitForFunction(([wanted, times]) =>
    performance.getEntriesByType("resource").filter((one) => one.name.includes(wanted)).length === times, [part, number]),
  waitForAddress: ({ part }) => page.waitForFunction((wanted) => location.hash.includes(wanted), part),
  evaluate: ({ script }) => page.evaluate(script),
  // Answers of these paths are replaced by an error, or come late, from now on.
  spoil: ({ glob, status = 503, body = {}, headers = {} }) => page.route(glob, (route) =>
    route.fulfill({ status, contentType: "application/problem+json", body: JSON.stringify(body), headers })),
  heal: ({ glob }) => page.unroute(glob),
  screenshot: async ({ path, full = true }) => { await page.screenshot({ path, fullPage: full, animations: "disabled" }); },
};

// What stands for an object of the browser has no JSON.
const plain = (value) => (value === undefined || typeof value?.dispose === "function" ? null : value);

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  try {
    process.stdout.write(`${JSON.stringify({ ok: plain(await commands[asked.command](asked)) })}\n`, "utf8");
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: String(error.message ?? error) })}\n`, "utf8");
  }
}
await browser.close();
