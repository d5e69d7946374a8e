/** Rows that every process of Routeledger has. */
export const processSettings = [
  {
    name: "name",
    env: "ROUTELEDGER_NAME",
    flag: "--name",
    type: "string",
    default: "",
    unit: "",
    description: "what this process is called in logs and records; the host's name where none is given",
  },
  {
    name: "logLevel",
    env: "ROUTELEDGER_LOG_LEVEL",
    flag: "--log-level",
    type: "choice",
    choices: ["debug", "info", "warn", "error", "silent"],
    default: "info",
    unit: "",
    description: "the least that is logged",
  },
  {
    name: "stopDeadlineMs",
    env: "ROUTELEDGER_STOP_DEADLINE_MS",
    flag: "--stop-deadline-ms",
    type: "integer",
    default: 5_000,
    unit: "milliseconds",
    description: "how long a stop may take before what is under way is left undone",
  },
] as const;
