import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { descriptorRoom } from "../../src/syscalls/descriptor-table.js";
import { loadSyscalls, type Syscalls } from "../../src/syscalls.js";

const openDescriptors = () => readdirSync("/proc/self/fd").length;

test.runIf(process.platform === "linux")(
  "room is made for so many descriptors, or for as many as the limit allows, and nothing is left open",
  async () => {
    const { makeRoom } = (await loadSyscalls()) as Syscalls;
    const open = openDescriptors();
    const wanted = 2 * descriptorRoom();
    await makeRoom(wanted);
    expect(descriptorRoom()).toBe(wanted);
    await makeRoom(wanted / 2);
    expect(descriptorRoom()).toBe(wanted);
    await makeRoom(2 ** 31);
    expect(descriptorRoom()).toBeGreaterThanOrEqual(wanted);
    expect(openDescriptors()).toBe(open);
  },
);

test("nobody knows the room of a process that is not there", () => {
  expect(descriptorRoom(2 ** 30)).toBe(0);
});
