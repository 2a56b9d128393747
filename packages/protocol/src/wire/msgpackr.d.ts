/** The build without `new Function`, for content security policies. msgpackr has no types for it. */
declare module "msgpackr/index-no-eval" {
  export { Packr, Unpackr } from "msgpackr";
}
