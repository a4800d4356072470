/** All texts, one file for each subject. */
import type { Language } from "../lib/types";
import { app } from "./texts/app";
import { audit } from "./texts/audit";
import { company } from "./texts/company";
import { history } from "./texts/history";
import { notify } from "./texts/notify";
import { prepare } from "./texts/prepare";
import { problems } from "./texts/problems";
import { profile } from "./texts/profile";
import { session } from "./texts/session";
import { sessions } from "./texts/sessions";

const AREAS = [app, audit, company, history, notify, prepare, problems, profile, session, sessions] as const;
type Keys<Area> = Area extends Record<"en", infer Table> ? keyof Table : never;
export type Key = Keys<(typeof AREAS)[number]> & string;
export type Messages = Record<Key, string>;

function all(language: Language): Messages {
  return Object.assign({}, ...AREAS.map((area) => area[language])) as Messages;
}
export const tables: Record<Language, Messages> = { en: all("en"), fr: all("fr"), es: all("es") };
