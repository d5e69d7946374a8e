import type { ConfigObject, ConfigState, ExtensionPoint, GroupAnswers } from "@routeledger/config-model";
import { SortedMap } from "@routeledger/std";
import { invalidBackendCluster, type Part, type PartSet, partKeyText } from "@routeledger/xds-model";
import { sameItems } from "../memo-table.ts";
import type { EncodedHost } from "../routes/route-table.ts";
import {
  type ExtendedPart,
  type ExtendingGroup,
  extendCustomCluster,
  extendHost,
  extendPlainPart,
} from "./extend-part.ts";
import type { Closing, ExtendedGroup } from "./extended-group.ts";
import { policiesAt } from "./extension-policies.ts";
import type { ExtensionView } from "./extension-view.ts";
import type { ExtensionProblem, WantedCall } from "./hook-chain.ts";
import { runTranslation } from "./translation-hook.ts";

/** What a node group is translated to before extensions have their say. */
export interface PlainGroup {
  readonly nodeGroup: string;
  readonly gateway: ConfigObject;
  readonly parts: PartSet;
  /** Virtual hosts with routes that extensions have a say in, by `partKeyText`. */
  readonly governed: SortedMap<EncodedHost>;
  /** Of the clusters of extensions' own kinds of backends, by name, the backend. */
  readonly custom: SortedMap<ConfigObject>;
  /** Keys of virtual hosts that send clients to other listeners: no extension is asked about them. */
  readonly misdirected: ReadonlySet<string>;
}

const noAnswers: GroupAnswers = SortedMap.empty();

/** What extensions make of one node group, which follows the log: a change costs the parts that it touches. */
export class GroupExtensions {
  #plain: PlainGroup | undefined;
  #around: ExtendingGroup | undefined;
  readonly #extended = new Map<string, ExtendedPart>();
  readonly #partOfAnswer = new Map<string, string>();
  #parts: PartSet = SortedMap.empty();
  #result: ExtendedGroup | undefined;

  follow(state: ConfigState, extensions: readonly ExtensionView[], plain: PlainGroup): ExtendedGroup {
    const { nodeGroup, gateway } = plain;
    const answers = state.answers.get(nodeGroup) ?? noAnswers;
    const policies = policiesAt(state, gateway);
    const around = { nodeGroup, gateway, extensions, answers, policies };
    const touched = this.#touched(plain, around);
    const isSame = touched.size === 0 && this.#around?.answers === answers;
    this.#plain = plain;
    this.#around = around;
    if (isSame && this.#result !== undefined) return this.#result;
    this.#parts = this.#parts.with([...touched].map((key) => [key, this.#extend(key, plain, around)]));
    this.#result = this.#finish(around);
    return this.#result;
  }

  /** What is known of questions that nobody asks any more. */
  unasked(): ExtensionPoint[] {
    const around = this.#around;
    if (around === undefined) return [];
    const translating = new Set(
      around.extensions.filter(({ hooks }) => hooks.has("Translation")).map(({ name }) => name),
    );
    return [...around.answers]
      .filter(([key, { newest }]) =>
        newest.hook === "Translation" ? !translating.has(newest.extension) : !this.#partOfAnswer.has(key),
      )
      .map(([, { newest }]) => newest);
  }

  /** Keys of the parts that may be others now. */
  #touched(plain: PlainGroup, around: ExtendingGroup): ReadonlySet<string> {
    const before = this.#plain;
    const known = this.#around;
    const isAlike =
      before !== undefined &&
      known !== undefined &&
      known.extensions === around.extensions &&
      known.gateway === around.gateway &&
      sameItems(known.policies, around.policies);
    if (!isAlike) return new Set([...plain.parts.keys(), ...this.#parts.keys(), ...this.#extended.keys()]);
    const custom = plain.custom.changesSince(before.custom).map(({ key }) => clusterKey(key));
    const answered = around.answers.changesSince(known.answers);
    return new Set([
      ...plain.parts.changesSince(before.parts).map(({ key }) => key),
      ...plain.governed.changesSince(before.governed).map(({ key }) => key),
      ...custom,
      ...answered.flatMap(({ key }) => this.#partOfAnswer.get(key) ?? []),
    ]);
  }

  #extend(key: string, plain: PlainGroup, around: ExtendingGroup): Part | undefined {
    for (const answer of this.#extended.get(key)?.keys ?? []) this.#partOfAnswer.delete(answer);
    const part = plain.parts.get(key);
    const extended = part && extendPart(part, key, plain, around);
    if (extended === undefined) {
      this.#extended.delete(key);
      return part;
    }
    this.#extended.set(key, extended);
    for (const answer of extended.keys) this.#partOfAnswer.set(answer, key);
    return extended.part;
  }

  #finish(around: ExtendingGroup): ExtendedGroup {
    const extended = [...this.#extended];
    const calls: WantedCall[] = extended.flatMap(([, one]) => one.calls);
    const problems: ExtensionProblem[] = extended.flatMap(([, one]) => one.problems);
    const heldRoutes = new Map(
      extended.filter(([, one]) => one.heldRoutes.size > 0).map(([key, one]) => [key, one.heldRoutes]),
    );
    const closings = new Map<string, Closing>(
      extended.flatMap(([key, { closing }]) => (closing === undefined ? [] : [[key, closing]])),
    );
    let held: ReadonlySet<string> = new Set(
      extended.filter(([, { part }]) => part === undefined).map(([key]) => key),
    );
    let parts = this.#parts;
    for (const extension of around.extensions) {
      if (!extension.hooks.has("Translation")) continue;
      const waiting = new Set([...held, ...heldRoutes.keys()]);
      const translated = runTranslation(around, extension, parts, waiting);
      parts = translated.parts;
      held = new Set([...translated.held].filter((key) => !(heldRoutes.has(key) && parts.has(key))));
      calls.push(...translated.calls);
      problems.push(...translated.problems);
      for (const [key, closing] of translated.made) closings.set(key, closing);
    }
    if (held.size + heldRoutes.size === 0) problems.push(...brokenClaims(extended, parts));
    const isSettled = held.size + heldRoutes.size + closings.size === 0;
    return { parts, unsettled: isSettled ? undefined : { held, heldRoutes, closings }, calls, problems };
  }
}

/** What extensions made and that names what is not there: it answers an error (`settleGroup`). */
function brokenClaims(
  extended: readonly (readonly [string, ExtendedPart])[],
  parts: PartSet,
): ExtensionProblem[] {
  return extended.flatMap(([, { claims, problems }]) =>
    claims.flatMap(({ extension, point, owner, references }): ExtensionProblem[] => {
      const missing = references.find(
        ({ type, name }) =>
          name !== invalidBackendCluster &&
          !parts.has(partKeyText({ type, resource: name, virtualHost: "" })),
      );
      // Of what was kept, its own problem speaks.
      if (missing === undefined || problems.some((one) => one.point.name === point.name)) return [];
      const message = `the answer of extension ${extension.name} to ${point.hook} for ${point.name} names ${missing.type} ${missing.name}, which is not there`;
      const failure = { type: "failed", code: "INVALID_ANSWER", message } as const;
      return [{ extension, point, failure, served: "error", owner }];
    }),
  );
}

function extendPart(
  part: Part,
  key: string,
  { governed, custom, misdirected }: PlainGroup,
  around: ExtendingGroup,
): ExtendedPart | undefined {
  if (part.type === "route")
    return part.virtualHost === "" || misdirected.has(key)
      ? undefined
      : extendHost(around, part, governed.get(key));
  const backend = part.type === "cluster" ? custom.get(part.resource) : undefined;
  return backend === undefined ? extendPlainPart(around, part) : extendCustomCluster(around, part, backend);
}

function clusterKey(resource: string): string {
  return partKeyText({ type: "cluster", resource, virtualHost: "" });
}
