export { watchManifests } from "./directory.ts";
