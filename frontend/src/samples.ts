// The counters of the last minutes, and rates made of them. A rate is the gain between two
// answers by the clock of the service, so a late answer changes nothing. Bounded: ten
// minutes of speeds, a few seconds of everything else.

import type { Health } from "./documents";
import { seconds } from "./format";

const KEPT_S = 600;
const MOST = 700;
const WINDOW_S = 5;
const SHORTEST_S = 0.5;

interface Sample {
  at: number;
  received: number;
  accepted: number;
  sinks: Record<string, number>;
}

export class Samples {
  private recent: Sample[] = [];
  private times: number[] = [];
  private speeds: number[] = [];

  /** Takes an answer; a service that began anew begins anew here too. */
  add(data: Health): void {
    const at = seconds(data.timestamp);
    const { received, accepted } = data.counters;
    const last = this.recent.at(-1);
    if (last && (received < last.received || at < last.at)) {
      this.recent = [];
      this.times = [];
      this.speeds = [];
    } else if (last) {
      if (at - last.at < SHORTEST_S) return; // a rate over less is noise
      this.times.push(at);
      this.speeds.push((received - last.received) / (at - last.at));
      while (this.times.length > MOST || this.times[0]! < at - KEPT_S) {
        this.times.shift();
        this.speeds.shift();
      }
    }
    const sinks: Record<string, number> = {};
    for (const [name, sink] of Object.entries(data.sinks)) sinks[name] = sink.written;
    this.recent.push({ at, received, accepted, sinks });
    while (this.recent.length > 2 && this.recent[1]!.at <= at - WINDOW_S) this.recent.shift();
  }

  received(): number {
    return this.rate((sample) => sample.received);
  }

  accepted(): number {
    return this.rate((sample) => sample.accepted);
  }

  written(sink: string): number {
    return this.rate((sample) => sample.sinks[sink] ?? 0);
  }

  /** Times and events per second between each two answers, oldest first. */
  history(): [number[], number[]] {
    return [this.times, this.speeds];
  }

  private rate(read: (sample: Sample) => number): number {
    const [first, last] = [this.recent[0], this.recent.at(-1)];
    if (!first || !last || last.at <= first.at) return 0;
    return Math.max(0, (read(last) - read(first)) / (last.at - first.at));
  }
}
