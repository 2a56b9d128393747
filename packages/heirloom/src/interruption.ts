/** What Ctrl-C leaves behind, for people. A command that knows it better says so while it runs. */
export const interruption = { leaves: "what was begun goes on" };
