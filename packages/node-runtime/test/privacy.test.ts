import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { descriptorsOf } from "./support/processes.js";
import { Service } from "./support/service.js";

/** A service in the middle of a handoff: both sides are there, and the channel is open. */
async function inHandoff(): Promise<{ service: Service; pids: number[] }> {
  // The control socket has a name, and no part in a handoff.
  const service = await Service.start({ options: { readyDeadlineMs: 30_000, control: false } });
  service.configure({ beforeReady: "neverReady" });
  service.signal("SIGHUP");
  const child = await service.until("listening", { generation: 2 });
  return { service, pids: [service.pid, child.pid] };
}

// Red when the channel gets a name: anybody who reaches it could take part.
test("INV-8: a handoff goes through sockets without a name", async () => {
  const { pids } = await inHandoff();
  const named = new Map(
    readFileSync("/proc/net/unix", "utf8")
      .split("\n")
      .slice(1)
      .map((row) => row.trim().split(/\s+/))
      .map(([, , , , , , inode, name]) => [inode, name] as const),
  );
  for (const pid of pids) {
    const inodes = [...descriptorsOf(pid).values()].flatMap(
      (link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? [],
    );
    const unix = inodes.filter((inode) => named.has(inode));
    expect(unix.length).toBeGreaterThan(0);
    expect(unix.map((inode) => named.get(inode)).filter((name) => name !== undefined)).toEqual([]);
  }
  expect([...named.values()].filter((name) => name?.toLowerCase().includes("heirloom-handoff"))).toEqual([]);
});

test("INV-8: a handoff leaves no file for others to find", async () => {
  const { service } = await inHandoff();
  expect(readdirSync(service.dir).sort()).toEqual(["config.json"]);
});

const isRoot = process.getuid?.() === 0;
const nobody = (script: string) =>
  spawnSync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "/bin/sh", "-c", script], {
    encoding: "utf8",
  });
const canBecomeNobody = isRoot && nobody("true").status === 0;
if (!canBecomeNobody) console.warn("not root, or no setpriv: what another user may do is not tested here");

test.skipIf(!canBecomeNobody)(
  "INV-8: another user can neither read the offer, nor take a descriptor, nor send a signal",
  async () => {
    const { pids } = await inHandoff();
    for (const pid of pids) {
      // The test itself may, so that a refusal says something.
      expect(execFileSync("cat", [`/proc/${pid}/environ`], { encoding: "utf8" })).toContain("FIXTURE_DIR");
      for (const script of [
        `cat /proc/${pid}/environ`,
        `ls /proc/${pid}/fd/`,
        `cat /proc/${pid}/fd/3`,
        `kill -HUP ${pid}`,
        `kill -TERM ${pid}`,
      ]) {
        const { status, stderr } = nobody(script);
        expect(status, script).not.toBe(0);
        expect(stderr).toMatch(/permitted|denied/i);
      }
    }
  },
);

test.skipIf(!canBecomeNobody)("INV-8: the offer is in the environment of the child alone", async () => {
  const { service, pids } = await inHandoff();
  const [parent = 0, child = 0] = pids;
  const environment = (pid: number) => readFileSync(join("/proc", String(pid), "environ"), "latin1");
  // The child's own environment holds what it was started with, for the kernel and for its own user only.
  expect(environment(child)).toContain("HEIRLOOM_OFFER=");
  expect(environment(parent)).not.toContain("HEIRLOOM_OFFER=");
  expect(service.processes.sort()).toEqual([...pids].sort());
});
