// The counters of the last minutes, and rates made of them. A rate is the gain between two
// answers by the clock of the service, so a late answer changes nothing. Bounded: ten
// minutes at one answer a second.

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
  private samples: Sample[] = [];

  /** Takes an answer; a service that began anew begins anew here too. */
  add(data: Health): void {
    const at = seconds(data.timestamp);
    const last = this.samples.at(-1);
    if (last && (data.counters.received < last.received || at < last.at)) this.samples = [];
    else if (last && at - last.at < SHORTEST_S) return; // a rate over less is noise
    const sinks: Record<string, number> = {};
    for (const [name, sink] of Object.entries(data.sinks)) sinks[name] = sink.written;
    const { received, accepted } = data.counters;
    this.samples.push({ at, received, accepted, sinks });
    while (this.samples.length > MOST || (this.samples[0]?.at ?? at) < at - KEPT_S) {
      this.samples.shift();
    }
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
  speeds(): [number[], number[]] {
    const times: number[] = [];
    const speeds: number[] = [];
    for (let i = 1; i < this.samples.length; i += 1) {
      const [before, after] = [this.samples[i - 1]!, this.samples[i]!];
      times.push(after.at);
      speeds.push((after.received - before.received) / (after.at - before.at));
    }
    return [times, speeds];
  }

  private rate(read: (sample: Sample) => number): number {
    const last = this.samples.at(-1);
    if (!last) return 0;
    const first = this.samples.find((sample) => last.at - sample.at <= WINDOW_S) ?? last;
    const passed = last.at - first.at;
    return passed > 0 ? Math.max(0, (read(last) - read(first)) / passed) : 0;
  }
}
