// What needs attention: the checks that are not healthy, and the alerts of the monitor,
// each with what it means and what to do. Nothing to do is said in one calm line.

import { ask, Unanswered } from "./api";
import type { Alert, Check, Health } from "./documents";
import { byId, make, replace, setAttribute, type State } from "./dom";
import { explainCheck } from "./explain";
import { moment, sentence } from "./format";

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

const PAGE = / \(docs\/[^)]*\)$/; // where the documentation says more

let alerts: Alert[] = [];
let monitored = false;

/** Asks for the alerts; a service without a monitor has none. */
export async function loadAlerts(): Promise<void> {
  if (!monitored) return;
  try {
    alerts = (await ask<{ active: Alert[] }>("api/v1/alerts")).active;
  } catch (failure) {
    alerts = [];
    if (!(failure instanceof Unanswered)) throw failure;
  }
}

export function showAttention(data: Health): void {
  monitored = !!data.alerts;
  const told = new Set(alerts.map((alert) => alert.key));
  const worries: Worry[] = [
    ...alerts.map((alert) => ({
      state: STATES[alert.severity] ?? "warn",
      name: alert.key,
      text: alert.message.replace(PAGE, ""),
      since: alert.since,
    })),
    ...data.checks.filter((check) => check.status !== "healthy" && !told.has(check.name)).map(fromCheck),
  ];
  const element = byId("attention");
  setAttribute(element, "data-worries", String(worries.length));
  replace(element, worries, () => (worries.length ? [list(worries)] : [calm()]));
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
