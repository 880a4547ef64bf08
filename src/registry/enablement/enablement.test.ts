import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BUILT_IN_KINDS } from "../kinds/index.ts";
import { featureGates, GATED_RESOURCES, parseFeatureGates } from "./feature-gates.ts";
import { GATES, type Gate } from "./gates.ts";
import { parseRuntimeConfig, servedApis } from "./runtime-config.ts";

/** Everything that is served, as `group/version/resource`. */
function served(runtimeConfig: string, gates = "AllAlpha=true,AllBeta=true"): string[] {
  const serves = servedApis(parseRuntimeConfig(runtimeConfig), featureGates(parseFeatureGates(gates)), BUILT_IN_KINDS);
  return BUILT_IN_KINDS.flatMap(({ group, resource, versions }) =>
    versions
      .filter((version) => serves(version.group ?? group, version.version, resource))
      .map((version) => `${version.group ?? group}/${version.version}/${resource}`),
  );
}

const refused = (read: () => unknown, message: string) => assert.throws(read, { message });

describe("the APIs that are served", () => {
  it("are by default those that are generally available, whatever the gates", () => {
    for (const path of [...served(""), ...served("", "")]) assert.match(path, /^[^/]*\/v\d+\/[a-z]+$/);
    assert.ok(served("").includes("/v1/pods"));
    assert.deepEqual(served(""), served("", ""));
  });

  it("are all with api/all and every gate, and without the gates not what hangs on one", () => {
    const all = served("api/all=true");
    assert.equal(
      all.length,
      BUILT_IN_KINDS.reduce((sum, { versions }) => sum + versions.length, 0),
    );
    const gated = all.filter((path) => {
      const [group, , resource] = path.split("/");
      return Object.hasOwn(GATED_RESOURCES, `${group}/${resource}`);
    });
    assert.equal(new Set(gated.map((path) => path.split("/")[2])).size, 9);
    assert.deepEqual(
      served("api/all=true", ""),
      all.filter((path) => !gated.includes(path)),
    );
    assert.deepEqual(
      served("api/all=true", "ClusterTrustBundle=true").filter((path) => gated.includes(path)),
      ["certificates.k8s.io/v1beta1/clustertrustbundles", "certificates.k8s.io/v1alpha1/clustertrustbundles"],
    );
  });

  it("are chosen by level, then by version, then by resource", () => {
    assert.ok(served("api/beta=true").includes("networking.k8s.io/v1beta1/ipaddresses"));
    assert.ok(!served("api/beta=true").includes("resource.k8s.io/v1alpha3/devicetaintrules"));
    assert.deepEqual(
      served("resource.k8s.io/v1beta1,resource.k8s.io/v1beta1/resourceslices=false").filter((path) =>
        path.includes("v1beta1"),
      ),
      ["deviceclasses", "resourceclaims", "resourceclaimtemplates"].map((name) => `resource.k8s.io/v1beta1/${name}`),
    );
    assert.deepEqual(served("api/all=false,/v1/pods=true"), ["/v1/pods"]);
    assert.deepEqual(served("api/all=true,api/ga=false,api/alpha=false,api/beta=false,/v1/pods=1"), ["/v1/pods"]);
  });

  it("are refused in upstream's words where there are none such", () => {
    const of = (text: string) => () => served(text);
    refused(of("api/all=false"), "invalid runtime-config with only api/all=false");
    refused(of("api/all=1"), "invalid value api/all=1");
    refused(of("v1=true"), "runtime-config invalid key v1");
    refused(of("a.b/c/d/e=true"), "runtime-config invalid key a.b/c/d/e");
    refused(of("zoo/v1=true,bar/v2=false,bar/v1"), "unknown api groups bar/v1,bar/v2,zoo/v1");
    refused(of("apps/v9=true"), "group version apps/v9 that has not been registered");
    refused(
      of("apps/v1=maybe"),
      'invalid value of apps/v1: maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax',
    );
    refused(
      of("apps/v1/Deployments=true"),
      'invalid key apps/v1/Deployments: group/version/resource and resource is always lowercase plural, not "Deployments"',
    );
  });
});

describe("feature gates", () => {
  const of = (text: string) => featureGates(parseFeatureGates(text));

  it("are upstream's defaults, changed by stage and by name", () => {
    assert.equal(of("").enabled("GenericWorkload"), false);
    assert.equal(of("").enabled("PodLevelResources"), true);
    assert.equal(of("GenericWorkload=true").enabled("GenericWorkload"), true);
    assert.equal(of("kube:GenericWorkload=true").enabled("GenericWorkload"), true);
    assert.equal(of("AllAlpha=true").enabled("GenericWorkload"), true);
    assert.equal(of("AllAlpha=true").enabled("ClusterTrustBundle"), false);
    assert.equal(
      of("AllBeta=t , ClusterTrustBundle = F,ClusterTrustBundleProjection=0").enabled("ClusterTrustBundle"),
      false,
    );
    assert.equal(of("AllBeta=false").enabled("MutatingAdmissionPolicy"), true);
  });

  it("are refused in upstream's words where there are none such", () => {
    refused(() => featureGates({ Nope: true }), "unrecognized feature gate: Nope");
    refused(() => featureGates({ constructor: true }), "unrecognized feature gate: constructor");
    refused(() => parseFeatureGates("GenericWorkload"), "missing bool value for GenericWorkload");
    refused(
      () => parseFeatureGates("GenericWorkload=x"),
      'invalid value of GenericWorkload=x, err: strconv.ParseBool: parsing "x": invalid syntax',
    );
    refused(() => parseFeatureGates("wardle:GenericWorkload=true"), "component not registered: wardle");
    refused(
      () => parseFeatureGates("kube:GenericWorkload=true,GangScheduling=true"),
      "set kube feature gates with default empty prefix or kube: prefix consistently, do not mix use",
    );
  });

  it("that are locked take no other value than their default", () => {
    assert.equal(of("SidecarContainers=true").enabled("SidecarContainers"), true);
    refused(
      () => of("SidecarContainers=false"),
      "cannot set feature gate SidecarContainers to false, feature is locked to true",
    );
    refused(
      () => of("SidecarContainers=false,GitRepoVolumeDriver=true"),
      "[cannot set feature gate SidecarContainers to false, feature is locked to true, " +
        "cannot set feature gate GitRepoVolumeDriver to true, feature is locked to false]",
    );
  });

  it("that need others are refused without them", () => {
    refused(
      () => of("GangScheduling=true"),
      "GangScheduling is enabled, but depends on features that are disabled: [GenericWorkload]",
    );
    refused(
      () => of("AllAlpha=true,DRAExtendedResource=true,PodLevelResources=false,NodeDeclaredFeatures=false"),
      "[ExtendWebSocketsToKubelet is enabled, but depends on features that are disabled: [NodeDeclaredFeatures], " +
        "InPlacePodLevelResourcesVerticalScaling is enabled, but depends on features that are disabled: " +
        "[NodeDeclaredFeatures PodLevelResources], " +
        "InPlacePodVerticalScalingInitContainers is enabled, but depends on features that are disabled: [NodeDeclaredFeatures], " +
        "PodLevelResourceManagers is enabled, but depends on features that are disabled: [PodLevelResources], " +
        "RestartAllContainersOnContainerExits is enabled, but depends on features that are disabled: [NodeDeclaredFeatures], " +
        "UserNamespacesHostNetworkSupport is enabled, but depends on features that are disabled: [NodeDeclaredFeatures]]",
    );
    for (const all of ["AllAlpha=true", "AllBeta=true", "AllAlpha=true,AllBeta=true", "AllBeta=false"]) of(all);
  });

  it("that will go, and that change nothing here, are said", () => {
    assert.deepEqual(of("").warnings, []);
    assert.deepEqual(
      of("GenericWorkload=true,PodLevelResources=false,InPlacePodLevelResourcesVerticalScaling=false").warnings,
      [],
    );
    assert.deepEqual(of("MutatingAdmissionPolicy=true,KMSv1=true,HPAScaleToZero=true,MemoryQoS=true").warnings, [
      "Setting GA feature gate MutatingAdmissionPolicy=true. It will be removed in a future release.",
      "Setting deprecated feature gate KMSv1=true. It will be removed in a future release.",
      "Knarr does not act on these feature gates: HPAScaleToZero=true, KMSv1=true, MemoryQoS=true",
    ]);
    const [all] = of("AllAlpha=true").warnings;
    assert.match(all!, /^Knarr does not act on these feature gates: .*\bMemoryQoS=true, /);
    assert.doesNotMatch(all!, /GenericWorkload|ContainerStopSignals/);
  });

  it("are all told, with stage and state", () => {
    const all = of("AllAlpha=true,MemoryQoS=false").all();
    const told = (name: string) => all.find((gate) => gate.name === name);
    assert.equal(all.length, 242);
    assert.deepEqual(told("AllAlpha"), { name: "AllAlpha", stage: "alpha", enabled: true });
    assert.deepEqual(told("AllBeta"), { name: "AllBeta", stage: "beta", enabled: false });
    assert.deepEqual(told("MemoryQoS"), { name: "MemoryQoS", stage: "alpha", enabled: false });
    assert.deepEqual(told("HPAScaleToZero"), { name: "HPAScaleToZero", stage: "alpha", enabled: true });
    assert.deepEqual(told("SidecarContainers"), { name: "SidecarContainers", stage: "ga", enabled: true });
  });

  it("need only gates that there are, none of a lower stage", () => {
    const order = ["deprecated", "alpha", "beta", "ga"];
    for (const [name, { stage, needs }] of Object.entries<Gate>(GATES)) {
      for (const needed of needs) {
        const other = (GATES as Readonly<Record<string, Gate>>)[needed];
        assert.ok(other && order.indexOf(other.stage) >= order.indexOf(stage), `${name} needs ${needed}`);
      }
    }
  });
});
