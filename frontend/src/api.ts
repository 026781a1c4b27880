// Asks hiq, and nobody else: relative addresses, a deadline for each answer, a token if
// one is needed. It knows no element of the page.

const DEADLINE_MS = 8000;
const KEY = "hiq-token";

/** An answer that is not the document asked for. */
export class Unanswered extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Asked {
  /** Whether the answer of an unhealthy service (503) is a document too. */
  anyStatus?: boolean;
}

let token = remembered();

function remembered(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // storage may be forbidden; then the token lives as long as the page
  }
}

export function useToken(given: string | null): void {
  token = given;
  try {
    if (given) sessionStorage.setItem(KEY, given);
    else sessionStorage.removeItem(KEY);
  } catch {
    // as above
  }
}

export async function ask<T>(path: string, { anyStatus = false }: Asked = {}): Promise<T> {
  let answer: Response;
  let body: unknown = null;
  try {
    answer = await fetch(path, {
      cache: "no-store",
      credentials: "same-origin",
      headers: token ? { Authorization: `Bearer ${token}` } : {},
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    if (answer.headers.get("Content-Type")?.startsWith("application/json")) body = await answer.json();
  } catch {
    throw new Unanswered(0, "hiq did not answer in time");
  }
  if (body !== null && (answer.ok || (anyStatus && answer.status === 503))) return body as T;
  throw new Unanswered(answer.status, reasonIn(body) ?? `the answer was ${answer.status}`);
}

/** The words of a refusal; they come in the shapes of several ancestors. */
function reasonIn(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { message, detail } = body as { message?: unknown; detail?: unknown };
  if (typeof message === "string") return message;
  if (typeof detail === "string") return detail;
  const inner = (detail as { error?: unknown } | undefined)?.error;
  return typeof inner === "string" ? inner : undefined;
}
