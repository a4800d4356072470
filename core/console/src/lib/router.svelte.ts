/** Three pages do not need a router library: history API and one regular expression. */
export type Route = { page: "list" } | { page: "session"; id: string } | { page: "missing" };

export function parse(path: string): Route {
  if (path === "/" || path === "/index.html" || path === "/sessions" || path === "/sessions/") return { page: "list" };
  const match = /^\/sessions\/([A-Za-z0-9_-]{1,64})\/?$/.exec(path);
  return match?.[1] === undefined ? { page: "missing" } : { page: "session", id: match[1] };
}

class Router {
  route = $state<Route>(parse(location.pathname));
  constructor() {
    addEventListener("popstate", () => (this.route = parse(location.pathname)));
  }
  go(path: string): void {
    if (path !== location.pathname) history.pushState(null, "", path);
    this.route = parse(path);
    scrollTo(0, 0);
  }
}
export const router = new Router();

/** For `<a onclick={follow}>`: stays in this page on a plain click, and leaves new tabs and windows to the browser. */
export function follow(event: MouseEvent): void {
  const link = event.currentTarget as HTMLAnchorElement;
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  router.go(new URL(link.href).pathname);
}
