import { defineOfficialCases } from "./official-cases.ts";

await defineOfficialCases("sotw");
