import { preload } from "./preload.js";

// The one module that does something when it is imported: that is what a preload is for.
preload();
