import {
  countCommonIndexes,
  countIndexesIn,
  parseIndexRanges,
  type IndexRanges,
  type SuccessPolicy,
  type SuccessPolicyRule,
} from "#objects";

/** Which rule the indexes that have succeeded meet, in upstream's words; undefined: none (upstream matchSuccessPolicy). */
export function metSuccessRule(
  policy: SuccessPolicy | undefined,
  completions: number,
  succeeded: IndexRanges,
): string | undefined {
  if (succeeded.length === 0) return undefined;
  const met = policy?.rules.findIndex((rule) => isMet(rule, completions, succeeded)) ?? -1;
  return met < 0 ? undefined : `Matched rules at index ${met}`;
}

function isMet({ succeededIndexes, succeededCount }: SuccessPolicyRule, completions: number, succeeded: IndexRanges) {
  if (succeededIndexes === undefined) {
    return succeededCount !== undefined && countIndexesIn(succeeded) >= succeededCount;
  }
  const required = parseIndexRanges(succeededIndexes, completions);
  if (required.length === 0) return false;
  const common = countCommonIndexes(required, succeeded);
  return common === countIndexesIn(required) || (succeededCount !== undefined && common >= succeededCount);
}
