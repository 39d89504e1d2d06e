// Elements made without markup: whatever a text holds, it stays text.

const SVG = "http://www.w3.org/2000/svg";

export const find = (id) => document.getElementById(id);

export function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function draw(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// A table that is stacked where the screen is narrow; its rows are lists of cells.
export function makeTable(caption, heads, rows) {
  const cell = (value, index) =>
    index ? make("td", { role: "cell", "data-of": heads[index] }, value)
      : make("th", { role: "rowheader", scope: "row" }, value);
  return make("table", { role: "table" },
    make("caption", { class: "unseen" }, caption),
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" },
      ...heads.map((head) => make("th", { role: "columnheader", scope: "col" }, head)))),
    make("tbody", { role: "rowgroup" },
      ...rows.map((row) => make("tr", { role: "row" }, ...row.map(cell)))));
}

// Names and what is so called, as a list of small facts or of large figures.
export function makeList(kind, pairs) {
  return make("dl", { class: kind }, ...pairs.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

export function formatNumber(value, digits = 4) {
  return Number(value).toLocaleString("en", { maximumSignificantDigits: digits });
}

export const formatShare = (value) => `${formatNumber(100 * value, 3)} %`;
