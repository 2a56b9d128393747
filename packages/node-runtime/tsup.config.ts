import { readFile } from "node:fs/promises";
import { defineConfig, type Options } from "tsup";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];

/**
 * Fetches Node's own modules with a call instead of an import. Importing one into an ES module reads each of its
 * exports, which loads whatever stands behind them (block lists, MIME types, an argument parser): measured, that is a third of
 * the time that a child spends on loading the runtime.
 */
const builtins: Plugin = {
  name: "builtins",
  setup(build) {
    build.onLoad({ filter: /node-runtime\/src\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source.replace(
        /^import \{(.*)\} from ("node:.*");$/gm,
        (_, names: string, module: string) => {
          const values = names.split(",").filter((name) => !name.trim().startsWith("type "));
          return `const {${values.join(",").replaceAll(" as ", ": ")}} = process.getBuiltinModule(${module});`;
        },
      );
      return { contents, loader: "ts" };
    });
  },
};

/** Leaves what is loaded once a generation is owner in files of their own, beside the one that is loaded before. */
const loadedLater: Plugin = {
  name: "loaded-later",
  setup(build) {
    const extension = build.initialOptions.outExtension?.[".js"] ?? ".js";
    const later = { "control/control": "control-socket", "keeper/attachment": "keeper-attachment" };
    for (const [module, file] of Object.entries(later)) {
      build.onResolve({ filter: new RegExp(`${module}\\.js$`) }, ({ kind }) =>
        kind === "dynamic-import" ? { path: `./${file}${extension}`, external: true } : undefined,
      );
    }
  },
};

export default defineConfig({
  entry: {
    index: "src/index.ts",
    "control-socket": "src/control/control.ts",
    control: "src/control/index.ts",
    "keeper-attachment": "src/keeper/attachment.ts",
    keeper: "src/keeper/index.ts",
    moves: "src/moves/index.ts",
  },
  format: ["esm", "cjs"],
  platform: "node",
  target: "es2022",
  dts: {
    entry: {
      index: "src/index.ts",
      control: "src/control/index.ts",
      keeper: "src/keeper/index.ts",
      moves: "src/moves/index.ts",
    },
    resolve: ["@heirloom/protocol"],
    compilerOptions: { ignoreDeprecations: "6.0" },
  },
  // One file to load on a child's way to ready instead of three: measured, it saves a third of the time.
  noExternal: ["@heirloom/protocol", "msgpackr"],
  // Optional, and loaded only when needed: it must stay a package of its own.
  external: ["koffi"],
  removeNodeProtocol: false,
  esbuildPlugins: [builtins, loadedLater],
  sourcemap: true,
  clean: true,
  treeshake: true,
  splitting: false,
});
