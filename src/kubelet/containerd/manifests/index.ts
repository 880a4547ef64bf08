export { watchManifests, type ManifestDirectoryOptions } from "./directory.ts";
