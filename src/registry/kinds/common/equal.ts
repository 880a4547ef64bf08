/** Whether two values are the same to the API: absent, null and empty are one. */
export { sameJson as semanticEqual } from "#objects";
