// The form read as the JSON that is sent: a number as it was typed, so that none is
// rounded on its way, and text that is no number as text, for the contract to refuse.

import { find } from "./elements.js";

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

export const fields = [...document.querySelectorAll("#predict .field")];

export const inputOf = (field) => field.querySelector("select, textarea, input:not([data-null])");

export function readBody() {
  const whole = find("instance");
  const wish = find("explain").checked ? `,"explain":true` : "";
  return `{"instances":[${whole ? whole.value : readInstance()}]${wish}}`;
}

function readInstance() {
  const pairs = fields.map((field) => [field.dataset.name, readValue(field)]);
  return `{${pairs.filter(([, json]) => json !== "").map((pair) => pair.join(":")).join(",")}}`;
}

// The value of a field as JSON; empty where it is left out.
function readValue(field) {
  const { control, optional, nullable } = field.dataset;
  const value = inputOf(field).value;
  if (control === "choice") return value;
  if (control === "json") return value.trim() || "null";
  if (field.querySelector("[data-null]")?.checked) return "null";
  const text = control === "number" ? value.trim() : value;
  if (text === "" && optional !== undefined) return "";
  if (control === "number" && NUMBER.test(text)) return text;
  if (text === "" && nullable !== undefined && ["number", "date"].includes(control)) return "null";
  return JSON.stringify(text);
}

// Text is not asked for where null is chosen.
export function matchNulls() {
  for (const field of fields) {
    const box = field.querySelector("[data-null]");
    if (box) inputOf(field).disabled = box.checked;
  }
}
