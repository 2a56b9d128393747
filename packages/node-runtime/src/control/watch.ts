import type { Caller } from "./caller.js";
import type { HandoffFeed } from "./handoff-feed.js";
import type { StatusAnswer } from "./message.js";

/** How often numbers that change all the time are looked at. */
const lookEveryMs = 1_000;

/** Tells the caller the status now, and whenever it has changed, until the caller or this process leaves. */
export function watch(status: () => StatusAnswer, feed: HandoffFeed, caller: Caller): void {
  let told = "";
  const tell = () => {
    const now = status();
    // Memory alone is no news.
    const news = JSON.stringify({ ...now, memory: undefined });
    if (news === told) return;
    told = news;
    caller.say(now);
  };
  // Nothing may change for long, and one that has gone keeps its place until it is told something.
  caller.silent(() => {
    told = "";
    tell();
  });
  const unlisten = feed.listen({ changed: tell });
  const look = setInterval(tell, lookEveryMs).unref();
  caller.gone(() => {
    unlisten();
    clearInterval(look);
  });
  tell();
}
