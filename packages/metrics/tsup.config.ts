import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts"],
  format: ["esm", "cjs"],
  platform: "node",
  target: "es2022",
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
  removeNodeProtocol: false,
  sourcemap: true,
  clean: true,
  treeshake: true,
  splitting: false,
});
