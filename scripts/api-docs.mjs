// Writes docs/api from the docstrings of the public surface; with --check, fails where it has drifted.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const packages = ["protocol", "node-runtime"];
const check = process.argv.includes("--check");
const scratch = mkdtempSync(join(tmpdir(), "heirloom-api-"));
let drifted = 0;

for (const name of packages) {
  const out = join(scratch, name);
  execFileSync(
    process.execPath,
    [
      join(root, "node_modules/typedoc/bin/typedoc"),
      ...["--plugin", "typedoc-plugin-markdown"],
      ...["--entryPoints", join(root, `packages/${name}/src/index.ts`)],
      ...["--tsconfig", join(root, `packages/${name}/tsconfig.json`)],
      ...["--out", out, "--name", `@heirloom/${name}`, "--readme", "none"],
      ...["--outputFileStrategy", "modules", "--hidePageHeader", "--hideBreadcrumbs", "--disableSources"],
      ...["--excludePrivate", "--excludeInternal", "--excludeExternals", "--logLevel", "Error"],
      // A section of a table or a type is easier to read than a page with a heading for each member.
      ...[
        "--interfacePropertiesFormat",
        "table",
        "--typeDeclarationFormat",
        "table",
        "--enumMembersFormat",
        "table",
      ],
      ...["--parametersFormat", "table"],
    ],
    { stdio: "inherit", cwd: root },
  );
  const [page] = readdirSync(out).filter((file) => file.endsWith(".md"));
  const target = join(root, `docs/api/${name}.md`);
  const generated = readFileSync(join(out, page), "utf8");
  if (check && generated !== readFileSync(target, "utf8")) {
    console.error(`docs/api/${name}.md has drifted from the docstrings: run npm run api-docs`);
    drifted += 1;
  } else if (!check) cpSync(join(out, page), target);
}

rmSync(scratch, { recursive: true });
process.exitCode = drifted > 0 ? 1 : 0;
