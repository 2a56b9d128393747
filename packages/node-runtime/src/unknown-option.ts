/** What is wrong with an option that is misspelt, or stands in another place: it would silently do nothing. Undefined where there is none. */
export function faultOfNames(where: string, options: object, names: readonly string[]): string | undefined {
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  return unknown && `there is no option ${where}${unknown}: use one of ${names.join(", ")}`;
}
