// What each feature contributed: a bar to the left of the middle lowers the score, one to
// the right raises it.

import { draw, formatNumber, make, makeTable } from "./elements.js";

const WIDTH = 120, HEIGHT = 12;

export function* describeExplanation({ explanations, not_explained_because: because }) {
  if (because) yield make("p", { class: "hint" }, `Not explained: ${because}`);
  for (const [output, parts] of Object.entries(explanations?.[0] ?? {})) {
    const { score, baseline, contributions } = parts;
    yield make("h3", {}, `What makes the score of ${output}`);
    yield make("p", { class: "hint" }, `The mean score in training, ${formatNumber(baseline)}, and what each feature adds to it come to ${formatNumber(score)}.`);
    const pairs = Object.entries(contributions).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
    const most = Math.abs(pairs[0]?.[1] ?? 0) || 1;
    const rows = pairs.map(([name, value]) => [name, drawSigned(value / most, formatNumber(value))]);
    yield makeTable(`Contributions to the score of ${output}`, ["Feature", "Contribution"], rows);
  }
}

function drawSigned(share, text) {
  const width = Math.abs(share) * WIDTH / 2;
  return make("span", { class: "signed" },
    draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" },
      draw("rect", { class: share < 0 ? "bar-less" : "bar-now", x: share < 0 ? WIDTH / 2 - width : WIDTH / 2, y: 0, width, height: HEIGHT }),
      draw("line", { class: "axis", x1: WIDTH / 2, x2: WIDTH / 2, y1: 0, y2: HEIGHT })),
    make("span", { class: "number" }, text));
}
