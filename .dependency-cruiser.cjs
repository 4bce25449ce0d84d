/**
 * Layer fences by reachability: what Biome sees in one import line, this sees through any number of them.
 * The order is protocol <- domain <- ports <- engine <- compose; adapters see protocol, domain and ports.
 */
const sdk = '^lambda-runtime/src/'
const orchestrator = '^orchestrator/src/'
const vendors = '(^|/)node_modules/'

/** `from` may depend on `allowed` paths only. */
const only = (name, comment, from, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: allowed },
})

/** `from` must not reach `to`, directly or through anything. */
const never = (name, comment, from, to) => ({
  name,
  comment,
  severity: 'error',
  from,
  to: { path: to, reachable: true },
})

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only(
      'protocol-stands-alone',
      'both sides read the wire and the journal with it',
      `${sdk}protocol/`,
      [`${sdk}protocol/`, `${vendors}valibot/`, '^(node:)?crypto$'],
    ),
    only('replay-sees-protocol', 'clock, timers and storage come by its ports', `${sdk}replay/`, [
      `${sdk}(protocol|replay|types)/`,
      `${sdk}[^/]+\\.ts$`,
      `${vendors}(valibot|devalue)/`,
      '^(node:)?crypto$',
    ]),
    only(
      'table-sees-protocol',
      'the DynamoDB items, shared with the orchestrator',
      `${sdk}table/`,
      [
        `${sdk}(protocol|table)/`,
        `${sdk}replay/ports\\.ts$`,
        `${vendors}(aws4fetch|valibot)/`,
        '^(node:)?(buffer|crypto|timers/promises|util|zlib)$',
      ],
    ),
    never(
      'sdk-never-reaches-aws-sdk',
      'it is in every cold start',
      { path: sdk },
      `${vendors}(@aws-sdk|@smithy)/`,
    ),
    never(
      'only-the-http-entry-reaches-a-server',
      'a Lambda function does not carry one along',
      { path: sdk, pathNot: `${sdk}http(\\.ts$|/)` },
      [`${sdk}http(\\.ts$|/)`, `${vendors}(fastify|jose)/`],
    ),
    never('sdk-never-reaches-orchestrator', '', { path: sdk }, '^orchestrator/'),
    never(
      'replay-never-reaches-a-transport',
      'table, Lambda and HTTP come by its ports',
      { path: `${sdk}(protocol|replay)/` },
      [`${sdk}table/`, `${vendors}(@middy|aws4fetch)/`],
    ),
    only('domain-is-pure', 'no clock, no I/O, no randomness, no vendor', `${orchestrator}domain/`, [
      `${orchestrator}domain/`,
      `${sdk}protocol/`,
      `${vendors}valibot/`,
      '^(node:)?crypto$',
    ]),
    only('ports-see-domain', 'a port names no vendor and no platform', `${orchestrator}ports/`, [
      `${orchestrator}(domain|ports)/`,
      `${sdk}protocol/`,
      `${vendors}valibot/`,
    ]),
    only('engine-sees-ports', 'it orders work and knows no vendor', `${orchestrator}engine/`, [
      `${orchestrator}(domain|ports|engine)/`,
      `${sdk}protocol/`,
      `${vendors}valibot/`,
      '^(node:)?(crypto|events|timers/promises|util)$',
    ]),
    never(
      'engine-never-reaches-adapters',
      'they meet in compose.ts',
      { path: `${orchestrator}(domain|ports|engine)/` },
      [`${orchestrator}adapters/`, `${orchestrator}(compose\\.ts|main\\.ts|config(\\.ts|/))`],
    ),
    {
      name: 'adapters-see-ports',
      comment: 'an adapter knows neither the engine nor what is composed of it',
      severity: 'error',
      from: { path: `${orchestrator}adapters/` },
      to: { path: orchestrator, pathNot: `${orchestrator}(domain|ports|adapters)/` },
    },
    {
      name: 'adapters-do-not-see-each-other',
      severity: 'error',
      from: { path: `${orchestrator}adapters/([^/]+)/` },
      to: { path: `${orchestrator}adapters/`, pathNot: `${orchestrator}adapters/$1/` },
    },
    {
      name: 'only-compose-sees-adapters',
      severity: 'error',
      from: {
        path: orchestrator,
        pathNot: `${orchestrator}(compose|main)\\.ts$|${orchestrator}adapters/`,
      },
      to: { path: `${orchestrator}adapters/` },
    },
    {
      name: 'orchestrator-sees-protocol-and-table',
      comment:
        'of the SDK, the orchestrator shares the wire, the journal and the items, nothing else',
      severity: 'error',
      from: { path: orchestrator },
      to: { path: sdk, pathNot: `${sdk}(protocol|table|payload)/` },
    },
    ...Object.entries({
      '@aws-sdk/client-dynamodb': 'dynamodb',
      '@aws-sdk/client-lambda': 'lambda',
      kafkajs: 'kafka',
      fastify: 'http',
      undici: 'http-invoker',
      jose: 'http-invoker',
      pino: 'telemetry',
    }).map(([vendor, adapter]) => ({
      name: `${vendor.replace(/\W+/g, '-').replace(/^-/, '')}-stays-in-its-adapter`,
      severity: 'error',
      from: { path: orchestrator, pathNot: `${orchestrator}adapters/${adapter}/` },
      to: { path: `${vendors}${vendor}/` },
    })),
    {
      name: 'constructs-see-the-sdk',
      comment: 'the orchestrator is deployed, not called',
      severity: 'error',
      from: { path: '^cdk/' },
      to: { path: orchestrator },
    },
    never(
      'registrar-carries-no-constructs',
      'it is bundled into a function',
      { path: '^cdk/src/registrar/' },
      [`${vendors}(aws-cdk-lib|constructs|esbuild)/`],
    ),
    {
      name: 'product-never-sees-constructs',
      severity: 'error',
      from: { path: '^(lambda-runtime|orchestrator)/' },
      to: { path: [`^cdk/`, `${vendors}(aws-cdk-lib|constructs)/`] },
    },
    {
      name: 'product-never-sees-tests',
      severity: 'error',
      from: { path: '^(lambda-runtime|orchestrator|cdk)/src/' },
      to: { path: '^(test|examples|demo|bench|tools)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(lambda-runtime|orchestrator|cdk)/dist/' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'types', 'import', 'node', 'default'],
    },
  },
}
