/** The api's own settings; those of every process and of NATS are added in `main.ts`. */
export const apiSettings = [
  {
    name: "apiAddress",
    env: "ROUTELEDGER_API_ADDRESS",
    flag: "--api-address",
    type: "address",
    default: "127.0.0.1:7480",
    unit: "",
    description: "where it answers HTTP; loopback only unless it is given tokens",
  },
  {
    name: "storeFolder",
    env: "ROUTELEDGER_STORE_FOLDER",
    flag: "--store-folder",
    type: "string",
    default: ".routeledger/api-store",
    unit: "",
    description: "the snapshot store, of this process alone; made when it is not there",
  },
  {
    name: "tokensFile",
    env: "ROUTELEDGER_TOKENS_FILE",
    flag: "--tokens-file",
    type: "string",
    default: "",
    unit: "",
    description:
      "lines `<actor> <token>`: who may ask; without it everybody on this machine, and nobody else",
  },
  {
    name: "tlsCertFile",
    env: "ROUTELEDGER_TLS_CERT_FILE",
    flag: "--tls-cert-file",
    type: "string",
    default: "",
    unit: "",
    description: "the certificate, PEM: with it and its key the api answers HTTPS",
  },
  {
    name: "tlsKeyFile",
    env: "ROUTELEDGER_TLS_KEY_FILE",
    flag: "--tls-key-file",
    type: "string",
    default: "",
    unit: "",
    description: "the key of the certificate, PEM",
  },
] as const;
