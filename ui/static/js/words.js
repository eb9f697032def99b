// Texts of the scripts, in the language of the page: word("selected", {n: 3}).
const words = JSON.parse(document.body.dataset.words || "{}");

export function word(name, values = {}) {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
}

export function icon(name) {
  const sprite = document.querySelector("svg.icon use")?.getAttribute("href").split("#")[0] ?? "";
  return `<svg class="icon" aria-hidden="true"><use href="${sprite}#${name}"/></svg>`;
}
