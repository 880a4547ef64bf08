// `import("yaml")` itself has no names once it is bundled: the package is CommonJS, and a chunk of its own then.
export { parse } from "yaml";
