// What needs attention: the checks that are not healthy, and the alerts of the monitor,
// each with what it means and what to do. Nothing to do is said in one calm line.

import { ask, Unanswered } from "./api";
import type { Alert, Check, Health } from "./documents";
import { byId, make, replace, setAttribute, type State } from "./dom";
import { explainCheck } from "./explain";
import { moment } from "./format";

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
  since?: string | null;
  advice?: string;
}

const ABSENT_MS = 60_000;

let alerts: Alert[] = [];
let absentUntil = 0;

/** Asks for the alerts; a service without a monitor has none. */
export async function loadAlerts(): Promise<void> {
  if (Date.now() < absentUntil) return;
  try {
    const found = await ask<{ alerts?: Alert[]; active?: Alert[] }>("api/v1/alerts");
    const all = found.active ?? found.alerts ?? [];
    alerts = all.filter((alert) => alert.state !== "cleared");
  } catch (failure) {
    alerts = [];
    absentUntil = Date.now() + ABSENT_MS; // an older hiq has none; no need to ask often
    if (!(failure instanceof Unanswered)) throw failure;
  }
}

export function showAttention(data: Health): void {
  const told = new Set(alerts.map((alert) => alert.key));
  const worries: Worry[] = [
    ...alerts.map((alert) => ({
      state: STATES[alert.severity] ?? "warn",
      name: alert.key,
      text: alert.message,
      since: alert.since ?? null,
      advice: alert.advice ?? "",
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

function entry({ state, name, text, since, advice }: Worry): HTMLElement {
  const { title, meaning, todo } = explainCheck(name);
  const help = advice || todo;
  return make(
    "li",
    { class: "worry", "data-state": state, "data-worry": name },
    make("p", { class: "worry-head" }, make("strong", {}, title), since ? make("small", {}, `since ${moment(since)}`) : null),
    make("p", {}, text),
    meaning || help
      ? make("p", { class: "worry-help" }, meaning, meaning && help ? " " : "", ...marked(help))
      : null,
  );
}

/** Text with its `commands` set as code. */
export function marked(text: string): (HTMLElement | string)[] {
  return text.split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));
}
