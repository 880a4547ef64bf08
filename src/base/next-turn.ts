/** Resolves in the next turn of the event loop; in browsers, which lack setImmediate, by way of a message. */
export const nextTurn = (): Promise<void> =>
  new Promise<void>((resolve) => {
    if (typeof setImmediate === "function") {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
