// Live figures: GET /v1/model and GET /metrics, in words and numbers.

import { formatNumber, formatShare, make, makeList, makeTable } from "./elements.js";
import { findQuantile, parseMetrics, sumBy, total } from "./metrics.js";
import { ask } from "./service.js";

export async function describeVersion() {
  const model = JSON.parse(await ask("v1/model"));
  const measured = Object.entries(model.metrics ?? {});
  const parts = [];
  if (measured.length) {
    const figures = measured.map(([name, value]) => [name, formatNumber(value, 4)]);
    parts.push(make("h3", {}, "Measured in training"), makeList("tiles", figures));
  }
  const libraries = Object.entries(model.libraries).map((pair) => pair.join(" "));
  parts.push(make("h3", {}, "This version"), makeList("facts", [
    ["Task", model.task],
    ["Engine", [model.engine.name, model.engine.reason].filter(Boolean).join(": ")],
    ["Packaged", model.created],
    ["Served since", model.serving_since],
    ["Libraries", libraries.join(", ")],
    ["SHA-256 of the manifest", model.digest],
  ]));
  return parts;
}

export async function describeMetrics() {
  const samples = parseMetrics(await ask("metrics", { headers: { Accept: "text/plain" } }));
  const of = (name) => samples[name] ?? [];
  const requests = of("http_request_duration_seconds_count");
  const parts = [listTiles(of), tabulateRoutes(of, requests)];
  const labels = [...sumBy(of("model_predictions_total"), "label")];
  const predicted = labels.reduce((sum, [, count]) => sum + count, 0);
  if (predicted) {
    const rows = labels.map(([label, count]) => [label, formatNumber(count, 12), formatShare(count / predicted)]);
    parts.push(make("h3", {}, "Predictions by label"), makeTable("Predictions by label", ["Label", "Predictions", "Share"], rows));
  }
  const reasons = [...sumBy(of("http_requests_rejected_total"), "reason")].filter(([, count]) => count);
  if (reasons.length) {
    const rows = reasons.map(([reason, count]) => [reason, formatNumber(count, 12)]);
    parts.push(make("h3", {}, "Requests refused"), makeTable("Requests refused", ["Reason", "Requests"], rows));
  }
  return parts;
}

function listTiles(of) {
  const requests = of("http_request_duration_seconds_count");
  const failed = requests.filter(({ labels }) => labels.status.startsWith("5"));
  const info = of("model_info").find(({ value }) => value)?.labels ?? {};
  const tiles = [
    ["Engine", info.engine ?? "unknown"],
    ["Requests", formatNumber(total(requests), 12)],
    ["Instances", formatNumber(total(of("model_request_instances_sum")), 12)],
    ["Failed (5xx)", formatNumber(total(failed), 12)],
    ["In flight", formatNumber(total(of("http_requests_in_flight")), 12)],
    ["Workers ready", `${total(of("service_workers_ready"))} of ${total(of("service_workers"))}`],
  ];
  return makeList("tiles", tiles);
}

function tabulateRoutes(of, requests) {
  const rows = [...sumBy(requests, "route")].filter(([, count]) => count).map(([route, count]) => {
    const here = ({ labels }) => labels.route === route;
    const buckets = of("http_request_duration_seconds_bucket").filter(here);
    const began = (digit) => total(requests.filter((each) => here(each) && each.labels.status.startsWith(digit)));
    const time = (share) => `${formatNumber(1000 * findQuantile(buckets, share), 3)} ms`;
    return [route, formatNumber(count, 12), `${began("4")}`, `${began("5")}`, time(0.5), time(0.99)];
  });
  const heads = ["Route", "Requests", "4xx", "5xx", "Median", "99 % within"];
  return make("div", {}, make("h3", {}, "Requests and latency"), makeTable("Requests by route", heads, rows));
}
