// What was answered, or what was refused and where.

import { find, formatNumber, make } from "./elements.js";
import { describeExplanation } from "./explanation.js";
import { fields, inputOf } from "./instance.js";

export function clearAnswer() {
  find("answer").replaceChildren();
  find("refusal").replaceChildren();
  for (const field of fields) {
    field.classList.remove("wrong");
    inputOf(field).removeAttribute("aria-invalid");
    field.querySelector(".note").textContent = "";
  }
}

export function showAnswer(text) {
  const answer = JSON.parse(text);
  const parts = [...describePrediction(answer.predictions[0])];
  parts.push(...describeExplanation(answer));
  noteEach(answer.warnings ?? []);
  if (answer.warnings) {
    const list = answer.warnings.map(({ path, message }) => make("li", {}, `${shorten(path)} ${message}`));
    parts.push(make("p", {}, "Answered, with a warning:"), make("ul", { class: "warnings" }, ...list));
  }
  const { name, version } = answer.model;
  parts.push(make("p", { class: "hint" }, `${name} ${version}, request ${answer.request_id}`));
  parts.push(make("details", {}, make("summary", {}, "The answer as it came"),
    make("pre", { tabindex: "0" }, make("code", {}, text))));
  find("answer").replaceChildren(...parts);
}

function* describePrediction(prediction) {
  const { label, outputs, ...others } = prediction;
  if (outputs) {
    for (const [name, part] of Object.entries(outputs)) {
      yield make("h3", {}, name);
      yield* describePrediction(part);
    }
    return;
  }
  if (label !== undefined) yield make("p", { class: "label" }, label);
  const scalars = Object.entries(others).filter(([, value]) => typeof value !== "object");
  if (scalars.length) yield listNumbers(scalars, false);
  for (const [group, values] of Object.entries(others)) {
    if (typeof values !== "object" || values === null) continue;
    yield make("p", { class: "hint" }, group);
    yield listNumbers(Object.entries(values), group === "probabilities");
  }
}

function listNumbers(pairs, isShare) {
  const list = make("dl", { class: "numbers" });
  for (const [name, value] of pairs) {
    const number = make("span", { class: "number" }, formatNumber(value, 6));
    const bar = isShare ? [make("meter", { min: 0, max: 1, value, "aria-label": `${name}, of 1` })] : [];
    list.append(make("dt", {}, name), make("dd", {}, ...bar, number));
  }
  return list;
}

// What is refused stands at its field, too, and the first of these has the focus.
export function showRefusal(refusal) {
  noteEach(refusal.errors, true);
  const parts = [make("p", {}, make("strong", {}, refusal.message))];
  if (refusal.errors.length) {
    const items = refusal.errors.map(({ path, message }) => make("li", {}, `${shorten(path)} ${message}`));
    parts.push(make("ul", {}, ...items));
  }
  find("refusal").replaceChildren(...parts);
  const first = document.querySelector("#predict [aria-invalid]");
  if (first) first.focus();
  else if (refusal.status === 401) find("key").focus();
}

const shorten = (path) => path.replace(/^instances\[0\]\.?/, "") || "instance";

// The field that a path leads to, of a tensor from a place within it, and its own path.
function findField(byPath, path) {
  if (!fields[0]?.dataset.name) return ["", fields[0]];
  const isWithin = ([start, field]) => field.dataset.control === "json" && /^[[.]/.test(path.slice(start.length));
  if (byPath.has(path)) return [path, byPath.get(path)];
  return [...byPath].find((pair) => path.startsWith(pair[0]) && isWithin(pair)) ?? [path, null];
}

function noteEach(remarks, isWrong = false) {
  const byPath = new Map(fields.filter((field) => field.dataset.name)
    .map((field) => [`instances[0].${JSON.parse(field.dataset.name)}`, field]));
  for (const { path, message } of remarks) {
    const [start, field] = findField(byPath, path);
    if (!field) continue;
    const place = field.dataset.name ? path.slice(start.length) : shorten(path);
    const name = place && `${place} `;
    const note = field.querySelector(".note");
    note.textContent = [note.textContent, name + message].filter(Boolean).join("; ");
    field.classList.toggle("wrong", isWrong);
    if (isWrong) inputOf(field).setAttribute("aria-invalid", "true");
  }
}
