/** Knarr's own version; the same as in package.json, a test holds them together. */
export const KNARR_VERSION = "0.1.0";
