export interface Finding {
  /** `ok`; `warn`: will go wrong under circumstances; `fail`: a restart will fail, or harm clients. */
  readonly level: "ok" | "warn" | "fail";
  /** What was looked at. */
  readonly check: string;
  /** What was found, and what to do about it. */
  readonly message: string;
}

export function ok(check: string, message: string): Finding {
  return { level: "ok", check, message };
}

export function warn(check: string, message: string): Finding {
  return { level: "warn", check, message };
}

export function fail(check: string, message: string): Finding {
  return { level: "fail", check, message };
}
