import { defineConfig } from "tsup";

export default defineConfig({
  entry: { main: "src/main.ts" },
  format: ["esm"],
  platform: "node",
  target: "es2022",
  removeNodeProtocol: false,
  sourcemap: true,
  clean: true,
});
