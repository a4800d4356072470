import { svelte } from "@sveltejs/vite-plugin-svelte";
import { build, defineConfig, type Plugin } from "vite";

/**
 * `./x.worker.ts?data-url` is a classic worker as a `data:` URL: in a frame of opaque origin a worker by URL fails, and one
 * from a `blob:` URL has no WebCodecs (sdk/bridge/PROTOCOL.md).
 */
function dataWorker(): Plugin {
  const suffix = "?data-url";
  return {
    name: "data-worker",
    enforce: "pre",
    async resolveId(source, importer) {
      if (!source.endsWith(suffix)) return null;
      const found = await this.resolve(source.slice(0, -suffix.length), importer, { skipSelf: true });
      return found === null ? null : found.id + suffix;
    },
    async load(id) {
      if (!id.endsWith(suffix)) return null;
      const entry = id.slice(0, -suffix.length);
      this.addWatchFile(entry);
      const built = await build({
        configFile: false,
        logLevel: "warn",
        build: { write: false, minify: true, target: "es2023", lib: { entry, formats: ["iife"], name: "worker" } },
      });
      const outputs = (Array.isArray(built) ? built : [built]).flatMap((one) => ("output" in one ? one.output : []));
      const code = outputs.find((one) => one.type === "chunk")?.code ?? "";
      return `export default ${JSON.stringify(`data:text/javascript;charset=utf-8,${encodeURIComponent(code)}`)};`;
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [dataWorker(), svelte()],
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
