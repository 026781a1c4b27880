// Numbers, sizes, spans and moments as people read them.

const grouped = new Intl.NumberFormat("en");
const clockTime = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const dayTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

export function whole(value: number): string {
  return grouped.format(Math.round(value));
}

export function perSecond(value: number): string {
  return value >= 100 || value === 0 ? whole(value) : value.toFixed(1);
}

/** A measured value with no more digits than it has. */
export function measured(value: number): string {
  return Number.isFinite(value) ? Number(value.toPrecision(10)).toString() : "";
}

export function size(bytes: number): [string, string] {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let step = 0;
  let value = bytes;
  while (value >= 1024 && step < units.length - 1) {
    value /= 1024;
    step += 1;
  }
  return [step && value < 100 ? value.toFixed(1) : String(Math.round(value)), units[step] ?? "B"];
}

export function span(seconds: number): string {
  if (seconds < 1) return "under 1 s";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

/** Unix seconds of an ISO time. */
export function seconds(iso: string): number {
  return Date.parse(iso) / 1000;
}

export function moment(iso: string | null | undefined, missing = "now"): string {
  if (!iso) return missing;
  return momentOf(seconds(iso));
}

/** The time alone if it was today, else with its day. */
export function momentOf(at: number): string {
  const date = new Date(at * 1000);
  const today = date.toDateString() === new Date().toDateString();
  return (today ? clockTime : dayTime).format(date);
}

/** With a full stop, and a capital letter unless it begins with a name such as sensor.bath. */
export function sentence(text: string): string {
  const first = /^[a-z]+\b(?![._])/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${whole(number)} ${number === 1 ? one : many}`;
}
