import { crashPoints, logCrashPoints } from "@routeledger/translator";

/** Every point at which `dev` can be told to end. */
export const devCrashPoints: readonly string[] = [
  ...crashPoints.map((point) => `translator.${point}`),
  ...logCrashPoints(["CONFIG", "XDS", "DELIVERY"]),
  "envoy.spawned",
];
