// The text that Prometheus reads, and what a page can say of it.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES = { n: "\n" };

// The samples by name: [{labels, value}, ...].
export function parseMetrics(text) {
  const samples = {};
  for (const line of text.split("\n")) {
    const found = LINE.exec(line);
    if (!found) continue;
    const [, name, inside = "", value] = found;
    const labels = {};
    for (const [, key, raw] of inside.matchAll(LABEL)) {
      labels[key] = raw.replace(/\\(.)/g, (_, each) => ESCAPES[each] ?? each);
    }
    (samples[name] ??= []).push({ labels, value: Number(value) });
  }
  return samples;
}

export const total = (samples) => samples.reduce((sum, { value }) => sum + value, 0);

// The sums of samples by a label.
export function sumBy(samples, label) {
  const sums = new Map();
  for (const { labels, value } of samples) {
    sums.set(labels[label], (sums.get(labels[label]) ?? 0) + value);
  }
  return sums;
}

// A quantile of a histogram's buckets, interpolated as Prometheus does it.
export function findQuantile(buckets, share) {
  const sums = [...sumBy(buckets, "le")].map(([le, count]) => [le === "+Inf" ? Infinity : Number(le), count]);
  sums.sort(([a], [b]) => a - b);
  const all = sums.at(-1)?.[1];
  if (!all) return NaN;
  let low = 0, below = 0;
  for (const [high, count] of sums) {
    if (count >= share * all) {
      return high === Infinity ? low : low + (high - low) * ((share * all - below) / (count - below));
    }
    [low, below] = [high, count];
  }
  return low;
}
