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

/** Leaves what is loaded later, or in another way, in files of their own, beside the one that asks for them. */
const filesBeside: Plugin = {
  name: "files-beside",
  setup(build) {
    const later = { "control/control": "control-socket", "keeper/attachment": "keeper-attachment" };
    for (const [module, file] of Object.entries(later)) {
      build.onResolve({ filter: new RegExp(`${module}\\.js$`) }, ({ kind }) =>
        kind === "dynamic-import" ? { path: `./${file}.cjs`, external: true } : undefined,
      );
    }
    build.onResolve({ filter: /^\.\/heirloom-runtime\.cjs$/ }, ({ path }) => ({
      path,
      external: true,
    }));
  },
};

const common: Options = {
  platform: "node",
  target: "es2022",
  // One file to load on a child's way to ready instead of three: measured, it saves a third of the time.
  noExternal: ["@heirloom/protocol", "msgpackr"],
  // Optional, and loaded only when needed: it must stay a package of its own.
  external: ["koffi"],
  removeNodeProtocol: false,
  esbuildPlugins: [builtins, filesBeside],
  sourcemap: true,
  treeshake: true,
  splitting: false,
};

export default defineConfig([
  // The runtime: one script, which src/entry runs, whether it is imported or required.
  { ...common, entry: { index: "src/entry/index.cts" }, format: "cjs", treeshake: false },
  { ...common, entry: { index: "src/entry/index.mts" }, format: "esm" },
  // What a bundler takes instead: nothing that is looked for beside it.
  { ...common, entry: { bundle: "src/index.ts" }, format: "esm", esbuildPlugins: [builtins] },
  {
    ...common,
    entry: {
      "heirloom-runtime": "src/index.ts",
      "control-socket": "src/control/control.ts",
      "keeper-attachment": "src/keeper/attachment.ts",
    },
    format: "cjs",
    treeshake: false,
    esbuildOptions: (options) => {
      // A script that is run by node:vm can require, but not import.
      options.supported = { ...options.supported, "dynamic-import": false };
    },
  },
  {
    ...common,
    entry: { control: "src/control/index.ts", keeper: "src/keeper/index.ts", moves: "src/moves/index.ts" },
    format: ["esm", "cjs"],
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
  },
]);
