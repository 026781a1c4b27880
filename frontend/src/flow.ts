// The way of the data as a picture: Home Assistant, core, journal, and a branch to each
// sink. Between two stations a line says how much passes; a dot runs along it once per
// answer, so a still picture means that nothing passes.

import { delay } from "./attention";
import type { Health, HomeAssistant, Journal, Sink } from "./documents";
import { byId, make, pill, setAttribute, setText, type State } from "./dom";
import { perSecond, seconds, size, span, whole } from "./format";
import type { Samples } from "./samples";

const RUN_MS = 900;

const HA_STATES: Record<string, [State, string]> = {
  CONNECTED: ["good", "connected"],
  CONNECTING: ["warn", "connecting"],
  AUTHENTICATING: ["warn", "logging in"],
  RECONNECTING: ["warn", "reconnecting"],
  DISABLED: ["idle", "switched off"],
  DISCONNECTED: ["bad", "not connected"],
  FAILED: ["bad", "failed"],
};
const SINK_STATES: Record<string, [State, string]> = {
  ok: ["good", "writing"],
  idle: ["idle", "nothing to do"],
  retrying: ["warn", "retrying"],
  held: ["bad", "waits for you"],
};
const ICONS: Record<string, string> = {
  ha: "M3 11 12 3l9 8v10h-6v-6H9v6H3z",
  core: "M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4",
  journal: "M5 3h13v18H5zM9 3v18M12 8h4M12 12h4",
  sink: "M4 6c0-4 16-4 16 0v12c0 4-16 4-16 0zM4 6c0 4 16 4 16 0M4 12c0 4 16 4 16 0",
};

/** One card of the picture: title, state, a large figure, small facts. */
class Station {
  readonly card: HTMLElement;
  private readonly state = make("p", { class: "pill", "data-state": "idle" });
  private readonly figure = make("span", { class: "number" });
  private readonly unit = make("small");
  private readonly facts = make("dl");
  private readonly fault = make("p", { class: "fault", hidden: true });
  private readonly values = new Map<string, HTMLElement>();

  constructor(icon: string, name: string, kind = "", key = icon) {
    const title = make("h2", { id: `station-${key}` }, picture(icon), make("span", {}, name));
    if (kind) title.append(" ", make("small", {}, kind));
    this.card = make(
      "article",
      { class: "card station", "aria-labelledby": `station-${key}`, "data-station": key },
      title,
      this.state,
      make("p", { class: "big" }, this.figure, " ", this.unit),
      this.facts,
      this.fault,
    );
  }

  show(state: [State, string], figure: string, unit: string): void {
    pill(this.state, ...state);
    setText(this.figure, figure);
    setText(this.unit, unit);
  }

  fact(name: string, value: string): void {
    let found = this.values.get(name);
    if (!found) {
      found = make("dd");
      this.values.set(name, found);
      this.facts.append(make("div", {}, make("dt", {}, name), found));
    }
    setText(found, value);
  }

  complain(text: string): void {
    this.fault.hidden = !text;
    setText(this.fault, text);
  }
}

/** The line between two stations. */
class Line {
  readonly element: HTMLElement;
  private readonly rate = make("span", { class: "rate" });
  private readonly dots = make("i");

  constructor(private readonly unit: string) {
    const track = make("span", { class: "track", "aria-hidden": "true" }, this.dots);
    this.element = make("div", { class: "line" }, this.rate, track);
  }

  show(perS: number, state: State): void {
    setAttribute(this.element, "data-state", state);
    setText(this.rate, `${perSecond(perS)} ${this.unit}/s`);
    if (perS <= 0 || document.hidden || calm.matches) return;
    const upright = this.element.offsetHeight > this.element.offsetWidth;
    const way = upright ? ["translateY(-8px)", "translateY(100%)"] : ["translateX(-8px)", "translateX(100%)"];
    this.dots.animate(
      { transform: way, opacity: [0, 1, 1, 0] },
      { duration: RUN_MS, easing: "ease-in-out" },
    );
  }
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Flow {
  private readonly home = new Station("ha", "Home Assistant");
  private readonly core = new Station("core", "Core");
  private readonly journal = new Station("journal", "Journal");
  private readonly toCore = new Line("events");
  private readonly toJournal = new Line("points");
  private readonly branches = make("div", { class: "branches" });
  private readonly sinks = new Map<string, { station: Station; line: Line; branch: HTMLElement }>();

  constructor() {
    byId("flow").append(
      this.home.card,
      this.toCore.element,
      this.core.card,
      this.toJournal.element,
      this.journal.card,
      this.branches,
    );
  }

  show(data: Health, samples: Samples): void {
    const now = seconds(data.timestamp);
    const home = homeState(data.home_assistant);
    this.showHome(data.home_assistant, home, now);
    this.toCore.show(samples.received(), home[0]);
    this.showCore(data);
    const journal: State = data.journal.writable ? "good" : "bad";
    this.toJournal.show(samples.accepted(), journal);
    this.showJournal(data.journal, journal);
    for (const [name, sink] of Object.entries(data.sinks)) this.showSink(name, sink, samples);
    setAttribute(byId("flow"), "data-sinks", String(Object.keys(data.sinks).length));
    for (const [name, { branch }] of this.sinks) {
      if (name in data.sinks) continue;
      branch.remove();
      this.sinks.delete(name);
    }
  }

  private showHome(ha: HomeAssistant, state: [State, string], now: number): void {
    const at = ha.last_event_at;
    this.home.show(state, whole(ha.frames), "messages");
    this.home.fact("Last event", at ? `${span(Math.max(0, now - seconds(at)))} ago` : "none");
    this.home.fact("Round trip", ha.ping_ms === null ? "not yet" : `${ha.ping_ms.toFixed(1)} ms`);
    const again = Object.values(ha.reconnects).reduce((sum, count) => sum + count, 0);
    this.home.fact("Reconnects", whole(again));
    this.home.fact("Version", ha.version || "unknown");
    this.home.fact("Address", address(ha.url));
    this.home.complain(state[0] === "good" || state[0] === "idle" ? "" : ha.last_error);
  }

  private showCore({ counters, home_assistant: ha }: Health): void {
    const right = counters.imbalance === 0;
    this.core.show(right ? ["good", "adds up"] : ["bad", "does not add up"], whole(counters.received), "events");
    this.core.fact("Accepted", whole(counters.accepted));
    this.core.fact("In memory", whole(counters.buffered));
    this.core.fact("Not wanted", whole(counters.filtered + counters.skipped + counters.duplicate));
    this.core.fact("Rejected", whole(counters.rejected));
    this.core.fact("Read", size(ha.bytes).join(" "));
  }

  private showJournal(journal: Journal, state: State): void {
    const [value, unit] = size(journal.bytes);
    this.journal.show([state, journal.writable ? "on disk" : "not writable"], value, `${unit} on disk`);
    const share = journal.max_bytes ? (100 * journal.bytes) / journal.max_bytes : 0;
    const [most, ofUnit] = size(journal.max_bytes);
    this.journal.fact("Filled", `${share.toFixed(share < 10 ? 1 : 0)} % of ${most} ${ofUnit}`);
    this.journal.fact("Records", whole(journal.records));
    this.journal.fact("Written", size(journal.written_bytes).join(" "));
    this.journal.fact("Lost", whole(journal.lost_points));
    const late = delay("journal");
    if (late) this.journal.fact("Delay, p95", late);
    this.journal.complain(journal.writable ? "" : journal.last_error);
  }

  private showSink(name: string, sink: Sink, samples: Samples): void {
    let found = this.sinks.get(name);
    if (!found) {
      const station = new Station("sink", name, name === sink.type ? "" : sink.type, `sink-${this.sinks.size}`);
      const line = new Line("points");
      const branch = make("div", { class: "branch", "data-sink": name }, line.element, station.card);
      found = { station, line, branch };
      this.sinks.set(name, found);
      this.branches.append(branch);
    }
    const state = SINK_STATES[sink.state] ?? ["warn", sink.state];
    found.station.show(state, whole(sink.written), "points");
    found.line.show(samples.written(name), state[0] === "idle" ? "good" : state[0]);
    found.station.fact("Waiting", whole(sink.pending));
    found.station.fact("Oldest waits", sink.pending ? span(sink.lag_seconds) : "none waits");
    found.station.fact("Refused", whole(sink.dead_lettered));
    found.station.fact("Dropped", whole(sink.dropped));
    const late = delay(name);
    if (late) found.station.fact("Delay, p95", late);
    const failing = sink.state === "retrying" || sink.state === "held";
    found.station.complain(failing ? [sink.last_error, sink.advice].filter(Boolean).join(": ") : "");
  }
}

function homeState(ha: HomeAssistant): [State, string] {
  if (ha.auth_failed) return ["bad", "token refused"];
  if (ha.paused) return ["warn", "paused"];
  if (ha.state === "CONNECTED" && !ha.subscribed) return ["warn", "subscribing"];
  return HA_STATES[ha.state] ?? ["warn", ha.state.toLowerCase()];
}

function address(url: string): string {
  return url.replace(/^\w+:\/\//, "").replace(/\/api\/websocket$/, "");
}

function picture(icon: string): SVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[icon] ?? "");
  svg.append(path);
  return svg;
}
