// Installs what package-lock.json asks for, if it is not there yet.
import { enter } from "./lib/entry.mjs";
import { setUp } from "./lib/setup.mjs";

await enter(() => setUp());
