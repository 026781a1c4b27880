/** Frames of the client protocol `hiq.v1`; see client-protocol.md. */

export type Id = string | number | null;

export interface Filter {
  event_types?: string[];
  entities?: string[];
  domains?: string[];
  areas?: string[];
  labels?: string[];
  min_interval?: number;
  alerts?: boolean;
  written?: boolean;
}

export interface PatchOperation {
  op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  path: string;
  from?: string;
  value?: unknown;
}

// what a client sends

interface Command {
  id?: Id;
}

export interface Subscribe extends Command {
  type: "subscribe";
  filter?: Filter;
}

export interface Unsubscribe extends Command {
  type: "unsubscribe";
  subscription: string;
}

export interface Ack extends Command {
  type: "ack";
  seq: number;
}

export interface Resume extends Command {
  type: "resume";
  session: string;
  last_seq: number;
}

export interface Ping extends Command {
  type: "ping";
}

export interface GetStatus extends Command {
  type: "get_status";
  event_id?: string;
}

export interface GetCurrentState extends Command {
  type: "get_current_state";
}

export interface StateUpdate extends Command {
  type: "state_update";
  version: number;
  state: Record<string, unknown>;
}

export interface PartialStateUpdate extends Command {
  type: "partial_state_update";
  version: number;
  patch: PatchOperation[];
}

export interface AuthRefresh extends Command {
  type: "auth_refresh";
  token: string;
}

export type ClientFrame =
  | Subscribe
  | Unsubscribe
  | Ack
  | Resume
  | Ping
  | GetStatus
  | GetCurrentState
  | StateUpdate
  | PartialStateUpdate
  | AuthRefresh;

// what the server sends

interface Frame {
  ts: string;
}

export interface Welcome extends Frame {
  type: "welcome";
  protocol: "hiq.v1";
  connection_id: string;
  user: string;
  session: string;
  resumed: boolean;
  last_seq: number;
  limits: Record<string, number>;
  heartbeat: { interval: number; timeout: number; max_missed: number };
  expires_at: string | null;
}

export interface StateSnapshot extends Frame {
  type: "state_snapshot";
  version: number;
  state: Record<string, unknown>;
  entities: Record<string, Record<string, unknown>>;
  as_of_seq: number;
  part: number;
  parts: number;
}

export interface Result extends Frame {
  type: "result";
  id: Id;
  ok: true;
  status: "ok";
  data: Record<string, unknown>;
}

export interface HiqEvent extends Frame {
  type: "event";
  seq: number;
  event_id: string;
  subs: string[];
  redelivered: boolean;
  validation: { result: "valid" | "warning" | "error"; codes: string[] };
  event: Record<string, unknown>;
}

export interface ContractViolation extends Frame {
  type: "contract_violation";
  seq: number;
  redelivered: boolean;
  contract: string;
  correlation: string;
  code: string;
  step: string;
  message: string;
  events: string[];
}

export interface Gap extends Frame {
  type: "gap";
  from: number;
  to: number | null;
  count: number | null;
  reason: "overflow" | "expired" | "session_expired" | "restart";
  since?: string;
}

export interface Written extends Frame {
  type: "written";
  up_to_seq: number;
}

export interface Pong extends Frame {
  type: "pong";
  id: Id;
  timestamp: string;
}

export interface StateUpdated extends Frame {
  type: "state_updated";
  version: number;
  patch: PatchOperation[];
  by: string;
}

export interface PartialUpdateApplied extends Frame {
  type: "partial_update_applied";
  id: Id;
  version: number;
}

export interface CurrentState extends Frame {
  type: "current_state";
  id: Id;
  version: number;
  state: Record<string, unknown>;
}

export interface VersionConflict extends Frame {
  type: "version_conflict";
  id: Id;
  client_version: number;
  server_version: number;
  resolution: "resync_required";
}

export interface StateResync extends Frame {
  type: "state_resync";
  version: number;
  state: Record<string, unknown>;
  reason: string;
}

export interface AuthExpiring extends Frame {
  type: "auth_expiring";
  at: string;
  seconds_left: number;
}

export interface Alert extends Frame {
  type: "alert";
  key: string;
  severity: string;
  state: "raised" | "cleared";
  message: string;
  since: string;
}

export interface ErrorFrame extends Frame {
  type: "error";
  id: Id;
  code: string;
  message: string;
  field?: string;
  retry_after?: number;
}

export type ServerFrame =
  | Welcome
  | StateSnapshot
  | Result
  | HiqEvent
  | ContractViolation
  | Gap
  | Written
  | Pong
  | StateUpdated
  | PartialUpdateApplied
  | CurrentState
  | VersionConflict
  | StateResync
  | AuthExpiring
  | Alert
  | ErrorFrame;
