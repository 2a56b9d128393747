/** [what it shows, the parent's versions, the child's versions, the version or null]. */
export const negotiations = [
  ["today: both speak version 1", [1, 1], [1, 1], 1],
  ["a child that speaks one more", [1, 1], [1, 2], 1],
  ["a parent that speaks one more: going back to an older release", [1, 2], [1, 1], 1],
  ["the highest that both speak", [1, 4], [2, 3], 3],
  ["they meet in one version", [1, 2], [2, 5], 2],
  ["they meet in one version, the other way round", [2, 5], [1, 2], 2],
  ["a child that dropped what its parent speaks", [1, 1], [2, 3], null],
  ["a parent that dropped what its child speaks", [4, 6], [1, 3], null],
  ["the largest version", [65_535, 65_535], [1, 65_535], 65_535],
  ["far apart", [1, 1], [65_535, 65_535], null],
];
