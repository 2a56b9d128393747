import type { Report } from "./model.js";
export function reportPage(report: Report): string {
  return JSON.stringify(report);
}
