// Opens /docs in a real browser and tells, as JSON, what a reader would see:   node docs_page.mjs PLAYWRIGHT BASE ADMIN_KEY
import { createRequire } from "node:module";

const [folder, base, key] = process.argv.slice(2);
const { chromium } = createRequire(`${folder}/`)("playwright-core");
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

// A page that keeps all complaints of its console, and all requests to others.
async function open(options, prepare = async () => {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => request.url().startsWith(base) || request.url().startsWith("data:") || complaints.push(request.url()));
  await prepare(page);
  await page.goto(`${base}/docs`);
  return { page, complaints };
}

// Presses "Execute" of an operation and returns the status that came.
async function tryOut(page, id) {
  const block = page.locator(`[id^="operations-"][id$="-${id}"]`);
  await block.locator(".opblock-summary-control").click();
  await block.locator("button.execute").click();
  const status = await block.locator(".live-responses-table tbody .response-col_status").first().innerText();
  return { status: parseInt(status, 10), url: await block.locator(".request-url pre").first().innerText() };
}

const told = {};
try {
  const { page, complaints } = await open({ colorScheme: "light" });
  await page.waitForSelector(".opblock");
  told.operations = await page.locator(".opblock").count();
  told.demo = await page.locator("#demo").innerText();
  told.read = await tryOut(page, "listTopics");
  told.refused = await tryOut(page, "listJobs");
  await page.locator("button.authorize").first().click();
  await page.locator(".auth-container input").first().fill(key);
  await page.locator(".auth-container button[type=submit]").first().click();
  await page.locator(".btn-done").first().click();
  told.allowed = await tryOut(page, "listJobsToo");
  told.light = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  told.kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  told.complaints = complaints;

  const dark = await open({ colorScheme: "dark", viewport: { width: 360, height: 740 } });
  await dark.page.waitForSelector(".opblock");
  told.dark = await dark.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  told.width = await dark.page.evaluate(() => document.documentElement.scrollWidth);
  told.dark_complaints = dark.complaints;

  const bare = await open({}, (one) => one.route("**/assets/packages/**", (route) => route.fulfill({ status: 404, body: "" })));
  told.without_viewer = await bare.page.locator("#missing").innerText();
} finally {
  await browser.close();
}
console.log(JSON.stringify(told));
