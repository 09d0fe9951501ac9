import { defineConfig } from "vitest/config";

const SERVER = process.env["HIGHWALL_SERVER"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    outDir: "../src/highwall/web/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // a strict content-security policy: everything is a file of ours
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1100, // MapLibre, loaded when the map is opened
  },
  server: {
    proxy: {
      "/api": { target: SERVER, ws: true },
      "/tiles": SERVER,
    },
  },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});
