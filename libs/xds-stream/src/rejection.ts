/** What a NACK means for what is sent next (rules 5 to 8, 72 and 73). */
import { compareStrings } from "@routeledger/std";
import type { Resource } from "@routeledger/xds-model";
import { namedIn } from "./culprits.ts";
import { oweAgain } from "./owed.ts";
import { current, holdsFromBefore } from "./served.ts";
import type { StreamOutput } from "./stream-io.ts";
import {
  type Inflight,
  isWanted,
  type RejectedResource,
  type Subscription,
  type XdsStream,
} from "./stream-state.ts";

/** google.rpc.Status, as the client words it. */
export interface ClientError {
  readonly code: number;
  readonly message: string;
}

/** Who was it? Names of a rejected response. */
interface Verdict {
  /** What the client may have rejected; the others it has acknowledged with the same bytes. */
  readonly candidates: ReadonlySet<string>;
  readonly guilty: ReadonlySet<string>;
  /** By the client's words alone. */
  readonly isGuess: boolean;
  /** The client said whom, and that it took nothing of the response. */
  readonly isWhole: boolean;
  /** The client's words do not name who was found guilty: guesses from words are worth nothing. */
  readonly isUnnamed: boolean;
  /** At least one of them is, if nobody is guilty. */
  readonly suspects: ReadonlySet<string>;
}

const nobody: ReadonlySet<string> = new Set();

/**
 * All that the response carried counts as not held (rule 7). The guilty are in quarantine, suspects are tried again in
 * their turn, the others are sent again at once. `isDoubtful`: the client did not answer some response before this one,
 * so the error may be that one's.
 */
export function nacked(
  stream: XdsStream,
  subscription: Subscription,
  rejection: Inflight,
  error: ClientError,
  isDoubtful: boolean,
): StreamOutput {
  const { type } = subscription;
  const verdict = judge(subscription, rejection, error.message, isDoubtful);
  const suspects = sentence(stream, subscription, rejection, verdict);
  if (verdict.isUnnamed) for (const name of guessed(subscription)) suspects.push(name);
  group(stream, subscription, suspects, rejection.full);
  if (suspects.length + subscription.dirty.size === 0 && verdict.candidates.size > 0)
    repeatDeletions(stream, subscription, rejection);
  subscription.rejectedVersion = rejection.version;
  if (type === "endpoint" || type === "route" || type === "secret")
    oweWaiting(stream, subscription, rejection);
  const { nonce, version, revision } = rejection;
  const resources: Resource[] = [...rejection.resources.values()];
  const culprits = [...verdict.guilty].sort(compareStrings);
  const { code, message } = error;
  return {
    type: "nacked",
    fact: { resourceType: type, nonce, version, revision, resources, code, message, culprits },
  };
}

function judge(
  subscription: Subscription,
  rejection: Inflight,
  message: string,
  isDoubtful: boolean,
): Verdict {
  const candidates = candidatesOf(subscription, rejection);
  const { names, form } = namedIn(message, [...rejection.resources.keys(), ...rejection.removed]);
  // What the client shows is so, even of endpoints that it acknowledged before it looked at them.
  const named = new Set(names.filter((name) => form === "validated" || candidates.has(name)));
  const isWhole = form === "validated" && named.size > 0;
  const verdict = {
    ...{ candidates, guilty: nobody, suspects: nobody },
    ...{ isGuess: false, isWhole, isUnnamed: false },
  };
  if (isDoubtful) return { ...verdict, suspects: named.size > 0 ? named : candidates };
  const known = new Set([...candidates].filter((name) => isKnown(subscription, rejection, name)));
  if (known.size > 0) return { ...verdict, guilty: known };
  if (isWhole) return { ...verdict, guilty: named };
  if (candidates.size === 1) return { ...verdict, guilty: candidates, isUnnamed: named.size === 0 };
  if (named.size === 0) return { ...verdict, suspects: candidates, isUnnamed: true };
  if (form === "built") return { ...verdict, guilty: named };
  return named.size === 1 ? { ...verdict, guilty: named, isGuess: true } : { ...verdict, suspects: named };
}

/** Names of which the response had other bytes than the client acknowledged; if it had none, all that it was about. */
function candidatesOf({ acked }: Subscription, { resources, removed, full }: Inflight): ReadonlySet<string> {
  const news = [...resources.values()].filter(({ name, digest }) => acked.get(name)?.digest !== digest);
  const names = [...news.map(({ name }) => name), ...removed];
  if (names.length > 0 || full) return new Set(names);
  return new Set(resources.keys());
}

/** It was found guilty while this response was under way. */
function isKnown({ rejected }: Subscription, { resources }: Inflight, name: string): boolean {
  const entry = rejected.get(name);
  return entry?.standing === "guilty" && entry.digest === (resources.get(name)?.digest ?? "");
}

/** Notes what the verdict means for each name; returns those that must be tried. */
function sentence(
  stream: XdsStream,
  subscription: Subscription,
  { resources, removed, full }: Inflight,
  { candidates, guilty, isGuess, isWhole, suspects }: Verdict,
): string[] {
  const { type, sent, rejected, dirty, owed, leaving, doubtful } = subscription;
  // It may hold other bytes than it acknowledged: those of a response that it took and never answered.
  const isHeld = ({ name, digest }: Resource): boolean =>
    !candidates.has(name) && (doubtful.get(name) ?? []).every((other) => other.digest === digest);
  const tried: string[] = [];
  // A client that may hold more than is known here loses what a response leaves out.
  const mustWait = holdsFromBefore(stream, subscription);
  const reject = (name: string, resource: Resource | undefined) => {
    const standing = !guilty.has(name) ? "suspect" : isGuess ? "guess" : "guilty";
    if (standing === "suspect") tried.push(name);
    const keeping = !mustWait ? "no" : isWhole ? "whileInUse" : "yes";
    rejected.set(name, { digest: resource?.digest ?? "", resource, standing, keeping, group: 0 });
  };
  for (const [name, resource] of resources) {
    const latest = sent.get(name);
    if (latest?.digest !== resource.digest || (full && isHeld(resource))) continue;
    // What is under way again has an answer of its own to come.
    if (!guilty.has(name) && isUnderWay(subscription, resource)) {
      oweAgain(stream, resource);
      continue;
    }
    sent.set(name, { ...latest, digest: "" });
    if (guilty.has(name) || suspects.has(name) || mustWait) reject(name, resource);
    else (type === "endpoint" ? owed : dirty).add(name);
  }
  for (const name of removed) {
    // It came back, or is asked for no more.
    if (sent.has(name) || current(stream, type, name) !== undefined || !isWanted(subscription, name))
      continue;
    sent.set(name, { digest: "", resource: undefined, isFromBefore: false });
    leaving.set(name, { graceOver: true, waitsFor: [] });
    if (guilty.has(name) || suspects.has(name)) reject(name, undefined);
  }
  stream.gatesMoved = true;
  return tried;
}

/** Whether a later response, which is not answered yet, carries the same. */
function isUnderWay({ inflight }: Subscription, { name, digest }: Resource): boolean {
  return [...inflight.values()].some(({ resources }) => resources.get(name)?.digest === digest);
}

/** Those whom nothing but words accused. */
function guessed({ rejected }: Subscription): string[] {
  return [...rejected].filter(([, { standing }]) => standing === "guess").map(([name]) => name);
}

/**
 * Suspects go alone; in SotW LDS and CDS, where each response carries all the others too, in two halves, so that one
 * bad resource of many costs few large responses.
 */
function group(
  stream: XdsStream,
  { rejected }: Subscription,
  names: readonly string[],
  isHalved: boolean,
): void {
  const half = Math.ceil(names.length / 2);
  const first = stream.count + 1;
  for (const [index, name] of names.entries()) {
    const entry = rejected.get(name) as RejectedResource;
    const offset = isHalved ? Number(index >= half) : index;
    stream.count = Math.max(stream.count, first + offset);
    rejected.set(name, { ...entry, standing: "suspect", group: first + offset });
  }
}

/**
 * SotW LDS and CDS: what the rejected response left out is deleted by the next. If nothing of it is left to be sent, it
 * goes without: other content than was rejected, and all of it acknowledged, so this ends.
 */
function repeatDeletions(stream: XdsStream, subscription: Subscription, { full, resources }: Inflight): void {
  if (!full || holdsFromBefore(stream, subscription)) return;
  const { acked, mayHoldMore } = subscription;
  if (mayHoldMore || [...acked.keys()].some((name) => !resources.has(name))) subscription.answerDue = true;
}

/**
 * A rejected EDS, RDS or SDS response ends the waiting of whatever waits for any resource of the type (rule 7): what
 * else is under way is sent again. Names of rejected content are left out, so this ends.
 */
function oweWaiting(stream: XdsStream, subscription: Subscription, rejection: Inflight): void {
  for (const { resources } of subscription.inflight.values()) {
    for (const name of resources.keys()) {
      const digest = current(stream, subscription.type, name)?.digest;
      if (digest === undefined || rejection.resources.has(name)) continue;
      if (subscription.rejected.get(name)?.digest !== digest) subscription.owed.add(name);
    }
  }
}
