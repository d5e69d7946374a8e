import {
  answerKey,
  type ConfigObject,
  type ExtensionFailure,
  type ExtensionOutput,
  type KnownAnswer,
  kindKey,
} from "@routeledger/config-model";
import { topLevelFields } from "@routeledger/protos";
import { concatBytes, sha256Hex } from "@routeledger/std";
import {
  composeResource,
  type Part,
  type PartSet,
  partKeyText,
  type ResourceType,
  referencesOf,
} from "@routeledger/xds-model";
import { makePart, remadePart } from "../parts.ts";
import { errorCluster, errorHost, errorListener } from "./error-answers.ts";
import type { ExtendingGroup } from "./extend-part.ts";
import type { Closing } from "./extended-group.ts";
import type { ExtensionView } from "./extension-view.ts";
import { type ExtensionProblem, questionDigest, type WantedCall } from "./hook-chain.ts";
import type { TranslationQuestion } from "./hook-questions.ts";
import { examinedName, resourceKinds, resourceName } from "./resource-names.ts";

/** The lists of the hook that are asked about. Secrets are not: an extension would see keys. */
export const askedLists = ["clusters", "listeners", "routes"] as const;
export type AskedList = (typeof askedLists)[number];

const listTypes: Readonly<Record<AskedList, ResourceType>> = {
  clusters: "cluster",
  listeners: "listener",
  routes: "route",
};

/** What a translation hook leaves of the resources of a node group. */
export interface TranslatedGroup {
  readonly parts: PartSet;
  /** Keys of parts that keep what proxies have. */
  readonly held: ReadonlySet<string>;
  /** By key of the parts that it made, what stands for them where they name what is not there. */
  readonly made: ReadonlyMap<string, Closing>;
  readonly calls: readonly WantedCall[];
  readonly problems: readonly ExtensionProblem[];
}

interface InputResource {
  readonly list: AskedList;
  readonly name: string;
  readonly bytes: Uint8Array;
  /** SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
  readonly parts: readonly Part[];
}

/**
 * What one extension makes of all resources of a node group. A resource that is as it was when it was last answered
 * takes its last output, whatever becomes of the question now; what changed since waits for the answer or, without one,
 * falls to the failure mode.
 * @param held keys of parts that wait already: then the question is not known yet
 */
export function runTranslation(
  group: ExtendingGroup,
  extension: ExtensionView,
  parts: PartSet,
  held: ReadonlySet<string>,
): TranslatedGroup {
  return new TranslationRun(group, extension, parts, held).run();
}

type Stand =
  | { readonly type: "output"; readonly output: ExtensionOutput }
  | { readonly type: "closed" }
  | { readonly type: "held" }
  | { readonly type: "asItIs" };

const asItIs: Stand = { type: "asItIs" };

class TranslationRun {
  readonly #group: ExtendingGroup;
  readonly #extension: ExtensionView;
  readonly #input: PartSet;
  readonly #waits: boolean;
  readonly #held: Set<string>;
  readonly #made = new Map<string, Closing>();
  readonly #edits = new Map<string, Part | undefined>();
  readonly #removed: InputResource[] = [];

  constructor(group: ExtendingGroup, extension: ExtensionView, input: PartSet, held: ReadonlySet<string>) {
    this.#group = group;
    this.#extension = extension;
    this.#input = input;
    this.#waits = held.size > 0;
    this.#held = new Set(held);
  }

  run(): TranslatedGroup {
    const resources = this.#resources();
    const asked = this.#waits ? undefined : this.#question(resources);
    const whole = this.#known("");
    const isSettled = asked !== undefined && whole?.newest.inputDigest === asked.inputDigest;
    const failure = isSettled && whole.newest.outcome.type === "failed" ? whole.newest.outcome : undefined;
    for (const resource of resources) this.#place(resource, this.#standOf(resource, { isSettled, failure }));
    this.#add(new Set(resources.map(idOf)));
    this.#remove();
    return {
      parts: this.#input.with(this.#edits),
      held: this.#held,
      made: this.#made,
      calls:
        asked === undefined || (isSettled && failure === undefined) ? [] : [{ ...asked, isRetry: isSettled }],
      problems: failure === undefined ? [] : [this.#problem(failure)],
    };
  }

  #known(name: string): KnownAnswer | undefined {
    return this.#group.answers.get(answerKey({ extension: this.#extension.name, hook: "Translation", name }));
  }

  #question(resources: readonly InputResource[]): Omit<WantedCall, "isRetry"> {
    const { policyResources, translation, name: extension } = this.#extension;
    const lists = Object.fromEntries(
      askedLists
        .filter((list) => translation[list])
        .map((list) => [list, resources.filter((one) => one.list === list).map(({ bytes }) => bytes)]),
    );
    const question: TranslationQuestion = {
      hook: "Translation",
      extensionResources: this.#group.policies
        .map(({ object }) => object)
        .filter(({ group, kind }) => policyResources.has(kindKey(group, kind)))
        .map(({ json }) => json),
      resources: lists,
    };
    const { nodeGroup } = this.#group;
    return {
      nodeGroup,
      extension,
      hook: "Translation",
      name: "",
      inputDigest: questionDigest(question),
      question,
    };
  }

  #resources(): InputResource[] {
    const byResource = Map.groupBy(this.#input.values(), ({ type, resource }) => `${type}\n${resource}`);
    return [...byResource.values()].flatMap((parts) => {
      const [first] = parts as [Part];
      const list = askedLists.find((one) => listTypes[one] === first.type);
      if (list === undefined || !this.#extension.translation[list]) return [];
      const { bytes, digest } = composeResource(parts, { epoch: 0, sequence: 0 });
      return [{ list, name: first.resource, bytes, digest, parts }];
    });
  }

  #standOf(
    resource: InputResource,
    { isSettled, failure }: { readonly isSettled: boolean; readonly failure: ExtensionFailure | undefined },
  ): Stand {
    const known = this.#known(idOf(resource));
    const good = known?.good && usableOutput(resource.list, known.good) ? known.good : undefined;
    const last: Stand | undefined = good && { type: "output", output: good };
    if (known?.newest.inputDigest === resource.digest && last !== undefined) return last;
    if (isSettled && failure === undefined) return asItIs;
    if (failure === undefined) return last ?? { type: "held" };
    const { failureMode } = this.#extension;
    if (failureMode === "keepLast" && last !== undefined) return last;
    return failureMode === "failOpen" ? asItIs : { type: "closed" };
  }

  #place(resource: InputResource, stand: Stand): void {
    if (stand.type === "asItIs") return;
    if (stand.type === "held") {
      for (const part of resource.parts) {
        this.#held.add(partKeyText(part));
        this.#edits.set(partKeyText(part), undefined);
      }
      return;
    }
    if (stand.type === "closed") {
      this.#replace(resource, errorResource(resource));
      return;
    }
    const { output } = stand;
    if (output.type === "removed") this.#removed.push(resource);
    else if ("bytes" in output && sha256Hex(output.bytes) !== resource.digest)
      this.#replace(resource, splitResource(resource, output.bytes, this.#extension.object));
  }

  #replace(resource: InputResource, made: readonly Part[]): void {
    for (const part of resource.parts) this.#edits.set(partKeyText(part), undefined);
    const errors = new Map(errorResource(resource).map((part) => [partKeyText(part), part]));
    for (const part of made) {
      const key = partKeyText(part);
      this.#edits.set(key, part);
      this.#made.set(key, () => errors.get(key));
    }
  }

  /** What the extension added, as long as it has not said otherwise. */
  #add(known: ReadonlySet<string>): void {
    const prefix = answerKey({ extension: this.#extension.name, hook: "Translation", name: "" });
    for (const [key, { good, newest }] of this.#group.answers) {
      if (!key.startsWith(prefix) || newest.inputDigest !== "" || known.has(newest.name)) continue;
      const list = askedLists.find((one) => newest.name.startsWith(`${one}/`));
      if (list === undefined || !this.#extension.translation[list]) continue;
      if (good === undefined || !("bytes" in good) || !usableOutput(list, good)) continue;
      const name = newest.name.slice(list.length + 1);
      const owners = [this.#group.gateway, this.#extension.object];
      this.#replace(
        { list, name, bytes: good.bytes, digest: "", parts: [] },
        addedParts(list, good.bytes, owners),
      );
    }
  }

  /** Takes out what was removed, unless something names it still: then it would be missed. */
  #remove(): void {
    if (this.#removed.length === 0) return;
    const named = new Set(
      [...this.#input.with(this.#edits).values()].flatMap((part) =>
        referencesOf(part).map(({ type, name }) => `${type}\n${name}`),
      ),
    );
    for (const { list, name, parts } of this.#removed) {
      if (named.has(`${listTypes[list]}\n${name}`)) continue;
      for (const part of parts) this.#edits.set(partKeyText(part), undefined);
    }
  }

  #problem(failure: ExtensionFailure): ExtensionProblem {
    const { nodeGroup, gateway: owner } = this.#group;
    const point = { nodeGroup, extension: this.#extension.name, hook: "Translation", name: "" };
    const served = { keepLast: "lastAnswer", failClosed: "error", failOpen: "asItIs" } as const;
    return {
      extension: this.#extension,
      point,
      failure,
      served: served[this.#extension.failureMode],
      owner,
    };
  }
}

function idOf({ list, name }: InputResource): string {
  return `${list}/${name}`;
}

const judged = new WeakMap<Uint8Array, boolean>();

/** Whether an output can be read: logs are not trusted to hold what this version would have let in. */
function usableOutput(list: AskedList, output: ExtensionOutput): boolean {
  if (!("bytes" in output)) return output.type === "removed";
  let usable = judged.get(output.bytes);
  if (usable === undefined) {
    usable = !("illFormed" in examinedName(resourceKinds[list], output.bytes));
    judged.set(output.bytes, usable);
  }
  return usable;
}

function errorResource({ list, name, parts }: InputResource): Part[] {
  switch (list) {
    case "clusters":
      return parts.map((part) => remadePart(part, errorCluster(name), []));
    case "listeners":
      return parts.map((part) => remadePart(part, errorListener(part.bytes), []));
    case "routes":
      return parts.map((part) =>
        part.virtualHost === "" ? part : remadePart(part, errorHost(part.bytes), []),
      );
  }
}

/** A resource of the question as its extension made it: what it left alone keeps its owners. */
function splitResource({ list, parts }: InputResource, bytes: Uint8Array, extension: ConfigObject): Part[] {
  const before = new Map(parts.map((part) => [partKeyText(part), part]));
  const [first] = parts as [Part];
  return addedParts(list, bytes, []).map((part) => {
    const known = before.get(partKeyText(part));
    return known?.digest === part.digest ? known : remadePart(known ?? first, part.bytes, [extension], part);
  });
}

/** `RouteConfiguration.virtual_hosts` */
const virtualHostsField = 2;

/** The parts of an encoded resource. */
function addedParts(list: AskedList, bytes: Uint8Array, owners: readonly ConfigObject[]): Part[] {
  const resource = resourceName(resourceKinds[list], bytes);
  const type = listTypes[list];
  if (list !== "routes") return [makePart({ type, resource }, bytes, owners)];
  const fields = topLevelFields(bytes);
  if ("illFormed" in fields) return [];
  const isHost = ({ number }: { readonly number: number }) => number === virtualHostsField;
  const shell = concatBytes(fields.filter((field) => !isHost(field)).map((field) => field.bytes));
  const hosts = fields.filter(isHost).flatMap(({ value }) => value ?? []);
  return [
    makePart({ type, resource }, shell, owners),
    ...hosts.map((host) =>
      makePart({ type, resource, virtualHost: resourceName(resourceKinds.VirtualHost, host) }, host, owners),
    ),
  ];
}

/** Whether parts say the same as the resource that they were cut from: hosts have names, each its own. */
export function isSplittable(list: AskedList, bytes: Uint8Array): boolean {
  const parts = addedParts(list, bytes, []);
  return new Set(parts.map(partKeyText)).size === parts.length;
}
