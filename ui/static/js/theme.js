// Runs before the first paint: light or dark by the member's choice (cookie), else by the system.
(() => {
  const wanted = /(?:^|; )theme=(light|dark)/.exec(document.cookie)?.[1];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => { document.documentElement.dataset.theme = wanted || (dark.matches ? "dark" : "light"); };
  apply();
  if (!wanted) dark.addEventListener("change", apply);
})();
