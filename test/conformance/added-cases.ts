import type { ConformanceCase, ExpectedResponse, Step } from "./case.ts";
import { mirroredShare } from "./mirrored-share.ts";

const Namespace = "gateway-conformance-infra";
const gateway = { Name: "same-namespace", Namespace };
const gwAddr = `same-namespace.${Namespace}.gw:80`;

/** The suite's answer first, then the share of it that the mirror saw. */
function mirroredAt(percent: number, asked: Omit<ExpectedResponse, "Backend" | "Namespace">): Step[] {
  const expected = { ...asked, Backend: "infra-backend-v1", Namespace };
  const mirrorPods = [{ Name: "infra-backend-v2", Namespace }];
  const sub = `${percent} % of ${asked.Request.Path} are mirrored`;
  return [
    { fn: "http.MakeRequestAndExpectEventuallyConsistentResponse", args: { expected, gwAddr }, sub },
    { fn: mirroredShare, args: { expected, gwAddr, mirrorPods, percent }, sub },
  ];
}

/** Cases of the suite for features that are served, which could not be recorded. */
export const addedCases: readonly ConformanceCase[] = [
  {
    name: "HTTPRouteRequestPercentageMirror",
    features: ["Gateway", "HTTPRoute", "HTTPRouteRequestPercentageMirror"],
    manifests: ["tests/httproute-request-percentage-mirror.yaml"],
    provisional: true,
    incomplete: false,
    steps: [
      {
        fn: "kubernetes.GatewayAndHTTPRoutesMustBeAccepted",
        args: { gw: gateway, routeNNs: [{ Name: "request-percentage-mirror", Namespace }] },
      },
      ...mirroredAt(20, { Request: { Path: "/percent-mirror" } }),
      ...mirroredAt(50, { Request: { Path: "/percent-mirror-fraction" } }),
      ...mirroredAt(35, {
        Request: {
          Path: "/percent-mirror-and-modify-headers",
          Headers: { "X-Header-Remove": "remove-val", "X-Header-Add-Append": "append-val-1" },
        },
        ExpectedRequest: {
          Path: "/percent-mirror-and-modify-headers",
          Headers: {
            "X-Header-Add": "header-val-1",
            "X-Header-Add-Append": "append-val-1,header-val-2",
            "X-Header-Set": "set-overwrites-values",
          },
          AbsentHeaders: ["X-Header-Remove"],
        },
      }),
    ],
  },
];
