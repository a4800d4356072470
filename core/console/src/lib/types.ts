/** Bodies of the HTTP API, as `core/server/src/api.rs` has them. Times are RFC 3339 text. */
export type Language = "en" | "fr" | "es";

/** RFC 9457. The last segment of `type` is the stable code. */
export interface Problem {
  type: string;
  title: string;
  status?: number;
  detail?: string | null;
}

export interface Technician {
  id: string;
  email: string;
  name: string;
  role: string;
}

export interface Me {
  technician: Technician;
  company: { id: string; name: string };
  plan: string;
  modules: string[];
  features: string[];
  limits: { per_technician: number; per_company: number; seats: number; lease_seconds: number };
  usage: { technician: number; company: number };
  licence_problem?: string;
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
  reason?: string;
  consent: "ask" | "granted" | "denied";
  version?: string;
  page?: { url: string; component: string };
}
