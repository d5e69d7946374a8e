/**
 * With what an Envoy is started beside its bootstrap. A listener that is replaced drains for 30 s, which is below the
 * 60 s for which edges keep what left the snapshot: a connection that drains never misses its routes or clusters.
 * Hot restart is off, so that several Envoys live on one machine.
 */
export const startCommandOptions: readonly string[] = [
  "--drain-time-s",
  "30",
  "--drain-strategy",
  "immediate",
  "--disable-hot-restart",
];
