export interface NetworkConfig {
  readonly name: string;
  /** `10.244.0.0/24` */
  readonly podCidr: string;
  readonly bridge: string;
  /** Where the addresses given out are noted. */
  readonly addresses: string;
}

/**
 * How pods are joined to the network (CNI specification 0.4, which plugins since 0.8 understand): a bridge that is
 * the pods' gateway, and addresses from the node's range. The proxy masquerades what
 * leaves the node, and brings ports of the node to pods.
 */
export function networkConfig({ name, podCidr, bridge, addresses }: NetworkConfig): string {
  const list = {
    cniVersion: "0.4.0",
    name,
    plugins: [
      {
        type: "bridge",
        bridge,
        isGateway: true,
        // A pod may reach itself through a Service.
        hairpinMode: true,
        ipMasq: false,
        ipam: {
          type: "host-local",
          dataDir: addresses,
          ranges: [[{ subnet: podCidr }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
    ],
  };
  return `${JSON.stringify(list, undefined, 2)}\n`;
}
