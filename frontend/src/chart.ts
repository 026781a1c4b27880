// Charts by uPlot, in the colours of the page. A chart follows the width of its place and
// the colour scheme, and can be read as text by those who do not see it.

import uPlot from "uplot";
import { make, setText } from "./dom";
import { measured, momentOf } from "./format";

type Columns = uPlot.AlignedData;

interface Look {
  height: number;
  /** The name of the value, for the legend of a screen reader. */
  label: string;
  unit: string;
  /** Draw steps: a value holds until the next one. */
  steps?: boolean;
  /** Columns 2 and 3 are lowest and highest. */
  band?: boolean;
  /** Words in the place of the numbers 0, 1, 2, ... */
  words?: string[];
  fromZero?: boolean;
  /** Seconds that are shown at least, and at most, back from the newest value. */
  shortest?: number;
}

// A clock of the reader's own place, and steps of whole seconds: nothing is finer here.
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000];
const withSeconds = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const withMinutes = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const withDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export class Chart {
  private plot: uPlot | null = null;
  private data: Columns = [[], []];
  private look: Look;
  private readonly observer: ResizeObserver;
  /** What is under the pointer; the same is in a table for those who use none. */
  private readonly readout = make("p", { class: "readout", "aria-hidden": "true" });

  constructor(
    private readonly place: HTMLElement,
    look: Look,
  ) {
    this.look = look;
    place.setAttribute("role", "img");
    place.before(this.readout);
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(place);
    addEventListener("scheme", () => this.draw());
  }

  /** Shows other values in the same look. */
  update(data: Columns): void {
    this.data = data;
    if (this.plot) this.plot.setData(data);
    else this.draw();
  }

  /** Shows other values in another look. */
  show(data: Columns, look: Look): void {
    this.data = data;
    this.look = look;
    this.draw();
  }

  describe(text: string): void {
    this.place.setAttribute("aria-label", text);
  }

  private fit(): void {
    const width = this.place.clientWidth;
    if (!width) return;
    if (!this.plot) this.draw();
    else if (this.plot.width !== width) this.plot.setSize({ width, height: this.look.height });
  }

  private draw(): void {
    this.plot?.destroy();
    this.plot = null;
    const width = this.place.clientWidth;
    if (!width) return; // not seen yet: the observer calls again
    this.plot = new uPlot(this.options(width), this.data, this.place);
  }

  private underPointer(plot: uPlot): string {
    const place = plot.cursor.idx;
    if (place === null || place === undefined) return "";
    const [at, value] = [plot.data[0][place], plot.data[1]?.[place]];
    if (at === undefined || value === null || value === undefined) return "";
    const shown = this.look.words ? (this.look.words[value] ?? "") : `${measured(value)} ${this.look.unit}`;
    return `${momentOf(at)}  ${shown.trim()}`;
  }

  private options(width: number): uPlot.Options {
    const { height, label, steps, band, words, fromZero, shortest } = this.look;
    const point = (plot: uPlot): void => setText(this.readout, this.underPointer(plot));
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const axis: uPlot.Axis = {
      stroke: colour("--soft"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: "12px system-ui, sans-serif",
    };
    const paths = steps ? uPlot.paths.stepped!({ align: 1 }) : undefined;
    const series: uPlot.Series[] = [
      {},
      { label, stroke: colour("--accent"), width: 2, fill: band ? undefined : colour("--accent-soft"), paths, points: { show: false } },
    ];
    if (band) {
      const edge = { stroke: "transparent", width: 0, points: { show: false }, paths };
      series.push({ ...edge, label: "lowest" }, { ...edge, label: "highest" });
    }
    return {
      width,
      height,
      series,
      bands: band ? [{ series: [3, 2], fill: colour("--accent-soft") }] : [],
      legend: { show: false },
      hooks: { setCursor: [point], setData: [point] },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      padding: [10, 30, 0, 0],
      scales: {
        x: { range: (_plot, first, last) => [Math.min(first, last - (shortest ?? 1)), last] },
        y: { range: (_plot, low, high) => range(low, high, fromZero === true, words) },
      },
      axes: [
        { ...axis, space: 76, size: 32, incrs: STEPS_S, values: (_plot, marks, _axis, _space, step) => marks.map((at) => clock(at, step)) },
        {
          ...axis,
          size: words ? 92 : 56,
          space: 28,
          ...(words ? { splits: () => words.map((_, index) => index), values: (_plot, marks) => marks.map((mark) => shorten(words[mark] ?? "")) } : {}),
        },
      ],
    };
  }
}

function range(low: number | null, high: number | null, fromZero: boolean, words?: string[]): uPlot.Range.MinMax {
  if (words) return [-0.25, Math.max(words.length - 0.75, 0.75)];
  if (low === null || high === null) return [0, 1];
  const bottom = fromZero ? 0 : low;
  const room = Math.max((high - bottom) * 0.08, Math.abs(high) * 1e-9);
  if (high === bottom) return fromZero ? [0, 1] : [bottom - 1, high + 1];
  return [fromZero ? 0 : bottom - room, high + room];
}

function clock(at: number, step: number): string {
  const date = new Date(at * 1000);
  if (step >= 86400 || (step >= 3600 && date.getHours() === 0)) return withDay.format(date);
  return (step < 60 ? withSeconds : withMinutes).format(date);
}

function shorten(text: string): string {
  return text.length > 12 ? `${text.slice(0, 11)}…` : text;
}
