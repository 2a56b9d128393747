// Only syntax and imports that Node.js 14 can read may appear here and in what the entries import statically:
// an old Node.js must get as far as the refusal.

const NODE_MIN = [20, 19];

/** One sentence that says what is missing and what to do, or undefined where this machine will do. */
export function refusal(nodeVersion, platform) {
  if (platform === "win32") {
    return "Heirloom hands sockets from process to process in a way that Windows does not have: open WSL 2 (wsl --install) and run the same command there.";
  }
  const [major, minor] = nodeVersion.split(".").map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return undefined;
  return `Heirloom needs Node.js ${NODE_MIN.join(".")} or newer and this is ${nodeVersion}: install a current one (https://nodejs.org, or "nvm install --lts") and run the same command again.`;
}
