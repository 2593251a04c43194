// Requests to the service this page came from, and to nobody else.

const TIMEOUT_MS = 15_000;
const KEY_NAME = "repopulse.key";

/** The service answered with a problem (RFC 9457), or not at all (status 0). */
export class ApiError extends Error {
  constructor(status, problem, retryAfter) {
    super(problem.detail || problem.title || `The service answered with status ${status}.`);
    this.status = status;
    this.requestId = problem.instance;
    this.errors = problem.errors ?? [];
    this.retryAfter = retryAfter;
  }
}

/** There is no data yet, and there will be: ask again after so many seconds. */
export class Awaited extends Error {
  constructor(seconds) {
    super("The first data are being collected.");
    this.seconds = seconds;
  }
}

const listeners = [];
/** Calls back with the `meta` of every answer. */
export const onMeta = (listener) => listeners.push(listener);

// ---- The admin key: of this tab, and gone with it.

export function adminKey() {
  try {
    return sessionStorage.getItem(KEY_NAME) ?? "";
  } catch {
    return "";
  }
}
export function setAdminKey(key) {
  if (key) sessionStorage.setItem(KEY_NAME, key);
  else sessionStorage.removeItem(KEY_NAME);
  dispatchEvent(new CustomEvent("keychange"));
}

// ---- Requests

/** "/api/v1/x" with parameters; empty ones are left out. */
export function url(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** The path of a repository's answers: repo("a/b", "health"). */
export function repo(fullName, ...rest) {
  const parts = fullName.split("/").map(encodeURIComponent);
  return ["/api/v1/repos", ...parts, ...rest].join("/");
}

async function send(target, options, signal) {
  const timeout = new AbortController();
  const stop = () => timeout.abort();
  const timer = setTimeout(stop, options.timeout ?? TIMEOUT_MS);
  signal?.addEventListener("abort", stop);
  try {
    const response = await fetch(target, { ...options, signal: timeout.signal, credentials: "omit" });
    return { response, text: await response.text() };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, { detail: timeout.signal.aborted ? "The service did not answer in time." : "The service cannot be reached." });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

function parsed(text, status) {
  if (!text) return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(status, { detail: "The service's answer is not JSON." });
  }
}

/** The answer as {data, meta, next, stale}. Throws ApiError, Awaited, or the abort. */
export async function get(target, { signal, admin = false } = {}) {
  const headers = admin && adminKey() ? { "X-API-Key": adminKey() } : {};
  const { response, text } = await send(target, { headers }, signal);
  const body = parsed(text, response.status);
  const retryAfter = Number(response.headers.get("Retry-After")) || undefined;
  if (body.meta) for (const listener of listeners) listener(body.meta);
  if (response.status === 202) throw new Awaited(retryAfter ?? 5);
  if (!response.ok) throw new ApiError(response.status, body, retryAfter);
  return {
    body,
    data: body.data,
    meta: body.meta ?? {},
    next: cursorOf(response.headers.get("Link")),
    stale: response.headers.has("Warning"),
  };
}

function cursorOf(link) {
  const next = /<([^>]*)>;\s*rel="next"/.exec(link ?? "");
  return next ? new URL(next[1], location.origin).searchParams.get("cursor") : null;
}

/** PUT, POST or DELETE with the admin key. Returns {status, body}. */
export async function write(method, target, { timeout } = {}) {
  const { response, text } = await send(target, { method, headers: { "X-API-Key": adminKey() }, timeout });
  const body = parsed(text, response.status);
  if (!response.ok) throw new ApiError(response.status, body, Number(response.headers.get("Retry-After")) || undefined);
  return { status: response.status, body };
}
