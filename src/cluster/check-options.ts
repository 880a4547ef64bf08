import { isIP } from "node:net";
import { messageOf } from "#base";
import { dnsSubdomain } from "#objects";
import { BUILT_IN_KINDS, featureGates, servedApis } from "#registry";
import { StartError, type ClusterOptions } from "./options.ts";

/**
 * Whether the options say what can be, before anything is started.
 *
 * @throws StartError
 */
export function checkOptions(options: ClusterOptions): void {
  const { nodeName, nodeAddress, loadBalancerAddresses = [], runtimeConfig = {} } = options;
  try {
    servedApis(runtimeConfig, featureGates(options.featureGates), BUILT_IN_KINDS);
  } catch (error) {
    throw new StartError(messageOf(error), { cause: error });
  }
  if (nodeName !== undefined && dnsSubdomain(nodeName).length > 0) {
    throw new StartError(`node name ${JSON.stringify(nodeName)} is no domain name in lower case`);
  }
  if (nodeAddress !== undefined && isIP(nodeAddress) === 0) {
    throw new StartError(`node address ${JSON.stringify(nodeAddress)} is no IP address`);
  }
  const wrong = loadBalancerAddresses.find((address) => isIP(address) === 0);
  if (wrong !== undefined) throw new StartError(`load balancer address ${JSON.stringify(wrong)} is no IP address`);
}
