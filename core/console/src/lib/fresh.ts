/** For pages: loads now, again when an event that matters comes, and when the connection is back. */
import { onMount } from "svelte";
import { live } from "./live.svelte";

/** `matters` tells events by name; several in a row are one question. To be called while a component is made. */
export function keepFresh(load: () => void, matters: (event: string) => boolean): void {
  onMount(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    load();
    const stop = live.listen((event) => {
      if (event !== "resync" && !matters(event)) return;
      clearTimeout(timer);
      timer = setTimeout(load, 150);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  });
}
