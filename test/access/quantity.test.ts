import assert from "node:assert/strict";
import { test } from "node:test";
import { isQuotaKey, limitsCompute, parseQuantity } from "../../access/quantity.ts";

const quantities: readonly (readonly [text: string, value: number | undefined])[] = [
  ["100", 100],
  ["0.5", 0.5],
  ["800m", 0.8],
  ["512Mi", 512 * 2 ** 20],
  ["5G", 5e9],
  ["1e3", 1000],
  ["1E3", 1000],
  ["1E", 1e18],
  ["5GB", undefined],
  ["-1", undefined],
  ["1 Gi", undefined],
  ["1gi", undefined],
  ["", undefined],
  ["Gi", undefined],
  ["1e", undefined],
  ["0x10", undefined],
];
for (const [text, value] of quantities) {
  test(`${JSON.stringify(text)} is ${value === undefined ? "no quantity" : String(value)}`, () => {
    assert.equal(parseQuantity(text), value);
  });
}

test("knows the quota keys that Kubernetes knows", () => {
  const known = [
    "cpu",
    "requests.memory",
    "limits.ephemeral-storage",
    "pods",
    "count/pods",
    "count/deployments.apps",
    "requests.nvidia.com/gpu",
    "fast-ssd.storageclass.storage.k8s.io/requests.storage",
    "hugepages-2Mi",
  ];
  const unknown = ["CPU", "nvidia.com/gpu", "limits.nvidia.com/gpu", "count/", "gpu", "requests.pods", "constructor"];
  assert.deepEqual([...known, ...unknown].filter(isQuotaKey), known);
});

test("cpu and memory in every form make container limits necessary", () => {
  assert.ok(["cpu", "memory", "requests.cpu", "limits.memory"].every(limitsCompute));
  assert.ok(!["pods", "ephemeral-storage", "requests.storage"].some(limitsCompute));
});
