import type { JsonObject, JsonValue } from "@routeledger/std";
import { isObject } from "../apply-defaults.ts";
import { displayValue, type FieldErrors, type FieldPath } from "../field-error.ts";
import { STRING_FORMATS } from "../formats.ts";
import { isMappedIpv4, parseIpv4, parseIpv6, specialAddress } from "../ip-address.ts";

const SPEC: FieldPath = { parent: undefined, segment: "spec" };

/** ValidateService of k8s.io/kubernetes pkg/apis/core/validation, beyond types and enums. */
export function checkService(object: JsonObject, errors: FieldErrors): void {
  const spec = isObject(object.spec) ? object.spec : {};
  const ports = (Array.isArray(spec.ports) ? spec.ports : []).filter(isObject);
  const headless = spec.clusterIP === "None" || firstOf(spec.clusterIPs) === "None";
  if (ports.length === 0 && !headless && spec.type !== "ExternalName") {
    errors.add(at("ports"), {
      code: "Required",
      expected: "at least 1 port (only a headless or an ExternalName Service may have none)",
    });
  }
  checkPorts(ports, spec.type, errors);
  if (spec.type === "ExternalName") checkExternalName(spec, errors);
  else checkClusterIps(spec, headless, errors);
  checkExternalIps(spec, errors);
  checkSourceRanges(spec, errors);
  checkOnlyFor(spec, errors);
}

/** ExternallyAccessible of pkg/api/service: has a node port, a load balancer, or external addresses of its own. */
export function isReachedFromOutside(spec: JsonObject): boolean {
  if (spec.type === "NodePort" || spec.type === "LoadBalancer") return true;
  return spec.type === "ClusterIP" && Array.isArray(spec.externalIPs) && spec.externalIPs.length > 0;
}

function checkPorts(ports: readonly JsonObject[], type: JsonValue | undefined, errors: FieldErrors): void {
  const seen = { name: new Set<string>(), port: new Set<string>(), nodePort: new Set<string>() };
  for (const [index, port] of ports.entries()) {
    const path: FieldPath = { parent: at("ports"), segment: index };
    const member = (segment: string): FieldPath => ({ parent: path, segment });
    const name = port.name === undefined || port.name === "" ? undefined : String(port.name);
    if (name === undefined) {
      if (ports.length > 1) {
        errors.add(member("name"), {
          code: "Required",
          expected: "a name, as the Service has several ports",
        });
      }
    } else {
      checkFormat(name, "dns-label", member("name"), errors);
      checkFirst(seen.name, name, member("name"), "the name of no other port", errors);
    }
    checkTargetPort(port.targetPort, member("targetPort"), errors);
    checkFirst(seen.port, `${port.port}/${port.protocol}`, path, "another port or protocol", errors);
    if (port.nodePort === undefined || port.nodePort === 0) continue;
    if (type === "ClusterIP") {
      errors.add(member("nodePort"), {
        code: "Forbidden",
        expected: "no nodePort where the type is ClusterIP",
        actual: displayValue(port.nodePort),
      });
    }
    checkFirst(
      seen.nodePort,
      `${port.nodePort}/${port.protocol}`,
      member("nodePort"),
      "another nodePort",
      errors,
    );
  }
}

function checkTargetPort(target: JsonValue | undefined, path: FieldPath, errors: FieldErrors): void {
  if (typeof target === "number" && (target < 1 || target > 65535)) {
    errors.add(path, {
      code: "Invalid",
      expected: "a port from 1 to 65535, or a name",
      actual: String(target),
    });
  }
  if (typeof target === "string") checkFormat(target, "port-name", path, errors);
}

function checkExternalName(spec: JsonObject, errors: FieldErrors): void {
  for (const name of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]) {
    const value = spec[name];
    if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) continue;
    errors.add(at(name), { code: "Forbidden", expected: `no ${name} where the type is ExternalName` });
  }
  const name = typeof spec.externalName === "string" ? spec.externalName.replace(/\.$/, "") : "";
  if (name === "") errors.add(at("externalName"), { code: "Required", expected: "a DNS name" });
  else checkFormat(name, "dns-subdomain", at("externalName"), errors);
}

/** Several addresses or families are two stacks; without a policy a Service has one, but when it only has endpoints. */
function checkIpFamilyPolicy(spec: JsonObject, errors: FieldErrors): void {
  const selector = isObject(spec.selector) ? Object.keys(spec.selector) : [];
  const implied = spec.clusterIP === "None" && selector.length === 0 ? "RequireDualStack" : "SingleStack";
  if ((spec.ipFamilyPolicy ?? implied) !== "SingleStack") return;
  for (const name of ["clusterIPs", "ipFamilies"]) {
    const list = spec[name];
    if (!Array.isArray(list) || list.length < 2) continue;
    const expected = `"RequireDualStack" or "PreferDualStack", as there are ${list.length} ${name}`;
    errors.add(at("ipFamilyPolicy"), { code: "Invalid", expected, actual: displayValue("SingleStack") });
  }
}

function checkClusterIps(spec: JsonObject, headless: boolean, errors: FieldErrors): void {
  checkIpFamilyPolicy(spec, errors);
  const list = Array.isArray(spec.clusterIPs) ? spec.clusterIPs : [];
  if (spec.clusterIP !== firstOf(spec.clusterIPs)) {
    errors.add(at("clusterIPs"), { code: "Invalid", expected: "clusterIP as its first value" });
  }
  if (headless && (spec.type === "LoadBalancer" || spec.type === "NodePort")) {
    errors.add(at("clusterIP"), {
      code: "Invalid",
      expected: `an address where the type is ${spec.type}`,
      actual: "None",
    });
  }
  if (headless && list.length > 1) {
    errors.add(at("clusterIPs"), { code: "Invalid", expected: '"None" as the first and only value' });
  }
  const families = Array.isArray(spec.ipFamilies) ? spec.ipFamilies : [];
  for (const [index, address] of list.entries()) {
    if (address === "None" && index === 0) continue;
    const path: FieldPath = { parent: at("clusterIPs"), segment: index };
    const family = families[index];
    if (!checkIp(String(address), path, errors) || headless || family === undefined) continue;
    if ((family === "IPv4") !== isIpv4(address)) {
      errors.add(path, {
        code: "Invalid",
        expected: `an ${family} address, as ipFamilies says`,
        actual: displayValue(address),
      });
    }
  }
  if (!headless && list.length > 1 && new Set(list.map(isIpv4)).size === 1) {
    errors.add(at("clusterIPs"), { code: "Invalid", expected: "at most one address of each IP family" });
  }
}

function checkExternalIps(spec: JsonObject, errors: FieldErrors): void {
  for (const [index, address] of (Array.isArray(spec.externalIPs) ? spec.externalIPs : []).entries()) {
    const path: FieldPath = { parent: at("externalIPs"), segment: index };
    checkIp(String(address), path, errors);
    const special = isMappedIpv4(String(address)) ? undefined : notExternal(String(address));
    if (special !== undefined) {
      errors.add(path, {
        code: "Invalid",
        expected: `an address that is not ${special}`,
        actual: displayValue(address),
      });
    }
  }
}

/** As for endpoints, and loopback, which endpoints may be here. */
function notExternal(address: string): string | undefined {
  const isLoopback = parseIpv4(address)?.[0] === 127 || parseIpv6(address)?.join() === "0,0,0,0,0,0,0,1";
  return isLoopback ? "loopback" : specialAddress(address);
}

function checkSourceRanges(spec: JsonObject, errors: FieldErrors): void {
  const ranges = Array.isArray(spec.loadBalancerSourceRanges) ? spec.loadBalancerSourceRanges : [];
  for (const [index, range] of ranges.entries()) {
    // Blanks around it are accepted there: the ranges once stood in an annotation, separated by commas.
    const path: FieldPath = { parent: at("loadBalancerSourceRanges"), segment: index };
    checkFormat(String(range).trim(), "subnet", path, errors);
  }
}

/** Fields that only some types may have. */
function checkOnlyFor(spec: JsonObject, errors: FieldErrors): void {
  const forbid = (name: string, holder: string) => {
    if (spec[name] === undefined || spec[name] === 0) return;
    if (Array.isArray(spec[name]) && spec[name].length === 0) return;
    errors.add(at(name), { code: "Forbidden", expected: `no ${name} but where ${holder}` });
  };
  if (spec.type !== "LoadBalancer") {
    for (const name of ["loadBalancerSourceRanges", "allocateLoadBalancerNodePorts", "loadBalancerClass"]) {
      forbid(name, "the type is LoadBalancer");
    }
  }
  if (!isReachedFromOutside(spec)) forbid("externalTrafficPolicy", "the Service is reached from outside");
  if (spec.type !== "LoadBalancer" || spec.externalTrafficPolicy !== "Local") {
    forbid("healthCheckNodePort", "the type is LoadBalancer and externalTrafficPolicy is Local");
  }
}

function checkFirst(
  seen: Set<string>,
  value: string,
  path: FieldPath,
  expected: string,
  errors: FieldErrors,
): void {
  if (seen.has(value)) errors.add(path, { code: "Duplicate", expected, actual: value });
  seen.add(value);
}

function checkFormat(value: string, format: string, path: FieldPath, errors: FieldErrors): void {
  const known = STRING_FORMATS[format];
  if (known === undefined || known.accepts(value)) return;
  errors.add(path, { code: "Invalid", expected: known.expected, actual: displayValue(value) });
}

/** Returns whether the value is an address. */
function checkIp(value: string, path: FieldPath, errors: FieldErrors): boolean {
  const parsed = parseIpv4(value) ?? parseIpv6(value);
  if (parsed !== undefined && !isMappedIpv4(value)) return true;
  const expected = "an IPv4 or IPv6 address, and not one in the other's form";
  errors.add(path, { code: "Invalid", expected, actual: displayValue(value) });
  return parsed !== undefined;
}

function isIpv4(value: JsonValue): boolean {
  return parseIpv4(String(value)) !== undefined;
}

function firstOf(list: JsonValue | undefined): JsonValue | undefined {
  return Array.isArray(list) ? list[0] : undefined;
}

function at(name: string): FieldPath {
  return { parent: SPEC, segment: name };
}
