import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { draftOf, StatusError, type AnyDraft } from "#objects";
import { createRegistryWorld, USER } from "../../testing/world.ts";
import { events } from "./event.ts";
import { locally } from "../testing/kind.ts";
import { cells, created, wrong } from "../testing/try-kind.ts";

const SEEN_AGO = { firstTimestamp: "2026-01-01T11:50:00Z", lastTimestamp: "2026-01-01T11:59:30Z" };

describe("Event", () => {
  const POD = { kind: "Pod", namespace: "default", name: "web", fieldPath: "spec.containers{web}" };

  test("must be in the namespace of the object that it is about", () => {
    assert.deepEqual(wrong(events, { involvedObject: { ...POD, namespace: "other" } }), [
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    ]);
    assert.deepEqual(wrong(events, { involvedObject: { kind: "Node", name: "n" } }), []);
  });

  test("with an eventTime must name its reporter and action", () => {
    assert.deepEqual(wrong(events, { involvedObject: POD, eventTime: "2026-01-01T00:00:00.000000Z", reason: "R" }), [
      "reportingComponent: Required value",
      'reportingComponent: Invalid value: "": name part must be non-empty',
      "reportingComponent: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      "reportingInstance: Required value",
      "action: Required value",
    ]);
  });

  test("is the same object in both groups", () => {
    const version = events.versions.find(({ group }) => group === "events.k8s.io");
    const core = { involvedObject: POD, message: "m", count: 2, source: { component: "c" }, reportingComponent: "r" };
    const converted = locally(version).fromStorage({ apiVersion: "v1", kind: "Event", metadata: {}, ...core });
    assert.deepEqual(converted, {
      apiVersion: "v1",
      kind: "Event",
      metadata: {},
      regarding: POD,
      note: "m",
      deprecatedCount: 2,
      deprecatedSource: { component: "c" },
      reportingController: "r",
    });
    assert.deepEqual(locally(version).toStorage(converted), { apiVersion: "v1", kind: "Event", metadata: {}, ...core });
  });

  describe("written through events.k8s.io", () => {
    const version = events.versions.find(({ group }) => group === "events.k8s.io")!;
    const good = {
      involvedObject: POD,
      eventTime: "2026-01-01T00:00:00.000000Z",
      reason: "R",
      action: "A",
      type: "Normal",
      reportingComponent: "example.com/c",
      reportingInstance: "c-1",
    };
    const key = { namespace: "default", name: "e" };
    const draft = (fields: object) =>
      ({ apiVersion: "v1", kind: "Event", metadata: { ...key }, ...fields }) as unknown as AnyDraft;
    const refusal = async (promise: Promise<unknown>) => {
      const error: unknown = await promise.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (!(error instanceof StatusError)) return [];
      return (error.status.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
    };

    test("a new one has the new fields, none of the old ones, and a series of two at least", async () => {
      await using world = await createRegistryWorld({ definitions: [events] });
      const resource = world.registry.resource("", "events")!;
      const old = {
        involvedObject: POD,
        type: "Odd",
        series: { count: 1 },
        count: 3,
        source: { component: "c" },
        ...SEEN_AGO,
      };
      assert.deepEqual(await refusal(resource.create(draft(old), { ...USER, version })), [
        'series.count: Invalid value: "": should be at least 2',
        "series.lastObservedTime: Required value",
        "eventTime: Required value",
        'type: Invalid value: "": has invalid value: Odd',
        'firstTimestamp: Invalid value: "": needs to be unset',
        'lastTimestamp: Invalid value: "": needs to be unset',
        'count: Invalid value: "": needs to be unset',
        'source: Invalid value: "": needs to be unset',
      ]);
      assert.deepEqual(
        await refusal(resource.create(draft({ ...good, reportingComponent: "" }), { ...USER, version })),
        [
          "reportingController: Required value",
          'reportingController: Invalid value: "": name part must be non-empty',
          "reportingController: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ],
      );
      assert.deepEqual(await refusal(resource.create(draft(old), USER)), []);
    });

    test("only the series of an existing one may change", async () => {
      await using world = await createRegistryWorld({ definitions: [events] });
      const resource = world.registry.resource("", "events")!;
      await resource.create(draft(good), { ...USER, version });
      const change = (fields: object, options: object) =>
        refusal(
          resource.update(key, (current) => ({ ...draftOf(current!), ...fields }) as unknown as AnyDraft, {
            ...USER,
            ...options,
          }),
        );
      const other = { reason: "S", message: "m", involvedObject: { kind: "Pod", namespace: "default" } };
      assert.deepEqual(await change(other, { version }), [
        'involvedObject: Invalid value: {"Kind":"Pod","Namespace":"default","Name":"","UID":"","APIVersion":"","ResourceVersion":"","FieldPath":""}: field is immutable',
        'reason: Invalid value: "S": field is immutable',
        'message: Invalid value: "m": field is immutable',
        'reason: Invalid value: "S": field is immutable',
      ]);
      const series = { count: 2, lastObservedTime: "2026-01-01T00:00:01.000000Z" };
      assert.deepEqual(await change({ series }, { version }), []);
      assert.deepEqual(await change(other, {}), []);
    });
  });

  test("shows when it was seen last, its object, source and count as columns", () => {
    const event = { involvedObject: POD, type: "Normal", reason: "Pulled", message: " done\n", ...SEEN_AGO, count: 3 };
    assert.deepEqual(cells(events, { ...event, source: { component: "kubelet", host: "n1" } }), {
      "Last Seen": "30s",
      Type: "Normal",
      Reason: "Pulled",
      Object: "pod/web",
      Subobject: "spec.containers{web}",
      Source: "kubelet, n1",
      Message: "done",
      "First Seen": "10m",
      Count: 3,
      Name: "test",
    });
    const fresh = { involvedObject: { kind: "Node" }, eventTime: "2026-01-01T11:59:00.000000Z" };
    const shown = cells(events, fresh);
    assert.deepEqual([shown["Last Seen"], shown["Object"], shown["Count"]], ["60s", "node", 1]);
  });

  test("can be selected by the names of both groups", () => {
    const event = created(events, { involvedObject: POD, source: { component: "kubelet" } });
    const value = (field: string) => events.selectableFields?.[field]?.(event);
    assert.equal(value("involvedObject.name"), "web");
    assert.equal(value("regarding.name"), "web");
    assert.equal(value("source"), "kubelet");
    assert.equal(value("type"), "");
  });
});
