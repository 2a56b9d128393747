import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["scripts/test/**/*.test.mjs"], pool: "forks", maxWorkers: 2, testTimeout: 60_000 },
});
