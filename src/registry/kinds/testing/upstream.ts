/** For tests: the facts of upstream, where they are at hand. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.env["KNARR_UPSTREAM"] ?? join(import.meta.dirname, "../../../../../shared/upstream");

/** Why a comparison is skipped; false when it can be made. */
export const upstreamMissing: string | false = existsSync(folder) ? false : `no facts of upstream in ${folder}`;

export const readUpstream = (file: string): string => readFileSync(join(folder, file), "utf8");
