import type { Address } from "@heirloom/protocol";

/** `127.0.0.1:8000`, `[::1]:8000` in its shortest form, `/run/api.sock` or `@name`, as people write it. */
export function formatAddress(address: Address): string {
  if (address.kind === "unix") return address.path.replace(/^\0/, "@");
  return `${canonicalHost(address.host)}:${address.port}`;
}

/** Whether two literal IP addresses are the same one, however they are written. */
export function sameHost(a: string, b: string): boolean {
  return canonicalHost(a) === canonicalHost(b);
}

/** For what is known to be a literal address: the first `net.isIPv6` of a process takes milliseconds, this does not. */
export function isIPv6Literal(host: string): boolean {
  return host.includes(":");
}

/** The one host with which `ipv6Only` means something: whether it takes IPv4, too. */
export function isAnyIPv6(host: string): boolean {
  return sameHost(host, "::");
}

function canonicalHost(host: string): string {
  // The URL parser writes every IPv6 address in its one shortest form. A zone index is no part of the address.
  const [literal = host] = host.split("%");
  const url = `http://[${literal}]`;
  // What an offer calls an address, such as `:::`, need not be one. No socket listens there.
  return isIPv6Literal(literal) && URL.canParse(url) ? new URL(url).hostname : literal;
}
