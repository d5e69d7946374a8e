import { type ConfigObject, type ConfigState, kindKey } from "@routeledger/config-model";
import { inOrder } from "@routeledger/std";
import { specOf } from "../kinds.ts";
import { integerOf, listOf, objectOf, objectsOf, textOf } from "../untrusted.ts";
import type { Hook } from "./hook-questions.ts";

export const extensionGroup = "routeledger.dev";

/** `kindKey` of the objects that say which extension servers there are. */
export const extensionKind: string = kindKey(extensionGroup, "Extension");

/** What stands for what an extension should have answered, when it does not. */
export type FailureMode = "keepLast" | "failClosed" | "failOpen";

/** An Extension object, as far as what is asked and served depends on it. */
export interface ExtensionView {
  readonly object: ConfigObject;
  readonly name: string;
  /** Those of `hooks.xdsTranslator.post`. */
  readonly hooks: ReadonlySet<Hook>;
  /** `kindKey`s that `extensionRef` filters may name. */
  readonly resources: ReadonlySet<string>;
  /** `kindKey`s of policies with `targetRefs`. */
  readonly policyResources: ReadonlySet<string>;
  /** `kindKey`s that backendRefs may name. */
  readonly backendResources: ReadonlySet<string>;
  readonly failureMode: FailureMode;
  /** Which lists the translation hook is asked about. */
  readonly translation: { readonly clusters: boolean; readonly listeners: boolean; readonly routes: boolean };
}

const hooks: readonly Hook[] = [
  "Route",
  "VirtualHost",
  "HTTPListener",
  "Cluster",
  "Endpoints",
  "Translation",
];
const modes: readonly FailureMode[] = ["keepLast", "failClosed", "failOpen"];

const none: readonly ExtensionView[] = [];
const known = new WeakMap<object, readonly ExtensionView[]>();

/** All extensions of a state in the order of their chain: by `spec.order`, then by name. The same objects give the same list. */
export function extensionViews(state: ConfigState): readonly ExtensionView[] {
  const objects = state.objects.get(extensionKind)?.get("");
  if (objects === undefined) return none;
  let views = known.get(objects);
  if (views === undefined) {
    views = [...objects.values()]
      .map((object) => ({ order: integerOf(specOf(object).order) ?? 0, view: viewOf(object) }))
      .sort(
        inOrder(
          (a, b) => a.order - b.order,
          (a, b) => (a.view.name < b.view.name ? -1 : 1),
        ),
      )
      .map(({ view }) => view);
    known.set(objects, views);
  }
  return views;
}

/** The Extensions of a state in the order of their chain. */
export function extensionObjects(state: ConfigState): readonly ConfigObject[] {
  return extensionViews(state).map(({ object }) => object);
}

const viewed = new WeakMap<ConfigObject, ExtensionView>();

function viewOf(object: ConfigObject): ExtensionView {
  let view = viewed.get(object);
  if (view === undefined) {
    view = readView(object);
    viewed.set(object, view);
  }
  return view;
}

function readView(object: ConfigObject): ExtensionView {
  const spec = specOf(object);
  const { post, translation } = objectOf(objectOf(spec.hooks).xdsTranslator);
  const included = objectOf(translation);
  return {
    object,
    name: object.name,
    hooks: new Set(hooks.filter((hook) => listOf(post).includes(hook))),
    resources: kindsOf(spec.resources),
    policyResources: kindsOf(spec.policyResources),
    backendResources: kindsOf(spec.backendResources),
    failureMode: failureModeOf(spec),
    translation: {
      clusters: objectOf(included.cluster).includeAll !== false,
      listeners: objectOf(included.listener).includeAll === true,
      routes: objectOf(included.route).includeAll === true,
    },
  };
}

function kindsOf(list: Parameters<typeof objectsOf>[0]): ReadonlySet<string> {
  return new Set(objectsOf(list).map(({ group, kind }) => kindKey(textOf(group) ?? "", textOf(kind) ?? "")));
}

function failureModeOf(spec: ReturnType<typeof specOf>): FailureMode {
  return (
    modes.find((mode) => mode === spec.failureMode) ?? (spec.failOpen === true ? "failOpen" : "keepLast")
  );
}
