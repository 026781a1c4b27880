// The parts that are lists: gaps with their explanation, what was refused, settings.

import { ask } from "./api";
import { marked } from "./attention";
import { absent } from "./overview";
import type { Gap, GapList, Refusals, SettingsShown } from "./documents";
import { byId, make, replace, type State } from "./dom";
import { explainGap } from "./explain";
import { count, moment, seconds, sentence, span, whole } from "./format";

const STATES: Record<Gap["state"], [State, string]> = {
  open: ["warn", "open"],
  repaired: ["good", "repaired"],
  lost: ["bad", "something is missing"],
};
const SHOWN = 200;

export async function showGaps(): Promise<void> {
  const place = byId("gaps-list");
  let found: GapList;
  try {
    found = await ask<GapList>("api/v1/gaps");
  } catch (failure) {
    absent(place, failure, "The ledger of gaps is not available.");
    return;
  }
  const gaps = found.gaps.slice(-SHOWN).reverse();
  replace(place, [gaps, found.forgotten], () => {
    if (!gaps.length) return [make("p", { class: "calm" }, "No gap has been noted.")];
    const counts = [`${whole(found.open)} open`, `${whole(found.repaired)} repaired`, `${whole(found.lost)} with something missing`];
    if (found.forgotten) counts.push(`${whole(found.forgotten)} older ones are forgotten`);
    return [make("p", { class: "fine" }, counts.join(", ")), make("ul", { class: "worries" }, ...gaps.map(gapEntry))];
  });
}

function gapEntry(gap: Gap): HTMLElement {
  const [state, word] = STATES[gap.state];
  const { meaning, todo } = explainGap(gap.cause, gap.state);
  const lasted = gap.start && gap.end ? ` (${span(seconds(gap.end) - seconds(gap.start))})` : "";
  const fate = [gap.outcome, gap.points === null ? "" : count(gap.points, "point")].filter(Boolean).join(", ");
  return make(
    "li",
    { class: "worry", "data-state": state, "data-gap": gap.number },
    make(
      "p",
      { class: "worry-head" },
      make("strong", {}, `${moment(gap.start, "unknown")} to ${moment(gap.end)}${lasted}`),
      make("span", { class: "pill", "data-state": state }, word),
    ),
    make("p", {}, meaning, gap.detail ? ` ${sentence(gap.detail)}` : "", fate ? ` ${sentence(fate)}` : ""),
    make("p", { class: "worry-help" }, place(gap.source), " ", ...marked(todo)),
  );
}

function place(source: string): string {
  if (source.startsWith("sink:")) return `Only the database ${source.slice(5)} may lack something.`;
  return source === "home_assistant" ? "" : "Every database may lack something.";
}

export async function showRefused(): Promise<void> {
  const target = byId("refused-list");
  let found: Refusals;
  try {
    found = await ask<Refusals>("api/v1/refused");
  } catch (failure) {
    absent(target, failure, "What was refused is not available.");
    return;
  }
  replace(target, found, () => [
    make("h2", {}, "Events that were not accepted"),
    found.rejected ? make("p", { class: "fine" }, `${count(found.rejected, "event")} since the start; the newest:`) : none(),
    ...(found.newest.length ? [rejects(found)] : []),
    ...found.dead_letters.flatMap((letters) => [
      make("h2", {}, `Points that ${letters.sink} refused`),
      letters.count ? make("p", { class: "fine" }, `${count(letters.count, "point")} since the start; the newest:`) : none(),
      !letters.count && letters.newest.length ? make("p", { class: "fine" }, "Of earlier runs:") : null,
      ...(letters.newest.length ? [deadLetters(letters)] : []),
    ]),
  ]);
}

function none(): HTMLElement {
  return make("p", { class: "calm" }, "None since the start.");
}

function rejects(found: Refusals): HTMLElement {
  return table("Refused events", ["When", "Reason", "What came"], [...found.newest].reverse().map(({ time, reason, meaning, sample }) => [
    moment(time, "just now"),
    make("span", {}, make("code", {}, reason), meaning ? make("small", {}, ` ${meaning}`) : null),
    make("code", { class: "sample" }, sample),
  ]));
}

function deadLetters(letters: Refusals["dead_letters"][number]): HTMLElement {
  return table(`Refused points of ${letters.sink}`, ["When", "Reason", "Point"], [...letters.newest].reverse().map(({ time, reason, advice, line }) => [
    moment(time),
    make("span", {}, reason, advice ? make("small", {}, ` ${advice}`) : null),
    make("code", { class: "sample" }, line),
  ]));
}

function table(name: string, heads: string[], rows: (Node | string)[][]): HTMLElement {
  return make(
    "div",
    { class: "scroll card", tabindex: 0, role: "region", "aria-label": name },
    make(
      "table",
      {},
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell))))),
    ),
  );
}

export async function showSettings(): Promise<void> {
  const target = byId("settings-list");
  let found: SettingsShown;
  try {
    found = await ask<SettingsShown>("api/v1/settings");
  } catch (failure) {
    absent(target, failure, "The settings are not available.");
    return;
  }
  replace(target, found, () => [
    make("p", { class: "fine" }, found.source ? `Read from ${found.source}.` : "No file: defaults and environment."),
    make(
      "div",
      { class: "columns" },
      ...Object.entries(found.settings).filter(([, values]) => !isEmpty(values)).map(([section, values]) =>
        make("article", { class: "card" }, make("h2", {}, section), tree(values)),
      ),
    ),
  ]);
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Object.keys(value).length;
}

/** A value of the settings: lists and sections as nested lists, the rest as text. */
function tree(value: unknown): HTMLElement {
  if (Array.isArray(value) && value.some((item) => typeof item === "object")) {
    return make("ul", { class: "items" }, ...value.map((item) => make("li", {}, tree(item))));
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return make(
      "dl",
      { class: "keys" },
      ...Object.entries(value).map(([key, inner]) => make("div", {}, make("dt", {}, key), make("dd", {}, tree(inner)))),
    );
  }
  const text = Array.isArray(value) ? value.join(", ") || "none" : String(value ?? "") || "empty";
  return make("span", {}, text);
}
