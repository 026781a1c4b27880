// Puts the page together: which part is shown, what is asked when, what happens when hiq
// does not answer. It asks once a second while somebody looks, and rarely in the background.

import { ask, Unanswered, useToken } from "./api";
import { loadAlerts, noteMonitor, showAttention, showPastAlerts } from "./attention";
import { byId, pill, setText, type State } from "./dom";
import { Entities } from "./entities";
import { Flow } from "./flow";
import type { Health, Level } from "./documents";
import { span, whole } from "./format";
import { showGaps, showRefused, showSettings } from "./ledgers";
import { showAccount, showSilent, showSpeed, showTalkers } from "./overview";
import { Samples } from "./samples";
import { followScheme } from "./scheme";

const POLL_MS = 1000;
const HIDDEN_POLL_MS = 10000;
const SLOW_EVERY = 5; // of the polls: alerts, talkers, gaps
const RARE_EVERY = 15; // what the database is asked for
const LEVELS: Record<Level, State> = { healthy: "good", degraded: "warn", unhealthy: "bad" };
const PARTS = ["overview", "entities", "gaps", "refused", "settings"];

const samples = new Samples();
const flow = new Flow();
const entities = new Entities();
let source = "api/v1/status"; // where it is closed, the open document has the same numbers
let closed = false;
let part = "";
let polls = 0;
let failures = 0;
let timer = 0;
let busy = false;

function show(data: Health): void {
  samples.add(data);
  noteMonitor(data);
  pill(byId("status"), LEVELS[data.status] ?? "warn", data.status);
  document.title = data.status === "healthy" ? "hiq" : `hiq: ${data.status}`;
  setText(byId("uptime"), `up ${span(data.uptime_seconds)}`);
  setText(byId("version"), data.version);
  badge("gaps-count", data.gaps.open + data.gaps.lost);
  const dead = Object.values(data.sinks).reduce((sum, sink) => sum + sink.dead_lettered, 0);
  badge("refused-count", data.counters.rejected + dead);
  if (part !== "overview" || document.hidden) return;
  showAttention(data);
  flow.show(data, samples);
  showAccount(data.counters);
  showSpeed(samples);
}

function badge(id: string, count: number): void {
  const element = byId(id);
  element.hidden = count === 0;
  setText(element, whole(count));
}

async function status(): Promise<Health> {
  try {
    return await ask<Health>(source, { anyStatus: source === "health" });
  } catch (failure) {
    if (!(failure instanceof Unanswered) || failure.status !== 401) throw failure;
    source = "health";
    closed = true;
    byId("login").hidden = false;
    return ask<Health>(source, { anyStatus: true });
  }
}

/** What the part that is shown asks beside the counters. */
async function details(first: boolean): Promise<void> {
  const slow = first || polls % SLOW_EVERY === 0;
  const rare = first || polls % RARE_EVERY === 0;
  if (closed || document.hidden) return;
  if (part === "overview") {
    if (slow) await Promise.all([loadAlerts(), showTalkers()]);
    if (rare) await showSilent();
  }
  if (part === "entities" && rare && !first) await entities.refresh();
  if (part === "gaps" && slow) {
    await Promise.all([showGaps(), loadAlerts()]);
    showPastAlerts();
  }
  if (part === "refused" && slow) await showRefused();
  if (part === "settings" && first) await showSettings();
}

async function more(): Promise<void> {
  if (busy) return;
  busy = true;
  try {
    await details(false);
  } finally {
    busy = false;
  }
}

async function poll(): Promise<void> {
  clearTimeout(timer);
  try {
    show(await status());
    failures = 0;
    void more(); // a slow database does not hold up the figures
  } catch {
    failures += 1;
  }
  polls += 1;
  tellAbsence();
  clearTimeout(timer); // two may have been under way
  timer = window.setTimeout(() => void poll(), document.hidden ? HIDDEN_POLL_MS : POLL_MS);
}

function tellAbsence(): void {
  const gone = failures > 0;
  document.body.classList.toggle("stale", gone);
  byId("gone").hidden = !gone;
  if (!gone) return;
  setText(byId("gone"), "hiq does not answer; what is below is old. Trying again every second.");
  pill(byId("status"), "bad", "no answer");
}

/** Shows the part that the address names: `#gaps`, `#entities/sensor.kitchen`. */
function route(): void {
  const [name = "", id] = location.hash.slice(1).split("/");
  if (name === "main") return;
  const before = part;
  part = PARTS.includes(name) ? name : "overview";
  for (const other of PARTS) byId(`view-${other}`).hidden = other !== part;
  for (const anchor of document.querySelectorAll<HTMLAnchorElement>("nav a")) {
    if (anchor.hash === `#${part}`) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  if (before && before !== part) scrollTo(0, 0);
  if (part === "entities") void entities.open(id ? decoded(id) : null);
  void details(true);
  if (before) void poll();
}

/** What the address names; nothing if somebody wrote it wrong. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId<HTMLInputElement>("token");
  useToken(field.value.trim());
  ask<Health>("api/v1/status").then(
    () => {
      field.value = "";
      source = "api/v1/status";
      closed = false;
      byId("login").hidden = true;
      route();
    },
    (failure: unknown) => {
      useToken(null);
      setText(byId("login-error"), failure instanceof Unanswered ? failure.message : "hiq does not answer");
    },
  );
});
addEventListener("hashchange", route);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void poll();
});
followScheme();
route();
void poll();
