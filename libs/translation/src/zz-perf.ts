import { translateAll } from "./fold-revision.ts";
import { endpointSlice, gateway, gatewayClass, http, httpRoute, rule, service } from "./sample-objects.ts";
import { applyObjects, stateOf } from "./testing.ts";
import { TranslationCache } from "./translation-cache.ts";

const n = Number(process.argv[2] ?? 10000);
const objs = [gatewayClass, gateway([http("http", 8080)])];
for (let i = 0; i < n; i++) {
  objs.push(
    service(`s${i}`),
    endpointSlice(`s${i}-1`, `s${i}`),
    httpRoute(`r${i}`, {
      hostnames: [`h${i}.example.com`],
      rules: [rule("/", [{ name: `s${i}`, port: 80 }])],
    }),
  );
}
const s = stateOf(objs);
const cache = new TranslationCache();
const t = (name: string, f: () => void) => {
  const a = performance.now();
  f();
  console.log(name, (performance.now() - a).toFixed(1), "ms");
};
t("full", () => void translateAll(s, cache));
t("same", () => void translateAll(s, cache));
const s2 = applyObjects(s, [endpointSlice("s5-1", "s5", { endpoints: [{ addresses: ["127.0.0.9"] }] })]);
t("slice", () => void translateAll(s2, cache));
const s3 = applyObjects(s2, [
  httpRoute("r7", { hostnames: ["h7.example.com"], rules: [rule("/x", [{ name: "s7", port: 80 }])] }),
]);
t("route", () => void translateAll(s3, cache));
const s4 = applyObjects(s3, [service("s9", { ports: [{ name: "http", port: 81 }] })]);
t("service", () => void translateAll(s4, cache));
t("service", () => void translateAll(s4, cache));
for (let k = 0; k < 12; k++) {
  const sk = applyObjects(s4, [
    endpointSlice("s5-1", "s5", { endpoints: [{ addresses: [`127.0.0.${k + 10}`] }] }),
  ]);
  t("slice", () => void translateAll(sk, cache));
}
