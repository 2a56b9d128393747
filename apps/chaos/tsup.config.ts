import { defineConfig } from "tsup";

export default defineConfig({
  // The command, one generation of the victim, what is preloaded into it, and a process of clients.
  entry: {
    main: "src/main.ts",
    victim: "src/victim/service.ts",
    preload: "src/victim/preload.ts",
    clients: "src/load/client-process.ts",
  },
  format: ["esm"],
  target: "node20",
  clean: true,
  sourcemap: true,
});
