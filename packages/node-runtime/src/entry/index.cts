import entry = require("./load.js");

function runtime(): object {
  try {
    return entry.load(__dirname);
  } catch (error) {
    // Where this package was bundled into another file, there is nothing beside that.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return require("./heirloom-runtime.cjs") as object;
  }
}

export = runtime();
