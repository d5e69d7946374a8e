/** What is compared between the model and real Envoys; `scenario.ts` says how. */
import type { Part } from "@routeledger/xds-model";
import {
  certificate,
  cluster,
  endpoint,
  invalidEndpoint,
  invalidTable,
  listener,
  table,
  unbuildableCluster,
  unbuildableListener,
  validationContext,
} from "./parts.ts";
import { drainMs, type Move, type Scenario, type ScriptedResponse } from "./scenario.ts";

const cds = (parts: readonly Part[], removed: readonly string[] = []): ScriptedResponse => ({
  type: "cluster",
  parts,
  removed,
});
const eds = (...parts: readonly Part[]): ScriptedResponse => ({ type: "endpoint", parts });
const edsWithout = (...removed: readonly string[]): ScriptedResponse => ({
  type: "endpoint",
  parts: [],
  removed,
});
const lds = (parts: readonly Part[], removed: readonly string[] = []): ScriptedResponse => ({
  type: "listener",
  parts,
  removed,
});
const rds = (...parts: readonly Part[]): ScriptedResponse => ({ type: "route", parts });
const sds = (...parts: readonly Part[]): ScriptedResponse => ({ type: "secret", parts });
const send = (...responses: readonly ScriptedResponse[]): Move => ({ do: "send", responses });
const reconnect: Move = { do: "reconnect" };
const drain: Move = { do: "pass", ms: drainMs + 1_000 };
/** Longer than what the parts' `fetchTimeoutMs` here say. */
const outwait: Move = { do: "pass", ms: 2_000 };
const shortFetch = { fetchTimeoutMs: 1_500 };

const delta = ["delta"] as const;
const sotw = ["sotw"] as const;

/** Cluster a with endpoints, listener l, table r: all live. */
const running: readonly Move[] = [
  send(cds([cluster("a")])),
  send(eds(endpoint("a"))),
  send(lds([listener("l", { table: "r" })])),
  send(rds(table("r", "a"))),
];

export const scenarios: readonly Scenario[] = [
  {
    name: "1.3.2: at start-up CDS is acknowledged at once, and listeners are asked for when clusters are warm",
    moves: running,
  },
  {
    name: "1.3.2: an empty configuration is acknowledged",
    moves: [send(cds([])), send(lds([]))],
  },
  {
    name: "1.2.1: a changed cluster withholds the CDS ACK, and only SotW asks for its endpoints",
    moves: [...running, send(cds([cluster("a", { salt: 2 })])), send(eds(endpoint("a")))],
  },
  {
    name: "rule 39: a changed cluster is warm by endpoints that come with it, unasked",
    moves: [...running, send(cds([cluster("a", { salt: 2 })]), eds(endpoint("a")))],
  },
  {
    name: "1.2.1: two clusters with one service name: one watch on the wire",
    moves: [
      send(cds([cluster("a", { serviceName: "s" }), cluster("b", { serviceName: "s" })])),
      send(eds(endpoint("s"))),
      send(cds([cluster("a", { serviceName: "s", salt: 2 }), cluster("b", { serviceName: "s" })])),
      send(eds(endpoint("s"))),
      send(cds([cluster("b", { serviceName: "s" })], ["a"])),
    ],
  },
  {
    name: "1.3.2: a CDS NACK is withheld while a cluster of the same response warms",
    moves: [
      ...running,
      send(cds([cluster("a"), unbuildableCluster("x"), cluster("b")])),
      send(eds(endpoint("b"))),
      reconnect,
    ],
  },
  {
    name: "1.3.1: an EDS NACK ends the warming of every cluster",
    moves: [
      ...running,
      send(cds([cluster("a", { salt: 2 }), cluster("b")])),
      send(eds(invalidEndpoint("b"))),
      send(eds(endpoint("a"), endpoint("b"))),
    ],
  },
  {
    name: "1.3.2: SotW never answers a CDS response that was superseded, delta answers all",
    moves: [
      ...running,
      send(cds([cluster("a"), cluster("b")])),
      send(cds([cluster("a"), cluster("b", { salt: 2 })])),
      send(eds(endpoint("b"))),
    ],
  },
  {
    name: "1.3.2: removing a stuck cluster releases the CDS ACK",
    moves: [...running, send(cds([cluster("a"), cluster("b")])), send(cds([cluster("a")], ["b"]))],
  },
  {
    name: "1.3.4: removed_resources end the warming of a cluster",
    protocols: delta,
    moves: [
      ...running,
      send(cds([cluster("a", { salt: 2 })])),
      send(edsWithout("a")),
      reconnect,
      send(cds([cluster("a", { salt: 2 })]), eds(endpoint("a"))),
    ],
  },
  {
    name: "1.3.10: a reconnect while a cluster warms: no CDS request, EDS with the old version",
    moves: [
      ...running,
      send(cds([cluster("a", { salt: 2 })])),
      reconnect,
      send(eds(endpoint("a"))),
      send(cds([cluster("a", { salt: 2 })])),
    ],
  },
  {
    name: "1.1.7: a reconnect asks for all types again, in their order, with what is held",
    moves: [...running, reconnect],
  },
  {
    name: "1.3.10: after the last EDS cluster SotW sends an empty EDS request, delta none",
    moves: [...running, send(cds([], ["a"])), reconnect],
  },
  {
    name: "1.1.5: endpoints that nobody watches are answered with the old version in SotW",
    moves: [...running, send(cds([], ["a"])), send(eds(endpoint("a", 2)))],
  },
  {
    name: "1.3.2: a cluster whose secret is missing warms, and one that is given the secret goes live",
    moves: [
      ...running,
      send(cds([cluster("a", { secret: "s" })]), eds(endpoint("a"))),
      send(sds(validationContext("s"))),
    ],
  },
  {
    name: "1.3.1: a cluster whose secret never comes goes live after its fetch timeout",
    moves: [
      ...running,
      send(cds([cluster("a", { secret: "s", ...shortFetch })]), eds(endpoint("a"))),
      outwait,
    ],
  },
  {
    name: "1.3.3: endpoints that never come end their wait after the fetch timeout",
    moves: [
      ...running,
      send(cds([cluster("a", { salt: 2, ...shortFetch }), cluster("b", shortFetch)])),
      outwait,
    ],
  },
  {
    name: "1.3.5: a listener from RDS to routes inside and back, before and after it drained",
    moves: [
      ...running,
      send(lds([listener("l", {})])),
      send(lds([listener("l", { table: "r" })])),
      send(rds(table("r", "a"))),
      send(lds([listener("l", {})])),
      drain,
      send(lds([listener("l", { table: "r" })])),
      send(rds(table("r", "a"))),
    ],
  },
  {
    name: "1.3.5: a second listener with the same table shares it",
    moves: [
      ...running,
      send(lds([listener("l", { table: "r" }), listener("m", { table: "r" })])),
      send(rds(table("r", "a", 2))),
    ],
  },
  {
    name: "1.3.5: the fetch timeout of a reference to a table does not count",
    moves: [...running, send(lds([listener("l", { table: "r", fetchTimeoutMs: 7_000 })])), drain],
  },
  {
    name: "1.3.7: the table of a removed listener is watched until it drained",
    moves: [...running, send(lds([], ["l"])), drain],
  },
  {
    name: "1.2.4: a warming listener that is changed to another table, and back",
    moves: [
      ...running,
      send(lds([listener("l", { table: "q" })])),
      send(lds([listener("l", { table: "p" })])),
      send(rds(table("p", "a"))),
      drain,
    ],
  },
  {
    name: "1.2.6: an LDS response with one listener that cannot be built applies the others",
    moves: [
      ...running,
      send(lds([listener("l", { table: "r" }), unbuildableListener("x"), listener("m", { table: "q" })])),
      send(rds(table("q", "a"))),
      reconnect,
    ],
  },
  {
    name: "1.3.1: an RDS NACK ends the waiting of listeners",
    moves: [
      ...running,
      send(
        lds([listener("l", { table: "r" }), listener("m", { table: "q" }), listener("n", { table: "p" })]),
      ),
      send(rds(invalidTable("q"))),
      reconnect,
    ],
  },
  {
    name: "1.3.9: a listener asks for its certificate, and a rotated one changes no listener",
    moves: [
      ...running,
      send(lds([listener("l", { table: "r", secret: "c" })])),
      send(sds(certificate("c"))),
      drain,
      send(sds(certificate("c", 2))),
    ],
  },
  {
    name: "1.2.7: a name twice in one response is rejected by delta and accepted by SotW for endpoints",
    moves: [...running, send(eds(endpoint("a"), endpoint("a", 2)))],
  },
  {
    name: "1.2.7: a name among the resources and among the removed is rejected",
    protocols: delta,
    moves: [...running, send({ type: "endpoint", parts: [endpoint("a", 2)], removed: ["a"] })],
  },
  {
    name: "1.2.6: in SotW an invalid endpoint that nobody watches rejects the whole response",
    protocols: sotw,
    moves: [...running, send(eds(endpoint("a", 2), invalidEndpoint("z")))],
  },
  {
    name: "1.2.6: in delta an invalid endpoint that nobody watches is passed over",
    protocols: delta,
    moves: [...running, send(eds(endpoint("a", 2), invalidEndpoint("z"))), reconnect],
  },
  {
    name: "1.3.2: a withheld CDS NACK, and a reconnect before it was sent",
    moves: [
      ...running,
      send(cds([cluster("a"), unbuildableCluster("x"), cluster("b")])),
      reconnect,
      send(eds(endpoint("a"), endpoint("b"))),
    ],
  },
  {
    name: "1.3.10: the first cluster warms on a new stream: listeners are asked for before its endpoints",
    moves: [send(cds([])), send(lds([])), send(cds([cluster("a")])), reconnect, send(eds(endpoint("a")))],
  },
  {
    name: "1.3.2: a cluster that checks health is warm after the first check, whatever it says",
    moves: [
      ...running,
      send(cds([cluster("a"), cluster("b", { isHealthChecked: true })]), eds(endpoint("b"))),
    ],
  },
  {
    name: "1.3.1: a secret that is there already is not asked for again",
    moves: [
      ...running,
      send(cds([cluster("a", { secret: "s" })]), eds(endpoint("a"))),
      send(sds(validationContext("s"))),
      send(cds([cluster("a", { secret: "s", salt: 2 })]), eds(endpoint("a"))),
      send(cds([cluster("a", { secret: "s", fetchTimeoutMs: 9_000 })]), eds(endpoint("a"))),
      send(sds(validationContext("s"))),
    ],
  },
  {
    name: "rule 29: a secret that does not exist ends the wait of a cluster at once",
    protocols: delta,
    moves: [
      ...running,
      send(cds([cluster("a", { secret: "s" })]), eds(endpoint("a"))),
      send({ type: "secret", parts: [], removed: ["s"] }),
      reconnect,
    ],
  },
  {
    name: "1.3.6: a removed table does not end the wait of a listener",
    protocols: delta,
    moves: [
      ...running,
      send(lds([listener("l", { table: "q", ...shortFetch })])),
      send({ type: "route", parts: [], removed: ["q"] }),
      outwait,
      reconnect,
    ],
  },
  {
    name: "1.3.1: a cluster that goes back while it warms warms again, a listener does not",
    moves: [
      ...running,
      send(cds([cluster("a", { salt: 2 })])),
      send(cds([cluster("a")])),
      send(eds(endpoint("a"))),
      send(lds([listener("l", { table: "q" })])),
      send(lds([listener("l", { table: "r" })])),
      drain,
    ],
  },
  {
    name: "1.3.2: at start-up a second CDS response is acknowledged as well while the first warms",
    moves: [
      send(cds([cluster("a")])),
      send(cds([cluster("a"), cluster("b")])),
      send(eds(endpoint("a"))),
      send(eds(endpoint("b"))),
    ],
  },
  {
    name: "rule 39: endpoints that come before their cluster are passed over",
    moves: [
      ...running,
      send(eds(endpoint("b")), cds([cluster("a"), cluster("b")])),
      send(eds(endpoint("b"))),
    ],
  },
];
