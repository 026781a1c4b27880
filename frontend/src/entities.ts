// Search for an entity, and its history as a chart. What is drawn is what the database
// holds: each point, or if there are too many the mean of equal spans with lowest and
// highest.

import { ask, Unanswered } from "./api";
import { Chart } from "./chart";
import type { Entity, EntityPage, History, StoredPage } from "./documents";
import { byId, make, replace, setText } from "./dom";
import { count, measured, moment, momentOf, seconds, span, whole } from "./format";

const SPANS: [string, number][] = [
  ["15 min", 900],
  ["1 h", 3600],
  ["6 h", 21600],
  ["24 h", 86400],
  ["7 d", 604800],
  ["30 d", 2592000],
];
const LISTED = 100;
const TYPING_MS = 200;
const NEWEST = 50;
const HEIGHT = 300;

export class Entities {
  private readonly search = byId<HTMLInputElement>("search");
  private chart: Chart | null = null;
  private typing = 0;
  private asked = 0;
  private drawn = 0;
  private chosen: string | null = null;
  private spanS = 3600;
  private known = new Map<string, Entity>();

  constructor() {
    this.search.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = window.setTimeout(() => void this.list(), TYPING_MS);
    });
    byId("spans").append(
      ...SPANS.map(([title, length]) => {
        const button = make("button", { type: "button", "aria-pressed": String(length === this.spanS) }, title);
        button.addEventListener("click", () => {
          this.spanS = length;
          for (const other of byId("spans").children) other.setAttribute("aria-pressed", String(other === button));
          void this.draw();
        });
        return button;
      }),
    );
  }

  /** Called when this part is shown, with the entity that the address names. */
  async open(entityId: string | null): Promise<void> {
    if (entityId) this.choose(entityId);
    await this.list();
  }

  async refresh(): Promise<void> {
    if (this.chosen) await this.draw();
  }

  private choose(entityId: string): void {
    this.chosen = entityId;
    byId("spans").hidden = false;
    this.mark();
    void this.draw();
    if (!this.known.has(entityId)) void this.learn(entityId);
  }

  /** Asks for the name of an entity that is in no list yet. */
  private async learn(entityId: string): Promise<void> {
    try {
      const found = await ask<EntityPage>(`api/v1/entities?search=${encodeURIComponent(entityId.slice(0, 100))}`);
      for (const entity of found.entities) this.known.set(entity.entity_id, entity);
    } catch {
      return; // then it goes by its id
    }
    if (this.known.has(entityId) && this.chosen === entityId) this.title(entityId);
  }

  private title(entityId: string): void {
    const entity = this.known.get(entityId);
    setText(byId("entity-title"), entity?.name || entityId);
    setText(byId("entity-about"), about(entityId, entity));
  }

  private async list(): Promise<void> {
    const number = (this.asked += 1);
    const text = this.search.value.trim();
    const query = `search=${encodeURIComponent(text)}&limit=${LISTED}`;
    let found: Entity[] = [];
    let total = 0;
    try {
      ({ entities: found, total } = await ask<EntityPage>(`api/v1/entities?${query}`));
    } catch (failure) {
      if (!(failure instanceof Unanswered)) throw failure;
    }
    if (!found.length) {
      try {
        ({ entities: found, total } = await ask<StoredPage>(`api/v1/stored?${query}`));
      } catch (failure) {
        if (!(failure instanceof Unanswered)) throw failure;
        if (number === this.asked) setText(byId("found"), failure.message);
        return;
      }
    }
    if (number !== this.asked) return; // the text has changed meanwhile
    for (const entity of found) this.known.set(entity.entity_id, entity);
    const more = total > found.length ? `, the first ${found.length} are shown` : "";
    setText(byId("found"), total ? `${count(total, "entity", "entities")}${more}` : "No entity is like that.");
    replace(byId("results"), found, () => found.map((entity) => row(entity)));
    this.mark();
  }

  private mark(): void {
    for (const anchor of byId("results").querySelectorAll("a")) {
      if (anchor.dataset.entity === this.chosen) anchor.setAttribute("aria-current", "true");
      else anchor.removeAttribute("aria-current");
    }
  }

  private async draw(): Promise<void> {
    const entityId = this.chosen;
    if (!entityId) return;
    const number = (this.drawn += 1);
    this.title(entityId);
    const now = Date.now() / 1000;
    const query = `entity_id=${encodeURIComponent(entityId)}&start=${(now - this.spanS).toFixed(3)}&end=${(now + 1).toFixed(3)}`;
    let found: History;
    try {
      found = await ask<History>(`api/v1/history?${query}`);
    } catch (failure) {
      if (!(failure instanceof Unanswered)) throw failure;
      if (number === this.drawn) this.empty(entityId, `Its history cannot be read: ${failure.message}.`);
      return;
    }
    if (number !== this.drawn) return;
    if (found.kind === "none") this.empty(entityId, nothing(found));
    else this.show(found);
  }

  private empty(entityId: string, text: string): void {
    setText(byId("entity-title"), this.known.get(entityId)?.name || entityId);
    setText(byId("entity-about"), text);
    byId("history").hidden = true;
    byId("entity-facts").hidden = true;
    byId("entity-values").hidden = true;
  }

  private show(found: History): void {
    const place = byId("history");
    place.hidden = false;
    this.chart ??= new Chart(place, { height: HEIGHT, label: "value", unit: "" });
    const unit = unitOf(found);
    if (found.kind === "text") {
      const words = [...new Set(found.values as string[])].sort();
      const levels = new Map(words.map((word, index) => [word, index]));
      const values = (found.values as string[]).map((value) => levels.get(value) ?? null);
      values.push(values.at(-1) ?? null); // it holds until now
      this.chart.show([[...found.times, seconds(found.end)], values], { height: HEIGHT, label: found.field, unit, steps: true, words });
    } else {
      const values = found.values as number[];
      const band = found.step_seconds > 0;
      const columns = band ? [found.times, values, found.low, found.high] : [found.times, values];
      const steps = found.entity_id.startsWith("sensor.") ? undefined : true;
      this.chart.show(columns as [number[], ...number[][]], { height: HEIGHT, label: found.field, unit, band, steps });
    }
    const last = found.values.at(-1);
    const text = typeof last === "number" ? measured(last) : (last ?? "");
    this.chart.describe(
      `${found.entity_id}: ${count(found.points, "point")} from ${moment(found.start)} to ${moment(found.end)}, last ${text} ${unit}`,
    );
    this.facts(found, text, unit);
    this.table(found, unit);
  }

  private facts(found: History, last: string, unit: string): void {
    const facts: [string, string][] = [
      ["Last", `${last} ${unit}`.trim()],
      ["Points", whole(found.points)],
      ["Read from", found.sink === found.sink_type ? found.sink : `${found.sink} (${found.sink_type})`],
    ];
    if (found.kind === "number") {
      const lows = (found.step_seconds ? found.low : found.values) as number[];
      const highs = (found.step_seconds ? found.high : found.values) as number[];
      const least = lows.reduce((a, b) => Math.min(a, b), Infinity);
      const most = highs.reduce((a, b) => Math.max(a, b), -Infinity);
      facts.splice(1, 0, ["Lowest", `${measured(least)} ${unit}`.trim()], ["Highest", `${measured(most)} ${unit}`.trim()]);
    }
    if (found.step_seconds) facts.push(["One point is", `the mean of ${span(found.step_seconds)}`]);
    const place = byId("entity-facts");
    place.hidden = false;
    replace(place, facts, () => facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
  }

  private table(found: History, unit: string): void {
    const place = byId("entity-values");
    place.hidden = false;
    const rows = found.times.map((at, index) => [at, found.values[index]!] as const).slice(-NEWEST).reverse();
    replace(place.querySelector<HTMLElement>(".scroll")!, rows, () => [
      make(
        "table",
        {},
        make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Time"), make("th", { scope: "col" }, unit ? `Value in ${unit}` : "Value"))),
        make(
          "tbody",
          {},
          ...rows.map(([at, value]) =>
            make("tr", {}, make("td", {}, momentOf(at)), make("td", {}, typeof value === "number" ? measured(value) : value)),
          ),
        ),
      ),
    ]);
  }
}

function row(entity: Entity): HTMLElement {
  const address = `#entities/${encodeURIComponent(entity.entity_id)}`;
  const details = [entity.area, entity.name ? entity.entity_id : null].filter(Boolean).join(" · ");
  return make(
    "li",
    {},
    make(
      "a",
      { href: address, "data-entity": entity.entity_id },
      make("span", {}, entity.name || entity.entity_id),
      details ? make("small", {}, details) : null,
    ),
  );
}

function about(entityId: string, entity: Entity | undefined): string {
  const label = entity?.name ? entityId : null;
  const made = [entity?.manufacturer, entity?.model].filter(Boolean).join(" ");
  return [label, entity?.area, made || entity?.device, entity?.integration].filter(Boolean).join(" · ");
}

function nothing(found: History): string {
  const text = "Nothing is stored for this span of time";
  return found.sink_type === "victoriametrics" ? `${text}, or only texts: VictoriaMetrics keeps no more than numbers.` : `${text}.`;
}

/** The measurement of Home Assistant's schema is the unit, if there is one. */
function unitOf({ measurement, entity_id }: History): string {
  const names = ["state", "units", "home_assistant_events", entity_id, entity_id.split(".")[0]];
  return names.includes(measurement) ? "" : measurement;
}
