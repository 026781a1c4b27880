// The status page: asks for the counters, computes rates from two answers, shows both.
// It keeps nothing but the last three minutes and talks to nobody but its own origin.
"use strict";

const POLL_MS = 1000;
const HIDDEN_POLL_MS = 10000;
const DEADLINE_MS = 5000;
const RATE_WINDOW_S = 5;
const CHART_S = 180;
const CHART_SHORTEST_S = 30;
const CHART_WIDTH = 180; // of the picture's own coordinates
const SHORTEST_S = 0.5;

const LEVELS = { healthy: "good", degraded: "warn", unhealthy: "bad" };
const HA_STATES = {
  CONNECTED: ["good", "connected"],
  DISABLED: ["idle", "switched off"],
  DISCONNECTED: ["bad", "not connected"],
  FAILED: ["bad", "failed"],
};
const SINK_STATES = {
  ok: ["good", "writing"],
  idle: ["idle", "nothing to do"],
  retrying: ["warn", "retrying"],
  held: ["bad", "waits for you"],
};
const TERMS = ["accepted", "buffered", "filtered", "skipped", "duplicate", "rejected"];

const samples = []; // {at, received, sinks: {name: written}} of the last minutes
let source = "api/v1/status"; // where it is closed, the open document has the same numbers
let failures = 0;

const element = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en");

function set(node, text) {
  const target = typeof node === "string" ? element(node) : node;
  if (target.textContent !== text) target.textContent = text;
}

function pill(node, [state, text]) {
  const target = typeof node === "string" ? element(node) : node;
  target.dataset.state = state;
  set(target, text);
}

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let step = 0;
  let value = bytes;
  while (value >= 1024 && step < units.length - 1) {
    value /= 1024;
    step += 1;
  }
  return [step && value < 100 ? value.toFixed(1) : String(Math.round(value)), units[step]];
}

function span(seconds) {
  if (seconds < 1) return "under 1 s";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

function perSecond(value) {
  return value >= 100 || value === 0 ? whole.format(Math.round(value)) : value.toFixed(1);
}

// Gain per second over the last few seconds, by the clock of the service.
function rate(read) {
  const last = samples[samples.length - 1];
  const first = samples.find((sample) => last.at - sample.at <= RATE_WINDOW_S) ?? last;
  const seconds = last.at - first.at;
  return seconds > 0 ? Math.max(0, (read(last) - read(first)) / seconds) : 0;
}

function remember(data) {
  const at = Date.parse(data.timestamp) / 1000;
  const last = samples[samples.length - 1];
  if (last && (data.counters.received < last.received || at < last.at)) samples.length = 0;
  else if (last && at - last.at < SHORTEST_S) return; // a rate over less is noise
  const sinks = {};
  for (const [name, sink] of Object.entries(data.sinks)) sinks[name] = sink.written;
  samples.push({ at, received: data.counters.received, sinks });
  while (samples[0].at < at - CHART_S) samples.shift();
}

function showHomeAssistant(ha, now, events) {
  const known = HA_STATES[ha.state] ?? ["warn", ha.state.toLowerCase()];
  let state = ha.state === "CONNECTED" && !ha.subscribed ? ["warn", "subscribing"] : known;
  if (ha.auth_failed) state = ["bad", "token refused"];
  if (ha.paused) state = ["warn", "paused"];
  pill("ha-state", state);
  set("ha-rate", perSecond(events));
  set("ha-last", ha.last_event_at ? `${span(now - Date.parse(ha.last_event_at) / 1000)} ago` : "none");
  set("ha-ping", ha.ping_ms === null ? "not measured" : `${ha.ping_ms.toFixed(1)} ms`);
  const reconnects = Object.values(ha.reconnects).reduce((sum, count) => sum + count, 0);
  set("ha-reconnects", whole.format(reconnects));
  set("ha-version", ha.version || "unknown");
  set("ha-url", ha.url);
}

function showCore(counters, ha) {
  pill("core-state", counters.imbalance ? ["bad", "does not add up"] : ["good", "adds up"]);
  set("received", whole.format(counters.received));
  set("accepted", whole.format(counters.accepted));
  set("buffered", whole.format(counters.buffered));
  set("bytes", size(ha.bytes).join(" "));
  set("frames", whole.format(ha.frames));
}

function showJournal(journal) {
  pill("journal-state", journal.writable ? ["good", "writable"] : ["bad", "not writable"]);
  const [value, unit] = size(journal.bytes);
  set("journal-bytes", value);
  set("journal-unit", unit);
  const share = journal.max_bytes ? (100 * journal.bytes) / journal.max_bytes : 0;
  set("journal-share", `${share.toFixed(share < 10 ? 1 : 0)} % of ${size(journal.max_bytes).join(" ")}`);
  set("journal-records", whole.format(journal.records));
  set("journal-written", size(journal.written_bytes).join(" "));
  set("journal-fsyncs", whole.format(journal.fsyncs));
}

function showSink(name, sink) {
  let card = element("sinks").querySelector(`[data-sink="${CSS.escape(name)}"]`);
  if (!card) {
    card = element("sink").content.firstElementChild.cloneNode(true);
    card.dataset.sink = name;
    set(card.querySelector('[data-part="name"]'), name);
    set(card.querySelector('[data-part="type"]'), name === sink.type ? "" : sink.type);
    element("sinks").append(card);
  }
  const part = (key) => card.querySelector(`[data-part="${key}"]`);
  pill(part("state"), SINK_STATES[sink.state] ?? ["warn", sink.state]);
  set(part("written"), whole.format(sink.written));
  set(part("rate"), `${perSecond(rate((sample) => sample.sinks[name] ?? 0))} points/s`);
  set(part("pending"), whole.format(sink.pending));
  set(part("lag"), sink.pending ? span(sink.lag_seconds) : "none waits");
  set(part("refused"), whole.format(sink.dead_lettered + sink.dropped));
  const failing = sink.state === "retrying" || sink.state === "held";
  part("fault").hidden = !failing;
  if (failing) set(part("fault"), [sink.last_error, sink.advice].filter(Boolean).join(": "));
}

function showAccount(counters) {
  const body = element("account");
  for (const term of TERMS) {
    let row = body.querySelector(`[data-term="${term}"]`);
    if (!row) {
      row = document.createElement("tr");
      row.dataset.term = term;
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = term[0].toUpperCase() + term.slice(1);
      const bar = document.createElement("progress");
      bar.max = 1;
      bar.setAttribute("aria-label", `Share of ${term}`);
      row.append(head, document.createElement("td"), document.createElement("td"));
      row.lastElementChild.append(bar);
      body.append(row);
    }
    set(row.children[1], whole.format(counters[term]));
    row.querySelector("progress").value = counters.received ? counters[term] / counters.received : 0;
  }
  set("account-sum", whole.format(counters.received));
  set("account-check", counters.imbalance ? `${counters.imbalance} unaccounted` : "nothing is missing");
}

function showChart() {
  const last = samples[samples.length - 1];
  const seen = Math.max(CHART_SHORTEST_S, last.at - samples[0].at);
  const points = [];
  for (let i = 1; i < samples.length; i += 1) {
    const seconds = samples[i].at - samples[i - 1].at;
    if (seconds <= 0) continue;
    const value = (samples[i].received - samples[i - 1].received) / seconds;
    points.push([CHART_WIDTH * (1 - (last.at - samples[i].at) / seen), value]);
  }
  const peak = Math.max(1, ...points.map((point) => point[1]));
  set("chart-peak", perSecond(points.length ? peak : 0));
  set("chart-span", span(seen));
  if (points.length < 2) return;
  const line = points.map(([x, y]) => `${x.toFixed(1)} ${(58 - (54 * y) / peak).toFixed(2)}`).join(" L");
  element("chart-line").setAttribute("d", `M${line}`);
  element("chart-area").setAttribute("d", `M${points[0][0].toFixed(1)} 60 L${line} L${CHART_WIDTH} 60 Z`);
}

function showReasons(reasons, level) {
  const list = element("reasons");
  list.hidden = reasons.length === 0;
  list.classList.toggle("bad", level === "bad");
  const text = reasons.join("\n");
  if (list.dataset.text === text) return;
  list.dataset.text = text;
  list.replaceChildren(
    ...reasons.map((reason) => {
      const item = document.createElement("li");
      item.textContent = reason;
      return item;
    }),
  );
}

function show(data) {
  remember(data);
  const now = Date.parse(data.timestamp) / 1000;
  const level = LEVELS[data.status] ?? "warn";
  const events = rate((sample) => sample.received);
  pill("status", [level, data.status]);
  document.title = data.status === "healthy" ? "hiq" : `hiq: ${data.status}`;
  set("uptime", `up ${span(data.uptime_seconds)}`);
  set("version", `version ${data.version}`);
  showReasons(data.reasons, level);
  showHomeAssistant(data.home_assistant, now, events);
  showCore(data.counters, data.home_assistant);
  showJournal(data.journal);
  for (const [name, sink] of Object.entries(data.sinks)) showSink(name, sink);
  showAccount(data.counters);
  showChart();
  document.body.classList.toggle("moving", events > 0);
}

async function ask() {
  const answer = await fetch(source, { cache: "no-store", signal: AbortSignal.timeout(DEADLINE_MS) });
  if (answer.status === 401 && source !== "health") {
    source = "health";
    return ask();
  }
  if (!answer.ok && answer.status !== 503) throw new Error(`answer ${answer.status}`);
  return answer.json();
}

async function poll() {
  try {
    show(await ask());
    failures = 0;
  } catch {
    failures += 1;
  }
  document.body.classList.toggle("stale", failures > 0);
  element("gone").hidden = failures === 0;
  if (failures) {
    set("gone", "hiq does not answer; the numbers below are old. Trying again every second.");
    pill("status", ["bad", "no answer"]);
    document.body.classList.remove("moving");
  }
  setTimeout(poll, document.hidden ? HIDDEN_POLL_MS : POLL_MS);
}

document.addEventListener("DOMContentLoaded", poll);
