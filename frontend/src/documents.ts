// The documents of hiq's HTTP interface, as far as this page reads them. Their whole
// contract is openapi.json.

export type Level = "healthy" | "degraded" | "unhealthy";

export interface HomeAssistant {
  state: string;
  subscribed: boolean;
  url: string;
  version: string;
  auth_failed: boolean;
  paused: boolean;
  last_error: string;
  reconnects: Record<string, number>;
  last_event_at: string | null;
  ping_ms: number | null;
  frames: number;
  bytes: number;
}

export interface Counters {
  received: number;
  accepted: number;
  buffered: number;
  filtered: number;
  skipped: number;
  duplicate: number;
  rejected: number;
  imbalance: number;
}

export interface Journal {
  writable: boolean;
  last_error: string;
  bytes: number;
  max_bytes: number;
  records: number;
  fsyncs: number;
  written_bytes: number;
  lost_points: number;
}

export interface Sink {
  name: string;
  type: string;
  required: boolean;
  state: string;
  written: number;
  dead_lettered: number;
  dropped: number;
  pending: number;
  lag_seconds: number;
  last_error: string;
  advice: string;
}

export interface Check {
  name: string;
  status: Level;
  reason?: string;
}

export interface Health {
  status: Level;
  version: string;
  uptime_seconds: number;
  timestamp: string;
  home_assistant: HomeAssistant;
  counters: Counters;
  journal: Journal;
  gaps: { open: number; repaired: number; lost: number };
  sinks: Record<string, Sink>;
  checks: Check[];
  /** Is there a monitor, its summary. */
  alerts?: unknown;
}

export interface Gap {
  number: number;
  state: "open" | "repaired" | "lost";
  cause: string;
  source: string;
  start: string | null;
  end: string | null;
  detail: string;
  outcome: string;
  points: number | null;
}

export interface GapList {
  open: number;
  repaired: number;
  lost: number;
  forgotten: number;
  gaps: Gap[];
}

export interface EntityCount {
  entity_id: string;
  events: number;
}

export interface EventRate {
  windows: Record<string, { seconds: number; top_entities: EntityCount[]; top_seconds: number }>;
}

export interface Alert {
  key: string;
  kind: string;
  severity: "warning" | "critical";
  message: string;
  since: string;
  cleared_at: string | null;
  seconds: number;
}

export interface AlertList {
  active: Alert[];
  history: Alert[];
  /** Seconds from Home Assistant to the journal, and to each sink. */
  latency: Record<string, { count: number; p50: number; p95: number; p99: number }>;
}

export interface Entity {
  entity_id: string;
  name?: string | null;
  area?: string | null;
  device?: string | null;
  manufacturer?: string | null;
  model?: string | null;
  integration?: string | null;
}

export interface EntityPage {
  total: number;
  entities: Entity[];
}

export interface StoredEntity {
  entity_id: string;
  measurements: string[];
  last: string;
}

export interface StoredPage {
  sink: string;
  total: number;
  entities: StoredEntity[];
}

/** Columns of equal length; `low` and `high` if several points are one. */
export interface History {
  entity_id: string;
  sink: string;
  sink_type: string;
  measurement: string;
  field: string;
  kind: "number" | "text" | "none";
  start: string;
  end: string;
  points: number;
  step_seconds: number;
  times: number[];
  values: (number | string)[];
  low: number[];
  high: number[];
}

export interface Refusals {
  rejected: number;
  newest: { time: string | null; reason: string; meaning: string; sample: string }[];
  dead_letters: {
    sink: string;
    count: number;
    newest: { time: string; reason: string; advice: string; line: string }[];
  }[];
}

export interface SettingsShown {
  settings: Record<string, unknown>;
  source: string | null;
}
