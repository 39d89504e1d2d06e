// Drift: for each feature and score the shares of its bins in training and now.

import { draw, formatNumber, formatShare, make, makeTable } from "./elements.js";
import { ask } from "./service.js";

const WIDTH = 240, HEIGHT = 76;

export async function describeDrift() {
  const drift = JSON.parse(await ask("v1/drift"));
  const window = chooseWindow(drift);
  const figures = [...window.features, ...window.scores];
  const histograms = [...drift.training.features, ...drift.training.scores];
  const charts = histograms.map((histogram, index) =>
    drawChart(histogram, window.cells[index], figures[index], index < drift.training.features.length));
  return [describeWindow(window, drift), drawLegend(), make("div", { class: "charts" }, ...charts)];
}

// The later window that has instances enough for figures, or else that has any.
function chooseWindow({ current, previous, minimum_count: least }) {
  if (current.count >= least) return current;
  return previous.count >= least || !current.count ? previous : current;
}

function describeWindow({ begins, ends, count, verdict }, { minimum_count: least }) {
  const told = verdict === "insufficient" ? `too few to judge, which takes ${least}` : `verdict: ${verdict}`;
  const from = new Date(begins).toLocaleString(), to = new Date(ends).toLocaleTimeString();
  return make("p", {}, `${formatNumber(count, 12)} instances from ${from} to ${to}, ${told}.`);
}

function drawLegend() {
  const sample = (kind) => draw("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" },
    draw("rect", { width: 10, height: 10, class: `bar-${kind}` }));
  return make("p", { class: "legend" }, make("span", {}, sample("training"), "training"),
    make("span", {}, sample("now"), "now"));
}

// The bins by name, each with its share in training and now; `cells` are those of
// service/model/drift/histograms.py: below or unseen, each bin, above, null.
function listBins({ kind, counts, nulls = 0, edges = [], categories = [] }, cells) {
  const isCategory = kind === "category";
  const format = (edge) => kind === "date-time" ? new Date(1000 * edge).toISOString().slice(0, 10) : formatNumber(edge);
  const names = counts.map((_, bin) =>
    isCategory ? String(categories[bin]) : `${format(edges[bin])} to ${format(edges[bin + 1])}`);
  const training = [0, ...counts, 0, nulls];
  const [trained, came] = [training, cells].map((each) => each.reduce((a, b) => a + b, 0) || 1);
  return [isCategory ? "unseen" : "below", ...names, "above", "null"]
    .map((name, bin) => ({ name, training: training[bin] / trained, now: cells[bin] / came,
      isBin: bin > 0 && bin <= counts.length }))
    .filter(({ isBin, training: before, now }) => isBin || before || now);
}

function drawChart(histogram, cells, figure, isFeature) {
  const bins = listBins(histogram, cells);
  const verdict = figure ? `${figure.verdict}, PSI ${formatNumber(figure.psi, 2)}` : "";
  const title = make("h3", {}, make("span", {}, isFeature ? histogram.name : `Answer: ${histogram.name}`),
    make("span", { class: `verdict ${figure?.verdict ?? ""}` }, verdict));
  const rows = bins.map(({ name, training, now }) => [name, formatShare(training), formatShare(now)]);
  const heads = [{ text: "Length", mean: "Mean of elements" }[histogram.kind] ?? "Bin", "Training", "Now"];
  return make("div", { class: "chart" }, title, drawBars(histogram.name, bins),
    make("div", { class: "ends", "aria-hidden": "true" },
      make("span", {}, bins[0]?.name ?? ""), make("span", {}, bins.length > 1 ? bins.at(-1).name : "")),
    make("details", {}, make("summary", {}, "Figures", make("span", { class: "unseen" }, ` of ${histogram.name}`)),
      makeTable(`Shares of ${histogram.name}`, heads, rows)));
}

// A wide pale bar for training, and before it a narrow dark one for now.
function drawBars(name, bins) {
  const most = Math.max(...bins.map(({ training, now }) => Math.max(training, now)), 1e-9);
  const step = WIDTH / Math.max(bins.length, 1);
  const bar = (kind, share, index, width) => {
    const height = (HEIGHT - 4) * share / most;
    return draw("rect", { class: `bar-${kind}`, x: index * step + (step - width) / 2,
      y: HEIGHT - height, width, height });
  };
  const widest = bins.reduce((a, b) => (b.now - b.training > a.now - a.training ? b : a), bins[0]);
  const label = `${name}: most has come to ${widest.name}, ${formatShare(widest.training)} in training and ${formatShare(widest.now)} now`;
  return draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + 1}`, role: "img", "aria-label": label },
    ...bins.flatMap(({ name: bin, training, now }, index) => [draw("g", {},
      draw("title", {}, `${bin}: ${formatShare(training)} in training, ${formatShare(now)} now`),
      bar("training", training, index, 0.84 * step), bar("now", now, index, 0.4 * step))]),
    draw("line", { class: "axis", x1: 0, x2: WIDTH, y1: HEIGHT + 0.5, y2: HEIGHT + 0.5 }));
}
