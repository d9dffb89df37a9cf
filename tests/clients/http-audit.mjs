// Runs every audit of the package graphql-http against a server, prints each, and fails unless all 61 pass.
//
//   BILLPAY_URL=http://127.0.0.1:8080 TOKEN=… node http-audit.mjs

import process from "node:process";
import { serverAudits } from "graphql-http";

const AUDITS = 61;

const url = new URL("/graphql", required("BILLPAY_URL")).href;
const token = required("TOKEN");

function required(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`set ${name}`);
    process.exit(2);
  }
  return value;
}

function fetchWithToken(input, init = {}) {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${token}`);
  return fetch(input, { ...init, headers, signal: AbortSignal.timeout(10_000) });
}

function line(result) {
  const name = `${result.id}  ${result.name}`;
  return result.status === "ok" ? `ok    ${name}` : `FAIL  ${name}: ${result.reason} (status ${result.response.status})`;
}

let passed = 0;
const audits = serverAudits({ url, fetchFn: fetchWithToken });
for (const audit of audits) {
  const result = await audit.fn();
  console.log(line(result));
  passed += result.status === "ok" ? 1 : 0;
}

console.log(`${passed} of ${audits.length} audits passed; ${AUDITS} are wanted`);
process.exitCode = passed === AUDITS && audits.length === AUDITS ? 0 : 1;
