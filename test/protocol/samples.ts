import type {
  Entry,
  EntryOf,
  InvokeReply,
  InvokeRequest,
  Manifest,
  ReplyStatus,
  Request,
  Segment,
} from '../../lambda-runtime/src/protocol/index.ts'
import {
  childInvocationId,
  deriveInvocationId,
  idempotentId,
  workflowRunId,
} from '../../lambda-runtime/src/protocol/index.ts'
import { entries, failure, invocation, wholeFailure } from './entry-samples.ts'

export { invocation }

const [created] = entries.created
const [run] = entries.run
const journal = [
  { by: 'orchestrator', writer: 'w-1', entries: [created, ...entries.attempt.slice(0, 1)] },
  { by: 'handler', writer: 'w-2', entries: [run] },
].map(
  ({ by, writer, entries: held }, n): Segment => ({
    protocol: 1,
    n,
    born: 'b-1',
    epoch: n,
    by: by as Segment['by'],
    writer,
    at: 1_700_000_000_000 + n,
    entries: held.filter(
      (entry): entry is EntryOf<'created' | 'attempt' | 'run'> => entry !== undefined,
    ),
  }),
)

export const segments: readonly Segment[] = [
  ...journal,
  {
    protocol: 1,
    n: 2,
    born: 'b-1',
    epoch: 1,
    by: 'orchestrator',
    writer: 'w-3',
    at: 1_700_000_000_002,
    carried: 2,
    entries: entries.completion.slice(0, 2),
  },
]

const request = {
  protocol: 1,
  kind: 'invoke',
  invocation,
  target: { service: 'orders', handler: 'process' },
  epoch: 1,
  attempt: 1,
  journal: journal.map((segment) => ({ ...segment, entries: [...segment.entries] })),
} as const

export const requests: {
  readonly [K in Request['kind']]: readonly Extract<Request, { kind: K }>[]
} = {
  discover: [{ protocol: 1, kind: 'discover' }],
  invoke: [
    {
      ...request,
      journal: [...request.journal],
      expires: 1_700_604_800_000,
      channel: { kind: 'dynamodb', table: 'fermata', region: 'eu-west-1' },
    },
    {
      ...request,
      journal: [...request.journal],
      journalFrom: 40,
      expires: 1_700_604_800_000,
      channel: {
        kind: 'dynamodb',
        table: 'fermata',
        region: 'eu-west-1',
        endpoint: 'http://127.0.0.1:8000',
      },
    } satisfies InvokeRequest,
    {
      ...request,
      target: { service: 'cart', handler: 'add', key: 'c-1' },
      journal: [...request.journal],
      expires: 1_700_604_800_000,
      state: {
        access: 'exclusive',
        cells: [
          { name: 'items', value: { json: [1] } },
          { name: 'large', slot: 4, bytes: 300_000 },
        ],
      },
      channel: {
        kind: 'dynamodb',
        table: 'fermata',
        region: 'eu-west-1',
        blobs: { kind: 's3', bucket: 'payloads', prefix: 'fermata/', region: 'eu-west-1' },
        blobsFrom: 262_144,
      },
    } satisfies InvokeRequest,
    {
      ...request,
      journal: [...request.journal],
      expires: 1_700_604_800_000,
      state: { access: 'shared', cells: [] },
      channel: {
        kind: 'dynamodb',
        table: 'fermata',
        region: 'eu-west-1',
        blobs: { kind: 'files', directory: '/var/fermata' },
        blobsFrom: 1_000,
      },
    } satisfies InvokeRequest,
  ],
}

const statuses: { readonly [K in ReplyStatus['kind']]: Extract<ReplyStatus, { kind: K }> } = {
  suspended: { kind: 'suspended', waitingOn: { kind: 'all', of: [] } },
  completed: { kind: 'completed', value: { json: { ok: true } } },
  failed: { kind: 'failed', failure: wholeFailure },
  retry: { kind: 'retry', failure },
  paused: { kind: 'paused', failure },
  fenced: { kind: 'fenced' },
  appended: { kind: 'appended' },
}

export const replies: readonly InvokeReply[] = Object.values(statuses).map((status, index) => ({
  protocol: 1,
  kind: 'reply',
  invocation,
  epoch: 2,
  writer: 'w-4',
  base: index === 0 ? null : index,
  entries: index === 0 ? [...entries.run, ...entries.sleep] : [],
  status,
}))

export const manifests: readonly Manifest[] = [
  {
    protocol: 1,
    kind: 'manifest',
    sdk: '@fermata/lambda-runtime/0.1.0',
    services: [
      {
        name: 'orders',
        kind: 'service',
        handlers: [
          { name: 'process', mode: 'stateless' },
          {
            name: 'refund',
            mode: 'stateless',
            retry: {
              maxAttempts: 5,
              maxDurationMs: 60_000,
              initialDelayMs: 100,
              maxDelayMs: 10_000,
              factor: 1.5,
              onExhaustion: 'fail',
            },
            timeoutMs: 30_000,
            retentionMs: 86_400_000,
            private: true,
            inactivityMs: 60_000,
            idempotencyRetentionMs: 86_400_000,
            concurrency: 10,
            rate: { limit: 100, perMs: 1_000, burst: 10 },
            schedule: { cron: '0 9 * * *', timezone: 'Europe/Berlin', catchUp: 'latest' },
            accepts: 'application/octet-stream',
            answers: 'text/plain',
          },
          { name: 'tick', mode: 'stateless', schedule: { everyMs: 60_000 } },
        ],
        retry: { onExhaustion: 'pause' },
        timeoutMs: 60_000,
        retentionMs: 604_800_000,
        private: false,
      },
      {
        name: 'cart',
        kind: 'object',
        handlers: [
          { name: 'add', mode: 'exclusive' },
          { name: 'size', mode: 'shared' },
        ],
      },
      { name: 'signup', kind: 'workflow', handlers: [{ name: 'run', mode: 'workflow' }] },
    ],
  },
]

/** Ids are part of the protocol as well: another hash would run everything twice. */
export const ids: Readonly<Record<string, string>> = {
  'derived from a record': deriveInvocationId('orders', [
    'kafka',
    'orders',
    '1',
    'orders',
    '3',
    '42',
  ]),
  'derived from nothing': deriveInvocationId('orders', []),
  'of a child': childInvocationId('inventory', invocation, 4),
  'of a child with a key': childInvocationId(
    { service: 'cart', key: 'customer 7/ü' },
    invocation,
    4,
  ),
  'by idempotency key': idempotentId({ service: 'orders', handler: 'process' }, 'k-1'),
  "of a workflow's run": String(
    workflowRunId({ service: 'signup', key: 'user 7', handler: 'run' }),
  ),
}

/** Each golden file: what it holds. */
export const goldens: ReadonlyMap<string, readonly object[]> = new Map<string, readonly object[]>([
  ...Object.entries(entries).map(([kind, samples]): [string, readonly Entry[]] => [
    `entry.${kind}`,
    samples,
  ]),
  ...Object.entries(requests).map(([kind, samples]): [string, readonly Request[]] => [
    `request.${kind}`,
    samples,
  ]),
  ['segment', segments],
  ['reply', replies],
  ['manifest', manifests],
  ['ids', [ids]],
])
