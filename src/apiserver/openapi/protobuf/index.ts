export { protobufSteps, type YamlWriter } from "./encode.ts";
