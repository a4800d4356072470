/** Bodies of the HTTP API, as `core/server/src/api` has them. Times are RFC 3339 text. */
export type Language = "en" | "fr" | "es";

/** RFC 9457. The last segment of `type` is the stable code. */
export interface Problem {
  type: string;
  title: string;
  status?: number;
  detail?: string | null;
  /** Of a notifier's configuration that is wrong: which field, and what to do. */
  problems?: FieldProblem[];
}

export interface FieldProblem {
  field: string;
  message: string;
}

export interface Technician {
  id: string;
  email: string;
  name: string;
  role: string;
}

/** A technician as the company's list has them. */
export interface Colleague extends Technician {
  disabled: boolean;
  created_at: string;
  last_login_at?: string;
}

export interface Me {
  technician: Technician & { language?: Language };
  company: { id: string; name: string };
  plan: string;
  modules: string[];
  features: string[];
  limits: { per_technician: number; per_company: number; seats: number; lease_seconds: number };
  usage: { technician: number; company: number };
  licence_problem?: string;
  password_change_needed?: boolean;
}

/** One place where a technician is logged in. */
export interface Login {
  id: string;
  created_at: string;
  last_used_at?: string;
  expires_at: string;
  address?: string;
  agent?: string;
  current: boolean;
}

export interface PrepareRequest {
  customer_email: string;
  customer_name?: string;
  language?: Language;
  note?: string;
  password?: string;
  capabilities?: string[];
}

/** The only time that code and password are shown. */
export interface Prepared {
  id: string;
  state: "prepared";
  deployment_link: string;
  security_code: string;
  password: string;
  code_expires_at: string;
}

export type SessionState = "prepared" | "active" | "ended";

export interface Channel {
  id: string;
  capability: string;
  technician: string;
  opened_at: string;
}

export interface Session {
  id: string;
  state: SessionState;
  technician: Technician;
  customer_email: string;
  customer_name?: string;
  language?: Language;
  note?: string;
  capabilities: string[];
  created_at: string;
  code_expires_at?: string;
  wrong_codes?: number;
  activated_at?: string;
  lease_expires_at?: string;
  ended_at?: string;
  end_reason?: string;
  removal?: "pending" | "done" | "unreachable";
  last_refusal?: { at: string; reason: string };
  online: boolean;
  host?: { os: string; hostname: string; agent?: string };
  channels: Channel[];
}

export interface Capability {
  id: string;
  title: string;
  titles?: Partial<Record<Language, string>>;
  feature: string;
  licensed: boolean;
  enabled: boolean;
  available: boolean;
  /** Why it cannot be opened: a stable code, or the host's own words. */
  reason?: string;
  /** The same in one sentence, in the language that was asked for. */
  explain?: string;
  consent: "ask" | "granted" | "denied";
  version?: string;
  page?: { url: string; component: string };
}

export interface AuditEntry {
  sequence: number;
  at: string;
  session?: string;
  actor: string;
  action: string;
  detail: unknown;
  hash: string;
}
