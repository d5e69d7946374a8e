import protobuf from "protobufjs";
import type { LoadedProtos } from "./load-protos.ts";
import { formerPackages } from "./roots.ts";

/** What is kept of all that was parsed. Each list is sorted by full name. */
export interface KeptSymbols {
  readonly messages: readonly protobuf.Type[];
  readonly enums: readonly protobuf.Enum[];
  readonly services: readonly protobuf.Service[];
}

/**
 * The symbols that the root files declare and all messages and enums that they refer to, directly or not.
 * @throws when a kept symbol belongs to a package of Envoy's former API
 */
export function prune(loaded: LoadedProtos): KeptSymbols {
  const messages = new Map<string, protobuf.Type>();
  const enums = new Map<string, protobuf.Enum>();
  const services: protobuf.Service[] = [];
  const pending: protobuf.Type[] = [];

  const keep = (symbol: protobuf.ReflectionObject | null): void => {
    if (symbol instanceof protobuf.Enum) enums.set(nameOf(symbol), symbol);
    if (!(symbol instanceof protobuf.Type) || messages.has(nameOf(symbol))) return;
    messages.set(nameOf(symbol), symbol);
    pending.push(symbol);
  };

  const visit = (namespace: protobuf.NamespaceBase): void => {
    for (const symbol of namespace.nestedArray) {
      if (isRoot(symbol, loaded.rootFiles)) {
        keep(symbol);
        if (symbol instanceof protobuf.Service) services.push(symbol);
      }
      if (symbol instanceof protobuf.Namespace) visit(symbol);
    }
  };
  visit(loaded.root);
  for (const service of services) {
    for (const method of service.methodsArray) {
      method.resolve();
      keep(method.resolvedRequestType);
      keep(method.resolvedResponseType);
    }
  }
  for (let message = pending.pop(); message !== undefined; message = pending.pop()) {
    for (const field of message.fieldsArray) keep(field.resolve().resolvedType);
  }
  const kept = {
    messages: byName(messages.values()),
    enums: byName(enums.values()),
    services: byName(services),
  };
  refuseFormerPackages([...kept.messages, ...kept.enums, ...kept.services]);
  return kept;
}

/** The full name without protobufjs's leading dot. */
export function nameOf(symbol: protobuf.ReflectionObject): string {
  return symbol.fullName.replace(/^\./, "");
}

function isRoot(symbol: protobuf.ReflectionObject, rootFiles: ReadonlySet<string>): boolean {
  if (symbol.filename === null || symbol.filename === undefined) {
    return /^google\.protobuf\.\w+$/.test(nameOf(symbol)) && !(symbol instanceof protobuf.Service);
  }
  return rootFiles.has(symbol.filename);
}

function byName<T extends protobuf.ReflectionObject>(symbols: Iterable<T>): T[] {
  return [...symbols].sort((a, b) => (a.fullName < b.fullName ? -1 : 1));
}

function refuseFormerPackages(symbols: readonly protobuf.ReflectionObject[]): void {
  const former = symbols.map(nameOf).filter((name) => formerPackages.test(name));
  if (former.length > 0)
    throw new Error(`prune protos: kept symbols of Envoy's former API: ${former.join(", ")}`);
}
