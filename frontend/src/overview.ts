// The rest of the overview: speed over time, what became of every event, who talks most
// and who is silent.

import { ask, Unanswered } from "./api";
import { Chart } from "./chart";
import type { Counters, EventRate, StoredPage } from "./documents";
import { byId, make, replace, setText } from "./dom";
import { count, moment, perSecond, seconds, span, whole } from "./format";
import type { Samples } from "./samples";

const TERMS: [keyof Counters, string][] = [
  ["accepted", "Accepted"],
  ["buffered", "In memory"],
  ["filtered", "Filtered"],
  ["skipped", "Skipped"],
  ["duplicate", "Duplicate"],
  ["rejected", "Rejected"],
];
const SHOWN = 10;
const WINDOW = "5m";

let speed: Chart | null = null;

export function showSpeed(samples: Samples): void {
  speed ??= new Chart(byId("speed"), { height: 190, label: "events/s", unit: "events/s", fromZero: true, shortest: 60 });
  const [times, speeds] = samples.history();
  speed.update([times, speeds]);
  const peak = speeds.reduce((most, value) => Math.max(most, value), 0);
  const seen = times.length > 1 ? times.at(-1)! - times[0]! : 0;
  setText(byId("speed-peak"), perSecond(peak));
  setText(byId("speed-span"), seen < 1 ? "moment" : span(seen));
  speed.describe(`Events per second, ${perSecond(speeds.at(-1) ?? 0)} now, at most ${perSecond(peak)}`);
}

export function showAccount(counters: Counters): void {
  const body = byId("account");
  if (!body.children.length) {
    for (const [term, title] of TERMS) {
      const bar = make("meter", { min: 0, max: 1, "aria-label": `Share of ${title.toLowerCase()}` });
      body.append(
        make("tr", { "data-term": term }, make("th", { scope: "row" }, title), make("td"), make("td", {}, bar)),
      );
    }
  }
  for (const [index, [term]] of TERMS.entries()) {
    const row = body.children[index] as HTMLTableRowElement;
    setText(row.cells[1]!, whole(counters[term]));
    row.querySelector("meter")!.value = counters.received ? counters[term] / counters.received : 0;
  }
  setText(byId("account-sum"), whole(counters.received));
  setText(byId("account-check"), counters.imbalance ? `${whole(counters.imbalance)} unaccounted` : "nothing is missing");
}

export async function showTalkers(): Promise<void> {
  const place = byId("talkers");
  let found: EventRate;
  try {
    found = await ask<EventRate>("api/v1/event-rate");
  } catch (failure) {
    absent(place, failure, "Rates of single entities are not available yet.");
    return;
  }
  const { top_entities, top_seconds } = found.windows[WINDOW] ?? { top_entities: [], top_seconds: 0 };
  const top = top_entities.slice(0, SHOWN);
  if (!top.length) {
    replace(place, "none", () => [make("p", { class: "fine" }, "No entity has talked yet.")]);
    return;
  }
  const most = top[0]?.events || 1;
  replace(place, [top, Math.round(top_seconds)], () => [
    make("p", { class: "fine" }, `State changes in the last ${span(top_seconds)}`),
    make(
      "ol",
      { class: "bars" },
      ...top.map(({ entity_id, events }) => {
        const bar = make("meter", { min: 0, max: most, value: events, "aria-hidden": "true" });
        return make("li", {}, link(entity_id), make("span", { class: "figure" }, count(events, "event")), bar);
      }),
    ),
  ]);
}

export async function showSilent(): Promise<void> {
  const place = byId("silent");
  let found: StoredPage;
  try {
    found = await ask<StoredPage>(`api/v1/stored?order=silent&limit=${SHOWN}`);
  } catch (failure) {
    absent(place, failure, "The database cannot be asked yet.");
    return;
  }
  if (!found.entities.length) {
    replace(place, "none", () => [make("p", { class: "fine" }, "Nothing is stored yet.")]);
    return;
  }
  const now = Date.now() / 1000;
  const rows = found.entities.map(({ entity_id, last }) => [entity_id, span(Math.max(0, now - seconds(last))), last] as const);
  replace(place, rows, () => [
    make("p", { class: "fine" }, "Nothing new was stored of them"),
    make(
      "ol",
      { class: "bars" },
      ...rows.map(([entity_id, age, last]) =>
        make("li", {}, link(entity_id), make("span", { class: "figure", title: moment(last) }, `for ${age}`)),
      ),
    ),
  ]);
}

/** A place whose document is not there: said quietly, whatever the reason. */
export function absent(place: HTMLElement, failure: unknown, text: string): void {
  if (!(failure instanceof Unanswered)) throw failure;
  const why = failure.status === 401 ? "A token is needed to see this." : text;
  replace(place, why, () => [make("p", { class: "fine" }, why)]);
}

export function link(entityId: string): HTMLElement {
  return make("a", { href: `#entities/${encodeURIComponent(entityId)}` }, entityId);
}
