// What needs attention: the checks that are not healthy, and the alerts of the monitor,
// each with what it means and what to do. Nothing to do is said in one calm line.

import { ask, Unanswered } from "./api";
import type { Alert, AlertList, Check, Health } from "./documents";
import { byId, make, replace, setAttribute, type State } from "./dom";
import { explainCheck } from "./explain";
import { moment, sentence, span } from "./format";

const STATES: Record<string, State> = {
  critical: "bad",
  unhealthy: "bad",
  error: "bad",
  warning: "warn",
  degraded: "warn",
};

interface Worry {
  state: State;
  name: string;
  text: string;
  since?: string;
}

const SHOWN = 50;
const PAGE = / \(docs\/[^)]*\)$/; // where the documentation says more

let found: AlertList = { active: [], history: [], latency: {} };
let monitored = false;

/** Asks for the alerts; a service without a monitor has none. */
export async function loadAlerts(): Promise<void> {
  if (!monitored) return;
  try {
    found = await ask<AlertList>("api/v1/alerts");
  } catch (failure) {
    if (!(failure instanceof Unanswered)) throw failure;
    found = { active: [], history: [], latency: {} };
  }
}

/** A hiq without the monitor is not asked for alerts. */
export function noteMonitor(data: Health): void {
  monitored = !!data.alerts;
}

export function showAttention(data: Health): void {
  const told = new Set(found.active.map((alert) => alert.key));
  const worries: Worry[] = [
    ...found.active.map((alert) => ({ ...fromAlert(alert), since: alert.since })),
    ...data.checks.filter((check) => check.status !== "healthy" && !told.has(check.name)).map(fromCheck),
  ];
  const element = byId("attention");
  setAttribute(element, "data-worries", String(worries.length));
  replace(element, worries, () => (worries.length ? [list(worries)] : [calm()]));
}

/** The alerts that are over, newest first. */
export function showPastAlerts(): void {
  const past = found.history.filter((alert) => alert.cleared_at).reverse().slice(0, SHOWN);
  replace(byId("alerts-list"), past, () =>
    past.length ? [make("ul", { class: "worries" }, ...past.map(over))] : [make("p", { class: "calm" }, "None since the start.")],
  );
}

/** How long 95 of 100 events took to a stage, in words; empty if nobody measures it. */
export function delay(stage: string): string {
  const latency = found.latency[stage];
  if (!latency?.count) return "";
  return latency.p95 < 1 ? `${Math.round(latency.p95 * 1000)} ms` : `${latency.p95.toFixed(1)} s`;
}

function over(alert: Alert): HTMLElement {
  const { name, text } = fromAlert(alert);
  return make(
    "li",
    { class: "worry", "data-alert": alert.key },
    make(
      "p",
      { class: "worry-head" },
      make("strong", {}, explainCheck(name).title),
      make("small", {}, `${moment(alert.since)} to ${moment(alert.cleared_at)} (${span(alert.seconds)})`),
    ),
    make("p", {}, sentence(text)),
  );
}

function fromAlert(alert: Alert): Worry {
  return { state: STATES[alert.severity] ?? "warn", name: alert.key, text: alert.message.replace(PAGE, "") };
}

function fromCheck(check: Check): Worry {
  return { state: STATES[check.status] ?? "warn", name: check.name, text: check.reason ?? "" };
}

function calm(): HTMLElement {
  return make("p", { class: "calm" }, "All is well: every event is accounted for and nothing waits for you.");
}

function list(worries: Worry[]): HTMLElement {
  return make("ul", { class: "worries" }, ...worries.map(entry));
}

function entry({ state, name, text, since }: Worry): HTMLElement {
  const { title, meaning, todo } = explainCheck(name);
  return make(
    "li",
    { class: "worry", "data-state": state, "data-worry": name },
    make("p", { class: "worry-head" }, make("strong", {}, title), since ? make("small", {}, `since ${moment(since)}`) : null),
    make("p", {}, sentence(text)),
    meaning || todo ? make("p", { class: "worry-help" }, meaning, " ", ...marked(todo)) : null,
  );
}

/** Text with its `commands` set as code. */
export function marked(text: string): (HTMLElement | string)[] {
  return text.split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));
}
