import { storeConformance } from "#store/testing";
import { createMemoryStore } from "./store.ts";

storeConformance(
  "memory",
  async (options) => {
    const store = createMemoryStore(options);
    return { store, dispose: () => store.close() };
  },
  300,
);
