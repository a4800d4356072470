/** The calls of the HTTP API that the console makes. */
import { call, query } from "./http";
import type { ChannelDraft, Delivery, NotificationChannel, Notifications } from "./notifications";
import type { AuditEntry, Capability, Colleague, Language, Login, Me, PrepareRequest, Prepared, Session } from "./types";

export { ProblemError, codeOf, localProblem, problemOf } from "./http";

/** Part of a list; `next` is where the rest begins. */
export interface Page<T> {
  items: T[];
  next: string | undefined;
}

export type SessionFilter = Partial<Record<"state" | "technician" | "q" | "from" | "to", string>>;
export type AuditFilter = Partial<Record<"session" | "actor" | "action" | "from" | "to", string>>;
export type Cursor = string | number | null | undefined;

/** How much of an endless list is asked for at a time. */
const PART = 50;

const id = encodeURIComponent;
/** A cursor is the server's own; it is given back as it came. */
const page = <T>(items: T[], next: Cursor): Page<T> => ({ items, next: next === undefined || next === null ? undefined : String(next) });

export const api = {
  login: (email: string, password: string) => call<{ expires_at: string }>("POST", "/auth/login", { email, password }, true),
  logout: () => call<unknown>("POST", "/auth/logout"),

  me: () => call<Me>("GET", "/me"),
  changeMe: (change: { name?: string; language?: Language }) => call<unknown>("PATCH", "/me", change),
  changePassword: (current_password: string, new_password: string) =>
    call<unknown>("POST", "/me/password", { current_password, new_password }),
  logins: async () => (await call<{ logins: Login[] }>("GET", "/me/logins")).logins,
  endLogin: (login: string) => call<unknown>("DELETE", `/me/logins/${id(login)}`),
  logOutEverywhere: () => call<unknown>("POST", "/me/logout-everywhere"),

  technicians: () => call<{ technicians: Colleague[]; editable: boolean }>("GET", "/technicians"),
  addTechnician: (email: string, name: string, own_password: string) =>
    call<{ technician: Colleague; password: string }>("POST", "/technicians", { email, name, own_password }),
  changeTechnician: (technician: string, change: { name?: string; disabled?: boolean }) =>
    call<unknown>("PATCH", `/technicians/${id(technician)}`, change),
  resetTechnician: (technician: string, own_password: string) =>
    call<{ password: string }>("POST", `/technicians/${id(technician)}/reset`, { own_password }),

  prepare: (request: PrepareRequest) => call<Prepared>("POST", "/sessions", request),
  sessions: async (filter: SessionFilter, before?: string): Promise<Page<Session>> => {
    const answer = await call<{ sessions: Session[]; next?: Cursor }>("GET", `/sessions${query({ ...filter, before, limit: PART })}`);
    return page(answer.sessions, answer.next);
  },
  session: (session: string) => call<Session>("GET", `/sessions/${id(session)}`),
  end: (session: string) => call<Session>("POST", `/sessions/${id(session)}/end`),
  choose: (session: string, capabilities: string[]) => call<Session>("PATCH", `/sessions/${id(session)}`, { capabilities }),
  capabilities: async (session: string, lang: Language) =>
    (await call<{ capabilities: Capability[] }>("GET", `/sessions/${id(session)}/capabilities${query({ lang })}`)).capabilities,
  ticket: async (session: string, capability: string) =>
    (await call<{ ticket: string }>("POST", `/sessions/${id(session)}/tickets`, { capability })).ticket,

  audit: async (filter: AuditFilter, order: "oldest" | "newest", after?: string): Promise<Page<AuditEntry>> => {
    const answer = await call<{ entries: AuditEntry[]; next?: Cursor }>("GET", `/audit${query({ ...filter, order, after, limit: PART })}`);
    return page(answer.entries, answer.next);
  },
  auditCsv: (filter: AuditFilter) => `/api/v1/audit.csv${query(filter)}`,

  notifications: () => call<Notifications>("GET", "/notifications"),
  addChannel: (draft: ChannelDraft) => call<NotificationChannel>("POST", "/notifications/channels", draft),
  changeChannel: (channel: string, draft: ChannelDraft) =>
    call<NotificationChannel>("PUT", `/notifications/channels/${id(channel)}`, draft),
  removeChannel: (channel: string) => call<unknown>("DELETE", `/notifications/channels/${id(channel)}`),
  testChannel: (channel: string) => call<Delivery>("POST", `/notifications/channels/${id(channel)}/test`),
  deliveries: async (state: string, before?: string): Promise<Page<Delivery>> => {
    const answer = await call<{ deliveries: Delivery[]; next?: Cursor }>("GET", `/notifications/deliveries${query({ state, before, limit: PART })}`);
    return page(answer.deliveries, answer.next);
  },
  sessionDeliveries: async (session: string) =>
    (await call<{ deliveries: Delivery[] }>("GET", `/sessions/${id(session)}/notifications`)).deliveries,
  sendAgain: (delivery: string) => call<Delivery>("POST", `/notifications/deliveries/${id(delivery)}/retry`),
};
