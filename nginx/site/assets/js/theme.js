// The reader's choice of colours, put on the page before anything is drawn. A classic script: modules run too late for that.
(() => {
  const names = { auto: "as the system", light: "for light rooms", dark: "for dark rooms" };
  const order = Object.keys(names);
  const root = document.documentElement;

  function stored() {
    try {
      return localStorage.getItem("repopulse.theme");
    } catch {
      return null; // storage is switched off
    }
  }

  function apply(theme) {
    root.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (button) {
      button.textContent = theme[0].toUpperCase() + theme.slice(1);
      button.setAttribute("aria-label", `${button.textContent}: colours ${names[theme]}`);
    }
    dispatchEvent(new CustomEvent("themechange"));
  }

  apply(order.includes(stored()) ? stored() : "auto");
  addEventListener("DOMContentLoaded", () => {
    apply(root.dataset.theme);
    document.getElementById("theme").addEventListener("click", () => {
      const next = order[(order.indexOf(root.dataset.theme) + 1) % order.length];
      try {
        localStorage.setItem("repopulse.theme", next);
      } catch {
        // It then lasts as long as the page.
      }
      apply(next);
    });
  });
})();
