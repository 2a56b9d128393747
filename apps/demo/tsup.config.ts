import { defineConfig } from "tsup";

export default defineConfig({
  // Three programs: the command, one generation of the service, and one process of load clients.
  entry: { main: "src/main.ts", server: "src/server.ts", "client-process": "src/load/client-process.ts" },
  format: ["esm"],
  target: "node20",
  clean: true,
  sourcemap: true,
});
