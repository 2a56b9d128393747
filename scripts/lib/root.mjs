import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A command that the set-up has installed. */
export const tool = (name) => join(ROOT, "node_modules", ".bin", name);
