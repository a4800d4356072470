/** The HTTP API. Every failure is a [`ProblemError`], also when the network is gone. */
import type { Capability, Me, PrepareRequest, Prepared, Problem, Session } from "./types";

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.title);
    this.name = "ProblemError";
  }
  /** Last segment of the type, e.g. `quota-technician`. */
  get code(): string {
    return codeOf(this.problem);
  }
}

export function codeOf(problem: Problem): string {
  return problem.type.split("/").pop() ?? "";
}

/** A problem that the console itself found. Its title is translated by its code. */
export function localProblem(code: string, detail?: string): Problem {
  const type = `https://hospes.dev/problems/${code}`;
  return detail === undefined ? { type, title: code } : { type, title: code, detail };
}

export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return localProblem("console-error", error instanceof Error ? error.message : String(error));
}

/** Called when the log-in is gone. */
let onLoggedOut: () => void = () => undefined;
export function whenLoggedOut(handler: () => void): void {
  onLoggedOut = handler;
}

async function call<T>(method: "GET" | "POST", path: string, body?: unknown, quiet401 = false): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers: body === undefined ? { accept: "application/json" } : { accept: "application/json", "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    throw new ProblemError(localProblem("network"));
  }
  const text = await response.text();
  let parsed: unknown;
  try {
    parsed = text === "" ? undefined : JSON.parse(text);
  } catch {
    throw new ProblemError({ ...localProblem("bad-answer", `${response.status} ${path}`), status: response.status });
  }
  if (response.ok) return parsed as T;
  if (response.status === 401 && !quiet401) onLoggedOut();
  const problem = parsed as Partial<Problem> | undefined;
  throw new ProblemError({
    type: problem?.type ?? `https://hospes.dev/problems/http-${response.status}`,
    title: problem?.title ?? response.statusText,
    status: response.status,
    detail: problem?.detail ?? null,
  });
}

const id = encodeURIComponent;

export const api = {
  login: (email: string, password: string) => call<{ expires_at: string }>("POST", "/auth/login", { email, password }, true),
  logout: () => call<unknown>("POST", "/auth/logout"),
  me: () => call<Me>("GET", "/me"),
  prepare: (request: PrepareRequest) => call<Prepared>("POST", "/sessions", request),
  sessions: async () => (await call<{ sessions: Session[] }>("GET", "/sessions")).sessions,
  session: (session: string) => call<Session>("GET", `/sessions/${id(session)}`),
  end: (session: string) => call<Session>("POST", `/sessions/${id(session)}/end`),
  capabilities: async (session: string) =>
    (await call<{ capabilities: Capability[] }>("GET", `/sessions/${id(session)}/capabilities`)).capabilities,
  ticket: async (session: string, capability: string) =>
    (await call<{ ticket: string }>("POST", `/sessions/${id(session)}/tickets`, { capability })).ticket,
};
