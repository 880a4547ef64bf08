export { fieldSelectorOf, parseFieldSelector, type FieldRequirement, type FieldSelector } from "./field-selector.ts";
export {
  compileLabelSelector,
  EVERYTHING,
  formatLabelSelector,
  NOTHING,
  parseLabelSelector,
  selectorFromSet,
  selectorOf,
  type LabelMatcher,
} from "./label-selector.ts";
export { compileNodeSelector, compileNodeTerm, podAllowsNode } from "./node-selector.ts";
export { formatRequirement, type Labels, type Operator, type Requirement } from "./requirement.ts";
