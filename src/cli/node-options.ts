import { resolve } from "node:path";
import type { ClusterOptions } from "#cluster";
import type { OptionHelp, ParsedArgs } from "./command.ts";

/** Options about the node with real containers. */
export const NODE_OPTIONS: Readonly<Record<string, OptionHelp>> = {
  "containerd-socket": {
    type: "string",
    value: "PATH",
    help: "run containers on this containerd instead of one of Knarr's own (docs/containers.md)",
  },
  "static-pods": {
    type: "string",
    value: "DIR",
    help: "run the pods of the manifests in this directory (default <data-dir>/manifests)",
  },
  "node-name": { type: "string", value: "NAME", help: "name of the node (default: the host's)" },
  "node-address": {
    type: "string",
    value: "IP",
    help: "address of the node (default: that of the default route's interface)",
  },
  "load-balancer-address": {
    type: "string",
    multiple: true,
    value: "IP",
    help: "give this address to Services of type LoadBalancer (default: the node's, then 127.0.0.2 and so on); may be repeated",
  },
};

/** What of a cluster's options the command line says about its node. */
export function nodeOptionsOf(args: ParsedArgs): Partial<ClusterOptions> {
  const socket = args.text("containerd-socket");
  const staticPods = args.text("static-pods");
  const nodeName = args.text("node-name");
  const nodeAddress = args.text("node-address");
  const addresses = args.all("load-balancer-address", (text) => text);
  return {
    // Other tools name a socket by its address: `unix:///run/containerd/containerd.sock`.
    ...(socket === undefined ? {} : { containerdSocket: resolve(socket.replace(/^unix:\/\//, "")) }),
    ...(staticPods === undefined ? {} : { staticPodDir: resolve(staticPods) }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(nodeAddress === undefined ? {} : { nodeAddress }),
    ...(addresses.length === 0 ? {} : { loadBalancerAddresses: addresses }),
  };
}
