/** Addresses of the console's pages. A few of them do not need a router library: the history API and this table. */
export type PageName = "list" | "history" | "company" | "notifications" | "audit" | "profile";
export type Route = { page: PageName } | { page: "session"; id: string } | { page: "missing" };

export const PATHS: Record<PageName, string> = {
  list: "/",
  history: "/history",
  company: "/company",
  notifications: "/notifications",
  audit: "/audit",
  profile: "/profile",
};

export function parse(path: string): Route {
  const plain = path.replace(/(?!^)\/$/, "");
  if (plain === "/index.html" || plain === "/sessions") return { page: "list" };
  const found = (Object.keys(PATHS) as PageName[]).find((page) => PATHS[page] === plain);
  if (found !== undefined) return { page: found };
  const match = /^\/sessions\/([A-Za-z0-9_-]{1,64})$/.exec(plain);
  return match?.[1] === undefined ? { page: "missing" } : { page: "session", id: match[1] };
}
