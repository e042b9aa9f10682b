import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const codecs = [
  "@cornerstonejs/codec-charls/decodewasmjs",
  "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs",
  "@cornerstonejs/codec-openjpeg/decodewasmjs",
  "@cornerstonejs/codec-openjph/wasmjs",
];

export default defineConfig({
  // Worker and WASM addresses are absolute in the bundle, so the base is Django's static prefix.
  base: "/static/",
  plugins: [react()],
  resolve: {
    alias: [
      // The mesh loader of Cornerstone reaches xmlbuilder2, which extends Node's EventEmitter: the npm package stands in.
      {
        find: /^events$/,
        replacement: fileURLToPath(new URL("./node_modules/events/events.js", import.meta.url)),
      },
    ],
  },
  worker: { format: "es" },
  optimizeDeps: {
    exclude: ["@cornerstonejs/dicom-image-loader"],
    include: ["dicom-parser", ...codecs],
  },
  build: {
    outDir: "dist",
    // Not in a dot folder: collectstatic skips those.
    manifest: "manifest.json",
    // No data: addresses for files, so that the content security policy stays narrow.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4500,
    rollupOptions: { input: "src/main.tsx" },
  },
  server: { port: 5173, strictPort: true, origin: "http://127.0.0.1:5173" },
});
