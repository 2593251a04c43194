// How far down each view was read. The browser's own memory of it is of no use here, as a view has its height only when its data have come: the
// place is kept in the history's entry, so that back, forward and a reload find it again, and a new view begins at its top.

const SAVE_MS = 100; // browsers bound how often an entry may be written
const COMING_BACK_MS = 10_000;
const HANDS = ["wheel", "touchstart", "pointerdown", "keydown"];

let stop = null; // of a coming back that is under way

function save() {
  if (stop || scrollY === (history.state?.top ?? 0)) return;
  history.replaceState({ ...history.state, top: scrollY }, "");
}

export function keepPlaces() {
  history.scrollRestoration = "manual";
  let timer;
  addEventListener("scroll", () => {
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_MS);
  }, { passive: true });
  addEventListener("popstate", () => clearTimeout(timer)); // the entry is another by now
  addEventListener("click", save, { capture: true }); // a link may lead away before it was saved
  addEventListener("pagehide", save);
}

/** Goes where this entry of the history was left, as soon as `content` is that high, unless the reader's own hands are faster. */
export function comeBack(content, signal) {
  stop?.();
  const top = history.state?.top ?? 0;
  scrollTo(0, top);
  if (top === 0) return;
  const sizes = new ResizeObserver(() => {
    scrollTo(0, top);
    if (!content.querySelector("[aria-busy], .skeleton")) done();
  });
  const timer = setTimeout(done, COMING_BACK_MS);
  function done() {
    sizes.disconnect();
    clearTimeout(timer);
    for (const hand of HANDS) removeEventListener(hand, done, { capture: true });
    stop = null;
  }
  stop = done;
  for (const hand of HANDS) addEventListener(hand, done, { capture: true, passive: true });
  signal.addEventListener("abort", done);
  sizes.observe(content);
}
