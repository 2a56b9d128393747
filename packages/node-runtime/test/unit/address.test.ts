import { expect, test } from "vitest";
import { formatAddress, sameHost } from "../../src/listener/address.js";

test.each([
  [{ kind: "tcp", host: "127.0.0.1", port: 8000 }, "127.0.0.1:8000"],
  [{ kind: "tcp", host: "::1", port: 8000 }, "[::1]:8000"],
  [{ kind: "unix", path: "/run/api.sock" }, "/run/api.sock"],
  [{ kind: "unix", path: "\0api" }, "@api"],
] as const)("an address is written as people write it: %j", (address, text) => {
  expect(formatAddress(address)).toBe(text);
});

test.each([
  ["127.0.0.1", "127.0.0.1", true],
  ["127.0.0.1", "127.0.0.2", false],
  ["::1", "0:0:0:0:0:0:0:1", true],
  ["2001:db8::a", "2001:DB8:0:0::A", true],
  ["fe80::1%eth0", "fe80::1", true],
  ["::", "0.0.0.0", false],
  ["::", "::1", false],
  [":::", "::", false],
  [":::", ":::", true],
  ["1.2", "1.0.0.2", false],
])("%s and %s are the same host: %s", (a, b, same) => {
  expect(sameHost(a, b)).toBe(same);
});
