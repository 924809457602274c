import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  differencesOf,
  edited,
  editedGateway,
  exemptionAnnotations,
  gatewayPolicyKinds,
  gatewayPolicyNames,
  type GatewayPolicy,
  type GatewayPolicyKind,
  gatewayPolicyOf,
  inStep,
  type LiveGateway,
  meets,
  overlaps,
  pathProblem,
  pathShapeProblem,
  platformPaths,
  type PolicyEdit,
  protectedPrefixes,
} from "../../access/gateway.ts";

for (const path of [
  "/myapp/*",
  "/myapp",
  "/my-app/api/v1/*",
  "/My.App_2~x/*",
  "/a",
  "/.hidden/*",
  "/my...app",
  "/team/pipeline/*",
  "/notebook-gallery/*",
  "/apidocs/*",
  "/authors/*",
  `/${"x".repeat(197)}/*`,
]) {
  test(`an application may exempt ${path.slice(0, 40)}`, () => {
    assert.equal(pathProblem(path), undefined);
  });
}

const hostile: Readonly<Record<string, readonly string[]>> = {
  "would open everything": ["/", "*", "/*", "//*", "/**", "**", "/*/", "/{*}", "/{**}", "{**}", "//", "/*/*"],
  'does not begin with "/"': [
    "",
    "myapp/*",
    " /myapp",
    "*/myapp",
    "*.html",
    "https://cluster.example.com/myapp/*",
    ".",
    "\u202e/myapp",
    "\\myapp",
    "?",
    "%2fmyapp",
  ],
  "is a path template": ["/myapp/{*}", "/myapp/{**}", "/{*}/myapp", "/myapp{", "/myapp}/*", "/{id}", "/a/{**}/b"],
  'has "%"': ["/%2e%2e/pipeline/*", "/%70ipeline/*", "/myapp%2f..%2fpipeline", "/my%00app/*", "/myapp%"],
  "has more than a path": ["/myapp?x=1", "/myapp/*?x", "/myapp#top", "/?", "/myapp/#/runs"],
  'has "*" elsewhere': [
    "/myapp*",
    "/myapp/**",
    "/myapp/*/*",
    "/my*app/*",
    "/myapp/*/edit",
    "/*/myapp",
    "/*myapp/*",
    "/myapp/a*",
    "/myapp**",
    "/p*",
  ],
  "has an empty segment": ["//myapp/*", "/myapp//x", "/myapp//*", "//pipeline/*"],
  'ends with "/"': ["/myapp/", "/myapp/x/"],
  'a segment "." or ".."': [
    "/..",
    "/../pipeline/*",
    "/myapp/../pipeline/*",
    "/myapp/..",
    "/./pipeline/*",
    "/myapp/./*",
    "/../*",
  ],
  "has letters, digits and": [
    "/my app/*",
    "/myapp\n",
    "/myapp\r\n/*",
    "/myapp\t",
    "/myapp\0/*",
    "/myapp;jsessionid=1",
    "/myapp\\..\\pipeline",
    "/my@app",
    "/my:app",
    "/my,app",
    '/my"app',
    "/my'app",
    "/my+app",
    "/my$app",
    "/my&app",
    "/my|app",
    "/my<app>",
    "/myäpp/*",
    "/муapp/*",
    "/my\u200bapp/*",
    "/\ufeffmyapp",
    "/my\ud800app",
    "/💥/*",
    "/pipelıne/*",
    "/ｐipeline/*",
  ],
  "longer than 200": [`/${"x".repeat(200)}`, "/x".repeat(101), `/${"*".repeat(201)}`, "x".repeat(100_000)],
  "the platform's own": [
    "/pipeline/*",
    "/pipeline",
    "/PIPELINE/*",
    "/Pipeline/apis/*",
    "/pipelines-demo/*",
    "/PipelineX",
    "/ml_metadata.MetadataStoreService/*",
    "/ml_metadata-x",
    "/jupyter/*",
    "/notebook/team-a/lab/*",
    "/api/*",
    "/API/workgroup/*",
    "/api/workgroup/exists",
    "/_/*",
    "/_/pipeline/*",
    "/dex/*",
    "/oauth2/callback",
    "/auth/realms/*",
    "/.well-known/*",
    "/debug",
    "/healthz",
    "/kfam/v1/*",
    "/volumes/*",
    "/tensorboards/*",
    "/katib/*",
    "/kserve-endpoints/*",
    "/sandbox/team-a/*",
  ],
};
for (const [why, paths] of Object.entries(hostile)) {
  test(`refused: ${why}`, () => {
    for (const path of paths) {
      const problem = pathProblem(path) ?? "";
      assert.ok(problem.includes(why), `${JSON.stringify(path.slice(0, 60))}: ${problem}`);
      assert.match(problem, /\b(?:[Ww]rite|Serve|leave)\b/, "it says what to do");
      assert.ok(problem.length < 600, "a long path is not repeated");
    }
  });
}

test("each of the platform's prefixes is refused, in any case, with anything below", () => {
  for (const prefix of protectedPrefixes) {
    for (const path of [`/${prefix}`, `/${prefix}/*`, `/${prefix.toUpperCase()}/x/*`, `/${prefix}/x`]) {
      assert.ok(pathProblem(path), path);
      assert.equal(pathShapeProblem(path), undefined, `${path} is well shaped`);
    }
  }
});

const piece = fc.oneof(
  fc.constantFrom("/", "*", "**", "/*", "{*}", "{**}", "%2e", "..", ".", "//", "?", "#", "\\", " ", "_", "~", "-"),
  fc.constantFrom("myapp", "pipeline", "Api", "ml_metadata", "x", "0"),
  fc.string({ unit: "binary", maxLength: 2 }),
);
const anything = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join("")),
  fc.array(piece, { maxLength: 6 }).map((pieces) => `/${pieces.join("")}`),
  fc
    .array(fc.stringMatching(/^[A-Za-z0-9._~-]{1,6}$/), { minLength: 1, maxLength: 4 })
    .map((all) => `/${all.join("/")}`),
);

test("what is accepted is plain, and matches nothing but itself and what is below", () => {
  let accepted = 0;
  fc.assert(
    fc.property(anything, anything, (path, request) => {
      if (pathProblem(path) !== undefined) return;
      accepted++;
      assert.match(path, /^(?:\/[A-Za-z0-9._~-]+)+(?:\/\*)?$/);
      assert.doesNotMatch(path, /\/\.{1,2}(?:\/|$)/);
      const body = path.replace(/\/\*$/, "");
      if (matches(path, request)) assert.ok(request === body || request.startsWith(`${body}/`));
      for (const prefix of protectedPrefixes) {
        assert.ok(!meets(path, `/${prefix}/*`), `${path} meets /${prefix}/*`);
      }
      assert.ok(!overlaps(path, "/pipeline*") && !overlaps(path, "/ml_metadata*"));
    }),
    { numRuns: 5000 },
  );
  assert.ok(accepted > 300, `${accepted} accepted`);
});

/** Istio's matching, written from its documentation for this test alone; templates match too much rather than too little. */
function matches(pattern: string, path: string): boolean {
  if (/\{\*{1,2}\}/.test(pattern)) {
    const tokens = pattern.split(/(\/?\{\*\*\}|\{\*\})/).map((token) => {
      if (token.endsWith("{**}")) return token.startsWith("/") ? "(?:/.*)?" : ".*";
      return token === "{*}" ? "[^/]*" : token.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    });
    return new RegExp(`^${tokens.join("")}$`, "s").test(path);
  }
  if (pattern === "*") return path !== "";
  if (pattern.startsWith("*")) return path.endsWith(pattern.slice(1));
  if (pattern.endsWith("*")) return path.startsWith(pattern.slice(0, -1));
  return pattern === path;
}

for (const [a, b, expected] of [
  ["/myapp/*", "/myapp", false],
  ["/myapp/*", "/myapp/", true],
  ["/myapp/*", "/myapp/x/*", true],
  ["/myapp/*", "/myapp2/*", false],
  ["/myapp*", "/myapp2/*", true],
  ["/dex/*", "/dex/**", true],
  ["/dex/**", "/dex/token", false],
  ["/dex/**", "/dex/*token", true],
  ["*", "/myapp", true],
  ["*.html", "/myapp/*", true],
  ["*.html", "/myapp/index.html", true],
  ["*.html", "/myapp/index.htm", false],
  ["*.html", "*l", true],
  ["*.html", "*.htm", false],
  ["/my*app", "/my/app", false],
  ["/myapp/{*}", "/myapp/x", true],
  ["/myapp/{**}", "/myapp", true],
  ["/myapp/{**}", "/other/*", false],
  ["/{*}/x", "/other/*", true],
  ["/MyApp/*", "/myapp/*", false],
] as const) {
  test(`${a} and ${b} ${expected ? "overlap" : "do not overlap"}`, () => {
    assert.equal(overlaps(a, b), expected);
    assert.equal(overlaps(b, a), expected);
  });
}

/** Every text of some of these pieces. */
function texts(pieces: readonly string[], most: number): string[] {
  const all: string[] = [];
  let last = [""];
  for (let length = 1; length <= most; length++) {
    last = last.flatMap((text) => pieces.map((one) => text + one));
    all.push(...last);
  }
  return all;
}

test("every pair of short patterns overlaps if and only if some path is matched by both", () => {
  const alphabet = ["/", "a", "b", "*"];
  const paths = texts(alphabet, 6);
  const matchedBy = (pattern: string) =>
    BigInt(`0b${paths.map((path) => (matches(pattern, path) ? "1" : "0")).join("")}`);
  const withSets = (patterns: readonly string[]) => patterns.map((pattern) => ({ pattern, set: matchedBy(pattern) }));
  const plain = withSets(texts(alphabet, 4));
  const templates = withSets(texts(["/", "a", "b", "{*}", "{**}"], 3).filter((pattern) => pattern.includes("{")));
  const wrong: string[] = [];
  for (const one of plain) {
    for (const other of plain) {
      if (overlaps(one.pattern, other.pattern) !== ((one.set & other.set) !== 0n))
        wrong.push(`${one.pattern} and ${other.pattern}`);
    }
  }
  for (const one of templates) {
    for (const other of [...plain, ...templates]) {
      const isMissed = (one.set & other.set) !== 0n && !overlaps(one.pattern, other.pattern);
      if (isMissed || overlaps(one.pattern, other.pattern) !== overlaps(other.pattern, one.pattern))
        wrong.push(`${one.pattern} and ${other.pattern}`);
    }
  }
  assert.deepEqual(wrong, []);
});

for (const [a, b, expected] of [
  ["/myapp/*", "/myapp", true],
  ["/myapp/*", "/myapp/*", true],
  ["/myapp/x/*", "/myapp", false],
  ["/myapp/x/*", "/myapp/*", true],
  ["/myapp2/*", "/myapp", false],
] as const) {
  test(`applications at ${a} and ${b} ${expected ? "meet" : "do not meet"}`, () => {
    assert.equal(meets(a, b), expected);
    assert.equal(meets(b, a), expected);
  });
}

const platforms = [...platformPaths];

/** An AuthorizationPolicy as the API server answers. */
interface Live {
  metadata: { name: string; resourceVersion: string; annotations?: Record<string, string> };
  spec: { action?: string; rules?: { to?: { operation?: { notPaths?: string[] } }[] }[] };
}

function object(kind: GatewayPolicyKind, ...lists: string[][]): Live {
  return {
    metadata: { name: gatewayPolicyNames[kind], resourceVersion: "1" },
    spec: {
      action: kind === "requireJwt" ? "DENY" : "CUSTOM",
      rules: lists.map((notPaths) => ({ to: [{ operation: { notPaths } }] })),
    },
  };
}

function policy(lists: string[][], claims: GatewayPolicy["claims"] = {}, more?: Partial<GatewayPolicy>): GatewayPolicy {
  return {
    resourceVersion: "1",
    notPaths: lists.map((paths, index) => ({ pointer: `/spec/rules/${index}/to/0/operation/notPaths`, paths })),
    claims,
    revision: {},
    ...more,
  };
}

test("a policy is read: lists with their pointers, claims and revisions of each stack", () => {
  const live: Live = {
    metadata: {
      name: gatewayPolicyNames.requireJwt,
      resourceVersion: "17",
      annotations: {
        "prokube-access/exempted.dev": '["/a/*"]',
        "prokube-access/exempted.team.x": "[]",
        "prokube-access/exemptions-revision.dev": "3",
        "other/exempted.dev": "whatever",
      },
    },
    spec: {
      action: "DENY",
      rules: [
        { to: [{ operation: { notPaths: ["/dex/*"] } }, { operation: { notPaths: [] } }] },
        { to: [{ operation: { notPaths: ["/a/*"] } }] },
      ],
    },
  };
  assert.deepEqual(gatewayPolicyOf(live), {
    resourceVersion: "17",
    notPaths: [
      { pointer: "/spec/rules/0/to/0/operation/notPaths", paths: ["/dex/*"] },
      { pointer: "/spec/rules/0/to/1/operation/notPaths", paths: [] },
      { pointer: "/spec/rules/1/to/0/operation/notPaths", paths: ["/a/*"] },
    ],
    claims: { dev: ["/a/*"], "team.x": [] },
    revision: { dev: 3 },
  });
});

const spoiled: readonly (readonly [what: string, spoil: (live: Live) => unknown, problem: RegExp])[] = [
  ["no rules", (live) => ({ ...live, spec: { action: "DENY" } }), /has no rules, so it turns nobody away/],
  [
    "a rule without to",
    ({ spec, ...live }) => ({ ...live, spec: { ...spec, rules: [...(spec.rules ?? []), {}] } }),
    /a rule without "to" \(\/spec\/rules\/1\), so it holds on every path/,
  ],
  [
    "a rule with an empty to",
    ({ spec, ...live }) => ({ ...live, spec: { ...spec, rules: [{ to: [] }] } }),
    /a rule without "to" \(\/spec\/rules\/0\)/,
  ],
  [
    "an operation without notPaths",
    ({ spec, ...live }) => ({
      ...live,
      spec: { ...spec, rules: [{ to: [{ operation: { notPaths: ["/dex/*"] } }, { operation: { hosts: ["x"] } }] }] },
    }),
    /an operation without notPaths \(\/spec\/rules\/0\/to\/1\), so it holds on every path/,
  ],
  [
    "an empty entry of to",
    ({ spec, ...live }) => ({ ...live, spec: { ...spec, rules: [{ to: [{}] }] } }),
    /an operation without notPaths \(\/spec\/rules\/0\/to\/0\)/,
  ],
  [
    "another action",
    ({ spec, ...live }) => ({ ...live, spec: { ...spec, action: "ALLOW" } }),
    /action ALLOW, not DENY/,
  ],
  ["no action", ({ spec, ...live }) => ({ ...live, spec: { rules: spec.rules } }), /action ALLOW, not DENY/],
  ["no spec", ({ metadata }) => ({ metadata }), /action ALLOW, not DENY/],
  ["something else", () => "policy", /not written as Istio has it/],
  ["nothing", () => undefined, /not written as Istio has it/],
  ...(["", "{}", '"/a/*"', "[1]", '["/a/*"', "null"] as const).map(
    (text) =>
      [
        `the claim ${text}`,
        (live: Live) => annotated(live, { "prokube-access/exempted.dev": text }),
        /annotation "prokube-access\/exempted\.dev" that is not readable/,
      ] as const,
  ),
  ...(["", "-1", "1.5", "x", "[]", "null"] as const).map(
    (text) =>
      [
        `the revision ${text}`,
        (live: Live) => annotated(live, { "prokube-access/exemptions-revision.dev": text }),
        /annotation "prokube-access\/exemptions-revision\.dev" that is not readable/,
      ] as const,
  ),
];
for (const [what, spoil, problem] of spoiled) {
  test(`a policy with ${what} is not written`, () => {
    const live = object("requireJwt", platforms);
    assert.equal(gatewayPolicyOf(live).problem, undefined);
    assert.match(gatewayPolicyOf(spoil(live)).problem ?? "", problem);
  });
}

function annotated({ metadata, spec }: Live, annotations: Record<string, string>): Live {
  return { spec, metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } } };
}

const edits: readonly (readonly [
  what: string,
  before: GatewayPolicy,
  wanted: string[],
  lists: string[][],
  claim: string[],
])[] = [
  ["nothing of nothing", policy([["/dex/*"]]), [], [["/dex/*"]], []],
  ["a path is added at the end", policy([["/dex/*"]]), ["/a/*"], [["/dex/*", "/a/*"]], ["/a/*"]],
  [
    "a path is added to every list, in the order it is asked for",
    policy([["/dex/*"], []]),
    ["/b/*", "/a/*"],
    [
      ["/dex/*", "/b/*", "/a/*"],
      ["/b/*", "/a/*"],
    ],
    ["/a/*", "/b/*"],
  ],
  [
    "a path is exchanged, the rest stays where it is",
    policy([["/x", "/a/*", "/dex/*", "/y"]], { dev: ["/a/*"] }),
    ["/b/*"],
    [["/x", "/dex/*", "/y", "/b/*"]],
    ["/b/*"],
  ],
  ["a path asked for twice is there once", policy([[]]), ["/a/*", "/a/*"], [["/a/*"]], ["/a/*"]],
  ["a path that is there is taken over", policy([["/a/*", "/dex/*"]]), ["/a/*"], [["/a/*", "/dex/*"]], ["/a/*"]],
  ["a path that is there twice goes altogether", policy([["/a/*", "/x", "/a/*"]], { dev: ["/a/*"] }), [], [["/x"]], []],
  ["what nobody claims stays", policy([["/a/*"]]), [], [["/a/*"]], []],
  ["what another stack claims stays", policy([["/a/*"]], { dev: ["/a/*"], prod: ["/a/*"] }), [], [["/a/*"]], []],
  ["what only another stack claims stays", policy([["/a/*"]], { prod: ["/a/*"] }), [], [["/a/*"]], []],
  ["what is the platform's stays", policy([["/auth/*"]], { dev: ["/auth/*"] }), [], [["/auth/*"]], []],
  ["what was taken out by hand comes back", policy([["/x"]], { dev: ["/a/*"] }), ["/a/*"], [["/x", "/a/*"]], ["/a/*"]],
  [
    "lists that differ keep what is theirs",
    policy([["/x"], ["/y", "/a"]]),
    ["/a"],
    [
      ["/x", "/a"],
      ["/y", "/a"],
    ],
    ["/a"],
  ],
];
for (const [what, before, wanted, lists, claim] of edits) {
  test(`edited: ${what}`, () => {
    const edit = edited(before, "dev", { wanted, known: ["/auth/*"] });
    assert.deepEqual(
      edit.notPaths.map(({ paths }) => paths),
      lists,
    );
    assert.deepEqual(edit.claim, claim);
    const after = { ...before, notPaths: edit.notPaths, claims: { ...before.claims, dev: edit.claim } };
    assert.deepEqual(edited(after, "dev", { wanted, known: ["/auth/*"] }), edit, "and then nothing more");
  });
}

test("a stack may have the name of what every object has", () => {
  assert.deepEqual(edited(policy([["/x"]]), "constructor", { wanted: [] }).notPaths, policy([["/x"]]).notPaths);
  const empty = policy([platforms]);
  assert.ok(inStep({ requireJwt: empty, oauth2Proxy: empty }, "toString", []));
});

test("a claim in one of both policies counts for both", () => {
  const live = {
    requireJwt: policy([["/a/*", "/b/*"]], { dev: ["/a/*"] }),
    oauth2Proxy: policy([["/a/*", "/b/*"]], { prod: ["/b/*"], dev: ["/b/*"] }),
  };
  const { requireJwt, oauth2Proxy } = editedGateway(live, "dev", { wanted: [] });
  assert.deepEqual(requireJwt?.notPaths[0]?.paths, ["/b/*"]);
  assert.deepEqual(oauth2Proxy?.notPaths[0]?.paths, ["/b/*"]);
  assert.equal(editedGateway({ ...live, requireJwt: undefined }, "dev", { wanted: [] }).requireJwt, undefined);
});

const good = policy([[...platforms, "/a/*"]], { dev: ["/a/*"] });
const steps: readonly (readonly [what: string, live: LiveGateway, wanted: string[], expected: boolean])[] = [
  ["both as wanted", { requireJwt: good, oauth2Proxy: good }, ["/a/*"], true],
  ["nothing wanted, nothing there", { requireJwt: policy([[]]), oauth2Proxy: policy([[]]) }, [], true],
  ["one missing", { requireJwt: good, oauth2Proxy: undefined }, ["/a/*"], false],
  ["the other missing", { requireJwt: undefined, oauth2Proxy: good }, ["/a/*"], false],
  ["one without the path", { requireJwt: good, oauth2Proxy: policy([[]], good.claims) }, ["/a/*"], false],
  ["one without the claim", { requireJwt: policy([["/a/*"]]), oauth2Proxy: good }, ["/a/*"], false],
  [
    "one with more claimed",
    { requireJwt: policy([["/a/*"]], { dev: ["/a/*", "/b"] }), oauth2Proxy: good },
    ["/a/*"],
    false,
  ],
  ["something claimed still", { requireJwt: good, oauth2Proxy: good }, [], false],
  [
    "one list of two without it",
    { requireJwt: policy([["/a/*"], []], good.claims), oauth2Proxy: good },
    ["/a/*"],
    false,
  ],
  ["one of another revision", { requireJwt: { ...good, revision: { dev: 1 } }, oauth2Proxy: good }, ["/a/*"], false],
  ["another stack's revision", { requireJwt: { ...good, revision: { prod: 1 } }, oauth2Proxy: good }, ["/a/*"], true],
  ["no revision and 0", { requireJwt: { ...good, revision: { dev: 0 } }, oauth2Proxy: good }, ["/a/*"], true],
  ["one not writable", { requireJwt: { ...good, problem: "is bad" }, oauth2Proxy: good }, ["/a/*"], false],
];
for (const [what, live, wanted, expected] of steps) {
  test(`${expected ? "in step" : "not in step"}: ${what}`, () => {
    assert.equal(inStep(live, "dev", wanted), expected);
  });
}

const jwt = gatewayPolicyNames.requireJwt;
const proxy = gatewayPolicyNames.oauth2Proxy;
const stray = "Remove it there, or name it in an application's paths or in platform.yaml (gateway.platformPaths)";
const differences: readonly (readonly [what: string, live: LiveGateway, expected: string[]])[] = [
  ["none", { requireJwt: good, oauth2Proxy: good }, []],
  [
    "a path is missing in one",
    { requireJwt: policy([platforms]), oauth2Proxy: good },
    [`application "a": "/a/*" is not exempted in ${jwt}: users get 403 Forbidden`],
  ],
  [
    "a path is missing in the other",
    { requireJwt: good, oauth2Proxy: policy([platforms]) },
    [
      `application "a": "/a/*" is not exempted in ${proxy}: users get the platform's login page instead of the application's`,
    ],
  ],
  [
    "a path is missing in both",
    { requireJwt: policy([platforms]), oauth2Proxy: policy([platforms]) },
    [
      `application "a": "/a/*" is not exempted in ${jwt}: users get 403 Forbidden`,
      `application "a": "/a/*" is not exempted in ${proxy}: users get the platform's login page instead of the application's`,
    ],
  ],
  [
    "a path is missing in one list of a policy",
    { requireJwt: policy([["/a/*", ...platforms], platforms]), oauth2Proxy: good },
    [`application "a": "/a/*" is not exempted in ${jwt}: users get 403 Forbidden`],
  ],
  [
    "policies are missing",
    { requireJwt: undefined, oauth2Proxy: undefined },
    [
      `AuthorizationPolicy "${jwt}" is missing, so the gateway lets requests through that have no token`,
      `AuthorizationPolicy "${proxy}" is missing, so the gateway sends nobody to the platform's login`,
    ],
  ],
  [
    "a policy cannot be written",
    {
      requireJwt: good,
      oauth2Proxy: gatewayPolicyOf({ ...object("oauth2Proxy"), metadata: { resourceVersion: "1" } }),
    },
    [`AuthorizationPolicy "${proxy}" has no rules, so it turns nobody away`],
  ],
  [
    "a path of nobody",
    { requireJwt: policy([[...platforms, "/a/*", "/old/*"]]), oauth2Proxy: policy([["/old/*", ...platforms, "/a/*"]]) },
    [
      `"/old/*" is exempted in ${jwt} and ${proxy}, but belongs to no application: everybody gets in there without a login. ${stray}`,
    ],
  ],
  [
    "a path of nobody in one",
    { requireJwt: policy([[...platforms, "/a/*", "/old/*"]]), oauth2Proxy: good },
    [
      `"/old/*" is exempted in ${jwt}, but belongs to no application: it opens nothing yet, because the other policy still asks for a login. ${stray}`,
    ],
  ],
  [
    "the platform's lists differ",
    { requireJwt: good, oauth2Proxy: policy([[...platforms.filter((path) => path !== "/minio/*"), "/a/*"]]) },
    [
      `"/minio/*" is exempted in ${jwt} but not in ${proxy}: users get the platform's login page instead of the application's`,
    ],
  ],
  [
    "a platform without parts of the list has no difference",
    { requireJwt: policy([["/dex/*", "/a/*"]]), oauth2Proxy: policy([["/dex/*", "/a/*"]]) },
    [],
  ],
  [
    "another stack's path",
    {
      requireJwt: policy([[...platforms, "/a/*", "/b/*"]], { prod: ["/b/*"] }),
      oauth2Proxy: policy([[...platforms, "/a/*", "/b/*"]], { prod: ["/b/*"] }),
    },
    [],
  ],
  [
    "another stack's path in one",
    {
      requireJwt: policy([[...platforms, "/a/*", "/b/*"]], { prod: ["/b/*"] }),
      oauth2Proxy: policy([[...platforms, "/a/*"]], { prod: ["/b/*"] }),
    },
    [
      `"/b/*" is exempted in ${jwt} but not in ${proxy}: users get the platform's login page instead of the application's`,
    ],
  ],
  [
    "what no stack could want is told whoever claims it",
    {
      requireJwt: policy([[...platforms, "/a/*", "/*"]], { ghost: ["/*"] }),
      oauth2Proxy: policy([[...platforms, "/a/*", "/*"]], { ghost: ["/*"] }),
    },
    [
      `"/*" is exempted in ${jwt} and ${proxy}, but belongs to no application: everybody gets in there without a login. ${stray}`,
    ],
  ],
  [
    "what this stack claims and no application has",
    {
      requireJwt: policy([[...platforms, "/a/*", "/b/*"]], { dev: ["/b/*"] }),
      oauth2Proxy: policy([[...platforms, "/a/*", "/b/*"]], { dev: ["/b/*"] }),
    },
    [
      `"/b/*" is exempted in ${jwt} and ${proxy}, but belongs to no application: everybody gets in there without a login. ${stray}`,
    ],
  ],
];
for (const [what, live, expected] of differences) {
  test(`administrators are told: ${what}`, () => {
    const wanted = [{ path: "/a/*", label: 'application "a"' }];
    assert.deepEqual(differencesOf(live, wanted, platforms, "dev"), expected);
  });
}

const stacks = ["dev", "prod"] as const;
type Stack = (typeof stacks)[number];
const own: Readonly<Record<Stack, readonly string[]>> = {
  dev: ["/d1/*", "/d1", "/d2/*", "/d3/x"],
  prod: ["/p1/*", "/p2", "/p3/*"],
};
const theirs = [...platforms, "/hand/*", "/made", "/*odd", "/x/{**}", "*"];
const kind = fc.constantFrom(...gatewayPolicyKinds);
const position = fc.nat({ max: 12 });
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(...stacks)
      .chain((stack) =>
        fc.shuffledSubarray([...own[stack]]).map((wanted) => ({ does: "converge", stack, wanted }) as const),
      ),
  },
  fc.record({ does: fc.constant("insert" as const), kind, path: fc.constantFrom(...theirs), position }),
  fc.record({ does: fc.constant("remove" as const), kind, position }),
  fc.record({ does: fc.constant("restore" as const), kind, position }),
  fc.record({ does: fc.constant("annotate" as const), kind, position }),
);

/** What the live half does with an edit, without a server. */
function written(live: Live, edit: PolicyEdit | undefined, stack: Stack): Live {
  assert.ok(edit);
  const copy = structuredClone(live);
  for (const { pointer, paths } of edit.notPaths) {
    const found = /^\/spec\/rules\/(\d+)\/to\/(\d+)\/operation\/notPaths$/.exec(pointer);
    const operation = copy.spec.rules?.[Number(found?.[1])]?.to?.[Number(found?.[2])]?.operation;
    assert.ok(operation?.notPaths, pointer);
    operation.notPaths = [...paths];
  }
  return annotated(copy, { [exemptionAnnotations(stack).claim]: JSON.stringify(edit.claim) });
}

function listsOf(live: Live): string[][] {
  return (live.spec.rules ?? []).flatMap(({ to = [] }) => to.map(({ operation }) => operation?.notPaths ?? []));
}

test("whatever two stacks and others do in turn, each stack's paths are in both policies or in none, and only its own", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 3, maxLength: 20 }), (sequence) => {
      const objects = {
        requireJwt: object("requireJwt", [...platforms], ["/hand/*"]),
        oauth2Proxy: object("oauth2Proxy", [...platforms]),
      };
      const history = { requireJwt: [objects.requireJwt], oauth2Proxy: [objects.oauth2Proxy] };
      const latest: Record<Stack, readonly string[]> = { dev: [], prod: [] };
      const converge = (stack: Stack, wanted: readonly string[]) => {
        const before = structuredClone(objects);
        const read = () => ({
          requireJwt: gatewayPolicyOf(objects.requireJwt),
          oauth2Proxy: gatewayPolicyOf(objects.oauth2Proxy),
        });
        const edits = editedGateway(read(), stack, { wanted, known: platforms });
        for (const one of gatewayPolicyKinds) objects[one] = written(objects[one], edits[one], stack);
        assert.ok(inStep(read(), stack, wanted), "in step");
        const isOwn = (path: string) => own[stack].includes(path);
        const [other = stack] = stacks.filter((one) => one !== stack);
        for (const one of gatewayPolicyKinds) {
          for (const [index, list] of listsOf(objects[one]).entries()) {
            assert.deepEqual(list.filter(isOwn).toSorted(), wanted.toSorted(), "exactly what is wanted, once");
            const old = listsOf(before[one])[index] ?? [];
            assert.deepEqual(
              list.filter((path) => !isOwn(path)),
              old.filter((path) => !isOwn(path)),
              "what is others' is as it was, in its order",
            );
            const kept = old.filter((path) => isOwn(path) && wanted.includes(path));
            assert.deepEqual(list.filter(isOwn).slice(0, kept.length), kept, "what stays is not moved");
          }
          const note = (live: Live, name: string) => live.metadata.annotations?.[name];
          assert.equal(note(objects[one], exemptionAnnotations(stack).claim), JSON.stringify(wanted.toSorted()));
          for (const name of [exemptionAnnotations(other).claim, "note"])
            assert.equal(note(objects[one], name), note(before[one], name));
        }
        assert.deepEqual(
          editedGateway(read(), stack, { wanted, known: platforms }),
          {
            requireJwt: { notPaths: read().requireJwt.notPaths, claim: wanted.toSorted() },
            oauth2Proxy: { notPaths: read().oauth2Proxy.notPaths, claim: wanted.toSorted() },
          },
          "and then there is nothing left to do",
        );
        latest[stack] = wanted;
      };
      for (const action of sequence) {
        if (action.does === "converge") converge(action.stack, action.wanted);
        else {
          const copy = structuredClone(objects[action.kind]);
          const list = listsOf(copy)[0] ?? [];
          if (action.does === "insert" && !list.includes(action.path)) list.splice(action.position, 0, action.path);
          if (action.does === "remove") list.splice(action.position, 1);
          if (action.does === "annotate") copy.metadata.annotations = { ...copy.metadata.annotations, note: "theirs" };
          const versions = history[action.kind];
          objects[action.kind] =
            action.does === "restore" ? structuredClone(versions[action.position % versions.length] ?? copy) : copy;
        }
        for (const one of gatewayPolicyKinds) history[one].push(objects[one]);
      }
      for (const stack of stacks) converge(stack, latest[stack]);
      for (const one of gatewayPolicyKinds) {
        for (const list of listsOf(objects[one])) {
          const applications = list.filter((path) => [...own.dev, ...own.prod].includes(path));
          assert.deepEqual(applications.toSorted(), [...latest.dev, ...latest.prod].toSorted());
        }
      }
    }),
    { numRuns: 500 },
  );
});
