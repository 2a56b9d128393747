/** Where a service is to listen. */
export interface Port {
  /** As it was given. */
  readonly text: string;
  /** Undefined: on every address. */
  readonly host: string | undefined;
  readonly port: number;
}

/** Reads `8080` or `127.0.0.1:8080`; undefined for a text that is no port. */
export function parsePort(text: string): Port | undefined {
  const [, host, digits] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > 65_535) return undefined;
  return { text, host: host?.replace(/^\[(.*)\]$/, "$1"), port };
}

export function isPort(value: unknown): value is string {
  return typeof value === "string" && parsePort(value) !== undefined;
}
