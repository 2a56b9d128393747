/* The package has no types for this entry: its build of the reader alone, without code from strings. */
declare module "msgpackr/unpack-no-eval" {
  export class Unpackr {
    constructor(options: { useRecords: false; int64AsType: "number" });
    unpack(source: Uint8Array, end: number): unknown;
  }
}
