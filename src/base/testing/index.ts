export { retainedBy } from "./retained.ts";
