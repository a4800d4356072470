import { parse, type Route } from "./route";

class Router {
  route = $state<Route>(parse(location.pathname));
  /** What stands behind the question mark: a page's filters, so that they can be linked to and survive "back". */
  search = $state(location.search);
  /** Counts up when another page is shown by a step of the technician: then the focus goes to its heading. */
  steps = $state(0);

  constructor() {
    addEventListener("popstate", () => this.#show());
  }

  go(path: string): void {
    if (path !== location.pathname + location.search) history.pushState(null, "", path);
    this.#show();
    scrollTo(0, 0);
  }

  /** The same page with other filters: no step of its own in the browser's history. */
  filter(search: string): void {
    if (search === location.search) return;
    history.replaceState(null, "", location.pathname + search);
    this.search = search;
  }

  #show(): void {
    this.route = parse(location.pathname);
    this.search = location.search;
    this.steps += 1;
  }
}
export const router = new Router();

/** For `<a onclick={follow}>`: stays in this page on a plain click, and leaves new tabs and windows to the browser. */
export function follow(event: MouseEvent): void {
  const link = event.currentTarget as HTMLAnchorElement;
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const url = new URL(link.href);
  router.go(url.pathname + url.search);
}
