import {
  answerKey,
  type ExtensionFailure,
  type ExtensionOutput,
  type KnownAnswer,
  kindKey,
} from "@routeledger/config-model";
import { revision, sha256Hex } from "@routeledger/std";
import { composeResource, type Part, type PartSet, partKeyText, referencesOf } from "@routeledger/xds-model";
import { makePart, remadePart } from "../parts.ts";
import { errorCluster, errorHost, errorListener } from "./error-answers.ts";
import type { ExtendingGroup } from "./extend-part.ts";
import type { Closing } from "./extended-group.ts";
import type { ExtensionView } from "./extension-view.ts";
import { type ExtensionProblem, questionDigest, type WantedCall } from "./hook-chain.ts";
import type { TranslationQuestion } from "./hook-questions.ts";
import { examinedName } from "./resource-names.ts";
import {
  type AnsweredPart,
  type AskedList,
  answeredName,
  answeredPart,
  askedLists,
  kindOfPart,
  listOfPart,
  listTypes,
} from "./translation-parts.ts";

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

interface InputPart extends AnsweredPart {
  readonly part: Part;
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
  readonly #removed: InputPart[] = [];

  constructor(group: ExtendingGroup, extension: ExtensionView, input: PartSet, held: ReadonlySet<string>) {
    this.#group = group;
    this.#extension = extension;
    this.#input = input;
    this.#waits = held.size > 0;
    this.#held = new Set(held);
  }

  run(): TranslatedGroup {
    const inputs = this.#inputs();
    const asked = this.#waits ? undefined : this.#question();
    const whole = this.#known("");
    const isSettled = asked !== undefined && whole?.newest.inputDigest === asked.inputDigest;
    const failure = isSettled && whole.newest.outcome.type === "failed" ? whole.newest.outcome : undefined;
    for (const input of inputs) this.#place(input, this.#standOf(input, { isSettled, failure }));
    this.#add(new Set(inputs.map(answeredName)));
    this.#remove();
    return {
      parts: withoutOrphans(this.#input.with(this.#edits), this.#edits),
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

  #question(): Omit<WantedCall, "isRetry"> {
    const { policyResources, translation, name: extension } = this.#extension;
    const asked = [...this.#input.values()].filter((part) => this.#isAsked(listOfPart(part)));
    const byResource = [...Map.groupBy(asked, ({ type, resource }) => `${type}\n${resource}`).values()];
    const lists = Object.fromEntries(
      askedLists
        .filter((list) => translation[list])
        .map((list) => [
          list,
          byResource
            .filter(([first]) => first?.type === listTypes[list])
            .map((parts) => composeResource(parts, revision(0, 0)).bytes),
        ]),
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

  #isAsked(list: AskedList | undefined): list is AskedList {
    return list !== undefined && this.#extension.translation[list];
  }

  #inputs(): InputPart[] {
    return [...this.#input.values()].flatMap((part) => {
      const list = listOfPart(part);
      const { resource, virtualHost } = part;
      return this.#isAsked(list) ? [{ list, resource, virtualHost, part }] : [];
    });
  }

  #standOf(
    input: InputPart,
    { isSettled, failure }: { readonly isSettled: boolean; readonly failure: ExtensionFailure | undefined },
  ): Stand {
    const known = this.#known(answeredName(input));
    const good = known?.good && usableOutput(input, known.good) ? known.good : undefined;
    const last: Stand | undefined = good && { type: "output", output: good };
    if (known?.newest.inputDigest === input.part.digest && last !== undefined) return last;
    if (isSettled && failure === undefined) return asItIs;
    if (failure === undefined) return last ?? { type: "held" };
    const { failureMode } = this.#extension;
    if (failureMode === "keepLast" && last !== undefined) return last;
    return failureMode === "failOpen" ? asItIs : { type: "closed" };
  }

  #place(input: InputPart, stand: Stand): void {
    const { part } = input;
    const key = partKeyText(part);
    if (stand.type === "held") {
      this.#held.add(key);
      this.#edits.set(key, undefined);
    } else if (stand.type === "closed") this.#make(key, errorPart(input), errorPart(input));
    else if (stand.type === "output") {
      const { output } = stand;
      if (output.type === "removed") this.#removed.push(input);
      else if ("bytes" in output && sha256Hex(output.bytes) !== part.digest)
        this.#make(key, remadePart(part, output.bytes, [this.#extension.object]), errorPart(input));
    }
  }

  /** @param error what stands for it where it names what is not there; undefined: nothing */
  #make(key: string, part: Part, error: Part | undefined): void {
    this.#edits.set(key, part);
    this.#made.set(key, () => error);
  }

  /** What the extension added, as long as it has not said otherwise. */
  #add(inputs: ReadonlySet<string>): void {
    const prefix = answerKey({ extension: this.#extension.name, hook: "Translation", name: "" });
    for (const [key, { good, newest }] of this.#group.answers) {
      if (!key.startsWith(prefix) || newest.inputDigest !== "" || inputs.has(newest.name)) continue;
      const added = answeredPart(newest.name);
      if (added === undefined || !this.#isAsked(added.list)) continue;
      if (good === undefined || !("bytes" in good) || !usableOutput(added, good)) continue;
      const owners = [this.#group.gateway, this.#extension.object];
      const part = makePart({ ...added, type: listTypes[added.list] }, good.bytes, owners);
      this.#make(partKeyText(part), part, undefined);
    }
  }

  /**
   * Takes out what was removed, unless something names it still: then it would be missed. A table that stays keeps its
   * virtual hosts.
   */
  #remove(): void {
    if (this.#removed.length === 0) return;
    const named = new Set(
      [...this.#input.with(this.#edits).values()].flatMap((part) =>
        referencesOf(part).map(({ type, name }) => `${type}\n${name}`),
      ),
    );
    const whole = new Set(
      this.#removed.filter(({ virtualHost }) => virtualHost === "").map(({ part }) => nameOf(part)),
    );
    for (const { part } of this.#removed)
      if (!whole.has(nameOf(part)) || !named.has(nameOf(part))) this.#edits.set(partKeyText(part), undefined);
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

function nameOf({ type, resource }: Part): string {
  return `${type}\n${resource}`;
}

/** Without virtual hosts whose table is not there. */
function withoutOrphans(parts: PartSet, edits: ReadonlyMap<string, Part | undefined>): PartSet {
  const shells = new Set([...edits].flatMap(([key, part]) => (part === undefined ? [key] : [])));
  const orphans = [...parts].filter(([, part]) => {
    if (part.virtualHost === "") return false;
    const shell = partKeyText({ ...part, virtualHost: "" });
    return (shells.has(shell) || edits.has(partKeyText(part))) && !parts.has(shell);
  });
  return parts.with(orphans.map(([key]) => [key, undefined]));
}

const judged = new WeakMap<Uint8Array, boolean>();

/** Whether an output can be read: logs are not trusted to hold what this version would have let in. */
function usableOutput(of: AnsweredPart, output: ExtensionOutput): boolean {
  if (!("bytes" in output)) return output.type === "removed";
  let usable = judged.get(output.bytes);
  if (usable === undefined) {
    usable = !("illFormed" in examinedName(kindOfPart(of), output.bytes));
    judged.set(output.bytes, usable);
  }
  return usable;
}

/** What stands for a part where the extension fails closed. */
function errorPart({ list, resource, virtualHost, part }: InputPart): Part {
  switch (list) {
    case "clusters":
      return remadePart(part, errorCluster(resource), []);
    case "listeners":
      return remadePart(part, errorListener(part.bytes), []);
    case "routes":
      return virtualHost === "" ? part : remadePart(part, errorHost(part.bytes), []);
  }
}
