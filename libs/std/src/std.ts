export { AssertionFailed, assert } from "./assert.ts";
export { BoundedQueue } from "./bounded-queue.ts";
export { canonicalJson, type JsonObject, type JsonValue } from "./canonical-json.ts";
export { type Clock, systemClock } from "./clock.ts";
export { bytesEqual, concatBytes, fromHex, fromUtf8, sha256, sha256Hex, toHex, utf8 } from "./digest.ts";
export { Failure, type FailureDetails } from "./failure.ts";
export { Mailbox } from "./mailbox.ts";
export { by, type Comparator, compareNumbers, compareStrings, inOrder, sortedEntries } from "./ordering.ts";
export { compareRevisions, formatRevision, parseRevision, type Revision, revision } from "./revision.ts";
