/** The address of a web server, as a link. */
export function link({ host, port }: { host: string; port: number }): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/`;
}
