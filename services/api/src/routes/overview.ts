import { displayRef } from "@routeledger/config-model";
import type { StoredObject } from "@routeledger/snapshot-store";
import { formatRevision, type JsonObject, type JsonValue } from "@routeledger/std";
import type { FastifyInstance } from "fastify";
import { isGateway, publishedStatus } from "../object-answer.ts";
import { Programmed } from "../programmed.ts";
import type { ApiContext } from "./api-context.ts";
import { openAnswer } from "./switches.ts";

/** `GET /v1/head` and `GET /v1/status`. */
export function overviewRoutes(server: FastifyInstance, { read, store, door, driver }: ApiContext): void {
  server.get("/v1/head", async () => {
    await read.settled();
    const { revision, timeMs, oldest, publishedTo, translatorVersion } = await store.query("head", {});
    return {
      head: formatRevision(revision),
      time: new Date(timeMs).toISOString(),
      oldest: formatRevision(oldest),
      published: publishedText(revision, publishedTo),
      translatorVersion,
    };
  });

  server.get("/v1/status", async () => {
    await read.settledWithStatuses();
    const open = door.state.openSwitch;
    const { revision, publishedTo } = await store.query("head", {});
    const objects = await store.query("objectsAt", { sequence: revision.sequence });
    const nodeGroups = new Set(await store.query("nodeGroupsAt", { sequence: revision.sequence }));
    const gateways = objects.filter(
      (object) => isGateway(object) && nodeGroups.has(`${object.namespace}/${object.name}`),
    );
    const programmed = new Programmed(store);
    const answers = await Promise.all(gateways.map((gateway) => gatewayAnswer(gateway, programmed)));
    const problems: object[] = [];
    for (const object of objects) {
      const answered = answers.find(({ of }) => of === object);
      const isBlamed = answered === undefined && (await programmed.blamedFor(object)).length > 0;
      const joined =
        answered?.status ?? (isBlamed ? await programmed.status(object) : publishedStatus(object));
      problems.push(...problemsOf(object, joined));
    }
    return {
      head: formatRevision(revision),
      published: publishedText(revision, publishedTo),
      ...(open && { switch: openAnswer(open, driver.waitsFor(open)) }),
      gateways: answers.map(({ row }) => row),
      problems,
    };
  });

  async function gatewayAnswer(of: StoredObject, programmed: Programmed) {
    const delivery = await programmed.delivery(of);
    const status = (await programmed.status(of)) ?? {};
    const listeners = listOf(status.listeners);
    return {
      of,
      status,
      row: {
        namespace: of.namespace,
        name: of.name,
        programmed: String(
          conditionsOf(status).find(({ type }) => type === "Programmed")?.status ?? "Unknown",
        ),
        routes: listeners.reduce((sum, { attachedRoutes }) => sum + Number(attachedRoutes ?? 0), 0),
        proxies: delivery.proxies.length,
        acknowledged: delivery.proxies.filter(({ acknowledged }) => acknowledged).length,
      },
    };
  }
}

/** The last event that is published: the head, when the translator has covered it. */
function publishedText(head: { epoch: number; sequence: number }, publishedTo: number): string {
  return formatRevision({ ...head, sequence: Math.min(head.sequence, publishedTo) });
}

/** What a condition of this type says when all is well, if not True. */
const goodStatus: Readonly<Record<string, string>> = { Conflicted: "False", PartiallyInvalid: "False" };

/** Conditions that are not as they should be, of the object, its parents or ancestors, and its listeners. */
function problemsOf(object: StoredObject, status: JsonValue | undefined) {
  const { kind, namespace, name } = object;
  const whole = (status ?? {}) as JsonObject;
  const places: { where: string; conditions: JsonObject[] }[] = [
    { where: "", conditions: conditionsOf(whole) },
    ...listOf(whole.parents).map((parent) => ({
      where: parentText(parent.parentRef as JsonObject | undefined),
      conditions: conditionsOf(parent),
    })),
    ...listOf(whole.ancestors).map((ancestor) => ({
      where: parentText(ancestor.ancestorRef as JsonObject | undefined),
      conditions: conditionsOf(ancestor),
    })),
    ...listOf(whole.listeners).map((listener) => ({
      where: `listener ${String(listener.name)}`,
      conditions: conditionsOf(listener),
    })),
  ];
  return places.flatMap(({ where, conditions }) =>
    conditions
      .filter(({ type, status: value }) => value !== (goodStatus[String(type)] ?? "True"))
      .map(({ type, reason, message }) => ({
        ref: { kind, namespace, name },
        ...(where !== "" && { where }),
        condition: String(type),
        reason: String(reason ?? ""),
        message: String(message ?? ""),
      })),
  );
}

function parentText(ref: JsonObject | undefined): string {
  const kind = String(ref?.kind ?? "Gateway");
  return `parent ${displayRef({ group: "", kind, namespace: String(ref?.namespace ?? ""), name: String(ref?.name ?? "") })}`;
}

function conditionsOf(holder: JsonObject): JsonObject[] {
  return listOf(holder.conditions);
}

function listOf(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? (value as JsonObject[]) : [];
}
