import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The server that `npm run dev` and `npm run preview` talk to.
const server = "http://127.0.0.1:8443";
const proxy = { "/api": { target: server, ws: true }, "/plugins": { target: server } };

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2023",
    // The content security policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy },
  preview: { proxy },
});
