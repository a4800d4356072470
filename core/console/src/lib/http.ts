/** One call of the HTTP API. Every failure is a [`ProblemError`], also when the network is gone. */
import type { Problem } from "./types";

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

/** Called when the log-in is gone, and when its password must be changed first. */
let onLoggedOut: () => void = () => undefined;
let onPasswordNeeded: () => void = () => undefined;
export function whenLoggedOut(handler: () => void): void {
  onLoggedOut = handler;
}
export function whenPasswordNeeded(handler: () => void): void {
  onPasswordNeeded = handler;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export async function call<T>(method: Method, path: string, body?: unknown, quiet401 = false): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers: {
        accept: "application/json",
        // The page's language, not the browser's: some answers have sentences for people.
        "accept-language": document.documentElement.lang,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
    });
    text = await response.text();
  } catch {
    throw new ProblemError(localProblem("network"));
  }
  let parsed: unknown;
  try {
    parsed = text === "" ? undefined : JSON.parse(text);
  } catch {
    throw new ProblemError({ ...localProblem("bad-answer", `${response.status} ${path}`), status: response.status });
  }
  if (response.ok) return parsed as T;
  const problem = parsed as Partial<Problem> | undefined;
  const refused: Problem = {
    ...problem,
    type: problem?.type ?? `https://hospes.dev/problems/http-${response.status}`,
    title: problem?.title ?? response.statusText,
    status: response.status,
    detail: problem?.detail ?? null,
  };
  if (response.status === 401 && !quiet401) onLoggedOut();
  if (codeOf(refused) === "password-change-needed") onPasswordNeeded();
  throw new ProblemError(refused);
}

/** `?a=1&b=2` of what is set; empty when nothing is. */
export function query(values: Record<string, string | number | undefined>): string {
  const set = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(set.map(([key, value]) => [key, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}
