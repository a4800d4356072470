/** Why a capability cannot be opened; undefined when it can. The server's sentence goes before the console's own. */
import { maybe } from "../../i18n/index.svelte";
import type { Capability } from "../../lib/types";

export function obstacle(capability: Capability): string | undefined {
  const code = codeOf(capability);
  if (code === undefined) return undefined;
  const own = maybe("reason.", code) ?? maybe("problem.", code) ?? code;
  return code === "no-page" ? own : (capability.explain ?? own);
}

function codeOf({ licensed, enabled, consent, available, reason, page }: Capability): string | undefined {
  if (!licensed) return "not-licensed";
  if (!enabled) return "not-enabled";
  if (consent === "denied") return "denied";
  if (!available) return reason ?? "host-offline";
  return page === undefined ? "no-page" : undefined;
}
