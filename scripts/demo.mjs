import { becomeApp } from "./lib/app.mjs";

await becomeApp("demo");
