/** The xDS rules that concern a server, in our words, and what must show each: read by coverage.test.ts. */
import type { Variant } from "../xds/variant.ts";

export interface Rule {
  readonly rule: number;
  /** What the edge does. */
  readonly says: string;
  /** On which variants the table must show it; "none": it is shown by other tests. */
  readonly on: keyof typeof concerned;
  /** Which tests must name it: (a) a raw client's, (b) a real Envoy's or a real gRPC client's. */
  readonly columns: "a" | "a, b";
}

/** Whether a rule concerns a variant. */
export const concerned = {
  "all variants": () => true,
  SotW: ({ protocol }: Variant) => protocol === "sotw",
  delta: ({ protocol }: Variant) => protocol === "delta",
  ADS: ({ services }: Variant) => services === "ads",
  "SotW ADS": ({ protocol, services }: Variant) => protocol === "sotw" && services === "ads",
  "per type": ({ services }: Variant) => services === "perType",
  none: () => false,
} as const;

function rule(number: number, says: string, on: Rule["on"], columns: Rule["columns"]): Rule {
  return { rule: number, says, on, columns };
}

/** Left out: 38 and 53 to 58 are of what is not served, 59 waits for newer protos. */
export const rules: readonly Rule[] = [
  rule(
    1,
    "Both protocols are served on ADS and by a service a type; only the latter may leave out the type.",
    "all variants",
    "a, b",
  ),
  rule(
    2,
    "The node is taken from the first request and kept; later ones need not say it, and may.",
    "all variants",
    "a, b",
  ),
  rule(3, "What is remembered belongs to one type on one stream, never to a node.", "all variants", "a, b"),
  rule(4, "A nonce is used once, and what it stood for is known.", "all variants", "a"),
  rule(5, "A NACK is a request with an error, and nothing else is.", "all variants", "a, b"),
  rule(6, "Rejected content is not sent again; the names beside a NACK count.", "all variants", "a, b"),
  rule(
    7,
    "All that a rejected response held counts as not held, and what else was waiting is sent again.",
    "all variants",
    "a, b",
  ),
  rule(8, "After a NACK the good part may be in use: what it needs is answered.", "all variants", "a, b"),
  rule(9, "Nothing is sent without a change or a reason; versions follow content.", "all variants", "a, b"),
  rule(10, "A response names nothing twice, and holds one type.", "all variants", "a"),
  rule(11, "What is written is what is wanted when it is written.", "all variants", "a, b"),
  rule(12, "A type that is not served is passed over in silence.", "ADS", "a, b"),
  rule(13, "No names mean nothing, but for clusters and listeners at first.", "all variants", "a, b"),
  rule(14, "What is missing stays wanted, and is sent when it comes.", "all variants", "a, b"),
  rule(15, "What exists is sent, whatever else is missing or unasked for.", "all variants", "a, b"),
  rule(16, "Clusters and listeners are always sent whole.", "SotW", "a, b"),
  rule(17, "Other types are sent by what changed, never empty.", "SotW", "a"),
  rule(18, "An empty set of clusters or listeners is said at first.", "all variants", "a, b"),
  rule(19, "A request with an old nonce changes names and gets no further answer.", "SotW", "a, b"),
  rule(20, "Added names are sent, though the version stays.", "SotW", "a, b"),
  rule(21, "Dropped names are forgotten, and sent when they return.", "SotW", "a, b"),
  rule(22, "The wildcard is said or implied, ends, and does not come back by silence.", "SotW", "a"),
  rule(23, "The version of a first request is a hint: it is answered.", "SotW", "a, b"),
  rule(24, "A repeated request is a new watch: answered, at a bounded rate.", "SotW", "a, b"),
  rule(
    25,
    "A missing ACK neither stops a type nor lets what depends on it pass it by.",
    "all variants",
    "a, b",
  ),
  rule(26, "A name that is asked for is answered, held or not.", "delta", "a, b"),
  rule(27, "A name that was dropped and is asked for again is sent.", "delta", "a, b"),
  rule(28, "Names count in every request, whatever its nonce or error.", "delta", "a, b"),
  rule(
    29,
    "What is missing is said at once: by removal, of a route table by one that answers 404.",
    "delta",
    "a, b",
  ),
  rule(30, "A name dropped beside the wildcard is answered, any other is not.", "delta", "a"),
  rule(31, "A new stream is sent what differs, told what is gone, and given all endpoints.", "delta", "a, b"),
  rule(32, "Versions are the content's, the same on every edge.", "all variants", "a, b"),
  rule(33, "The first wildcard is answered, though with nothing.", "delta", "a, b"),
  rule(34, "Nothing is removed that is not held, nor an extension config that may be in use.", "delta", "a"),
  rule(35, "Endpoints go by an assignment without any.", "all variants", "a, b"),
  rule(36, "A route table that a listener names is never removed.", "all variants", "a, b"),
  rule(37, "The implied wildcard ends with the first name, the said one when it is dropped.", "delta", "a"),
  rule(
    39,
    "A changed cluster is followed by its endpoints, changed or not, asked for or not.",
    "all variants",
    "a, b",
  ),
  rule(40, "Shared endpoints follow each cluster that shares them.", "ADS", "a, b"),
  rule(41, "On streams of their own, each first request for endpoints is answered.", "per type", "a, b"),
  rule(42, "There is an assignment for every cluster that needs one.", "all variants", "a, b"),
  rule(
    43,
    "A reference that is new, or is said in other bytes, is followed by what it refers to.",
    "all variants",
    "a, b",
  ),
  rule(44, "Every reference is said in the same bytes.", "none", "a"),
  rule(45, "Endpoints, tables and secrets wait for no ACK of what refers to them.", "all variants", "a, b"),
  rule(46, "Every gate opens in time; one stuck cluster holds nothing else.", "all variants", "a, b"),
  rule(47, "One order of writing: clusters, endpoints, listeners, tables, removals.", "ADS", "a, b"),
  rule(48, "A table waits for a new cluster that cannot be used yet.", "ADS", "a, b"),
  rule(
    49,
    "A cluster goes when nothing at the client can refer to it, and its grace is over.",
    "all variants",
    "a, b",
  ),
  rule(50, "What comes back in time was never gone.", "all variants", "a, b"),
  rule(51, "A response is of one snapshot, and a newer one takes the place of the rest.", "ADS", "a, b"),
  rule(52, "Many commits at once are few responses.", "all variants", "a"),
  rule(60, "Clusters and listeners by name: all that are named, each time.", "all variants", "a, b"),
  rule(61, "To a gRPC client no names are nothing, always.", "all variants", "a"),
  rule(62, "What does not exist is answered before a client gives up.", "all variants", "a"),
  rule(
    63,
    "Good resources go on beside rejected ones; nothing is stopped by deleting it.",
    "all variants",
    "a",
  ),
  rule(64, "A stream ends after a response, or with an error.", "all variants", "a, b"),
  rule(
    65,
    "Addresses and references reach a gRPC client as they were made; versions are of one server.",
    "all variants",
    "a, b",
  ),
  rule(66, "The way of a gRPC channel on SotW ADS: listener, table, cluster, endpoints.", "SotW ADS", "a"),
  rule(67, "An edge that knows not all yet refuses, and never answers empty.", "all variants", "a, b"),
  rule(68, "A client that does not read costs a bounded amount, and delays nobody.", "all variants", "a"),
  rule(69, "A request may name 100,000 resources.", "all variants", "a"),
  rule(70, "Bytes are those of the log; a change costs what it changes.", "all variants", "a"),
  rule(71, "New streams are taken at a bounded rate, requests before pushes.", "none", "a"),
  rule(
    72,
    "Wanted, sent, acknowledged and rejected are told apart, with the client's words.",
    "all variants",
    "a",
  ),
  rule(73, "The one bad resource is put aside, the others go on.", "all variants", "a"),
  rule(74, "All edges say the same; none takes a proxy back.", "all variants", "a"),
];
