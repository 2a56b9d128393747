/** The protocol versions that a program speaks: whole numbers, 1 to 65,535, both ends included. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** What this package speaks. */
export const supportedVersions: VersionRange = { min: 1, max: 1 };

/**
 * The highest version that both sides speak, or undefined where the ranges do not meet.
 * @see spec/v1/versions.md
 */
export function negotiate(a: VersionRange, b: VersionRange): number | undefined {
  const version = Math.min(a.max, b.max);
  return version >= Math.max(a.min, b.min) ? version : undefined;
}

/** `3`, or `1-4`, as people read it. */
export function formatVersions({ min, max }: VersionRange): string {
  return min === max ? `${min}` : `${min}-${max}`;
}
