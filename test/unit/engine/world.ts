import {
  decodeRequest,
  type Entry,
  type InvocationId,
  type InvokeReply,
  type InvokeRequest,
  type Manifest,
  type ReplyStatus,
  type Segment,
} from '@fermata/lambda-runtime/protocol'
import {
  createMemoryTable,
  type MemoryTable,
} from '@fermata/orchestrator/adapters/memory/memory-table'
import { createMemoryStores, type MemoryStores } from '@fermata/orchestrator/adapters/memory/stores'
import {
  createMemoryInvoker,
  type FunctionCode,
  type MemoryInvoker,
} from '@fermata/orchestrator/adapters/memory-invoker/memory-invoker'
import { createCronCalendar } from '@fermata/orchestrator/adapters/system/cron-calendar'
import { createEngine, type Engine, type EngineOptions } from '@fermata/orchestrator/engine/engine'
import type {
  FaultPoint,
  FaultPoints,
  Logger,
  Payloads,
  RecordSource,
} from '@fermata/orchestrator/ports'
import {
  createSeededRandom,
  createVirtualClock,
  type VirtualClock,
  type VirtualClockOptions,
} from '../../support/sim-clock.ts'

const day = 86_400_000

export type Replica = {
  readonly engine: Engine
  /** Like SIGKILL. */
  kill(): void
  pause(): void
  resume(): void
  /** By how much its wall clock is ahead from now on. */
  setWallOffset(ms: number): void
}

export type ReplicaOptions = {
  readonly options?: Partial<EngineOptions>
  /** By how much its wall clock is ahead. */
  readonly wallOffsetMs?: number
  /** None: there is no Kafka. */
  readonly source?: RecordSource | ((replica: () => Replica) => RecordSource)
  /** Where values go; as they are, if absent. */
  readonly payloads?: Payloads
  /** What stands between the engine and its ports. */
  readonly ports?: <Port extends object>(name: string, port: Port, replica: () => Replica) => Port
  /** Called at every fault point; it may kill the replica, and then the engine goes no further. */
  readonly onFault?: (point: FaultPoint, subject: string, replica: () => Replica) => void
}

/** Several orchestrators over one table and some functions, in one process, on time of its own. */
export type World = {
  readonly clock: VirtualClock
  readonly stores: MemoryStores
  /** What the stores hold, to take items away as a table does that have expired. */
  readonly table: MemoryTable
  readonly invoker: MemoryInvoker
  readonly warnings: readonly { readonly message: string; readonly fields: object }[]
  /** Functions by address. */
  readonly functions: Map<string, FunctionCode>
  /** Resolves when it is ready, or has died before that. @throws what it could not be started for; it is dead then */
  start(options?: ReplicaOptions): Promise<Replica>
  journal(id: InvocationId): Promise<readonly Segment[]>
}

export function createWorld(seed = 1, time: VirtualClockOptions = {}): World {
  const clock = createVirtualClock(time)
  const table = createMemoryTable()
  const stores = createMemoryStores({ clock, table })
  const functions = new Map<string, FunctionCode>()
  const invoker = createMemoryInvoker({ handlers: (address) => functions.get(address), clock })
  const warnings: { message: string; fields: object }[] = []
  let replicas = 0

  return {
    clock,
    stores,
    table,
    invoker,
    warnings,
    functions,
    journal: async (id) => (await stores.journals.load(id)).segments,
    async start({
      options = {},
      source = noSource,
      onFault,
      payloads,
      wallOffsetMs = 0,
      ports,
    } = {}) {
      const process = clock.process({ wallOffsetMs })
      replicas += 1
      const faults: FaultPoints = {
        reach(point, subject) {
          onFault?.(point, subject, () => replica)
          return process.guard({ pass: async () => undefined }).pass()
        },
      }
      const guarded = portsOf({ ...stores, invoker }, (name, port) => {
        const guarded = process.guard(port)
        return ports === undefined ? guarded : ports(name, guarded, () => replica)
      })
      const engine = createEngine(
        {
          ...guarded,
          faults,
          clock: process.clock,
          random: createSeededRandom(seed * 1_000 + replicas),
          logger: collectingLogger(warnings),
          calendar: createCronCalendar(),
          ...(payloads !== undefined && { payloads }),
          source: typeof source === 'function' ? source(() => replica) : source,
        },
        { ...defaultOptions([...functions.keys()]), ...options },
      )
      let dead = false
      const replica: Replica = {
        engine,
        kill: () => {
          dead = true
          process.kill()
        },
        pause: () => process.pause(),
        resume: () => process.resume(),
        setWallOffset: (ms) => process.setWallOffset(ms),
      }
      let failure: unknown
      const started = engine.start().catch((error: unknown) => {
        failure = error
        replica.kill()
      })
      await until(clock, () => dead || engine.admin.ready().ready)
      if (failure !== undefined) throw failure
      if (!dead) await started
      return replica
    },
  }
}

type Ports = MemoryStores & { readonly invoker: MemoryInvoker }

function portsOf(
  ports: Ports,
  guard: <Port extends object>(name: string, port: Port) => Port,
): Ports {
  return {
    journals: guard('journals', ports.journals),
    agenda: guard('agenda', ports.agenda),
    leases: guard('leases', ports.leases),
    registry: guard('registry', ports.registry),
    promises: guard('promises', ports.promises),
    collectors: guard('collectors', ports.collectors),
    objects: guard('objects', ports.objects),
    invoker: guard('invoker', ports.invoker),
  }
}

/** Lets time pass until `done`. @throws when that does not happen within `withinMs` of simulated time */
export async function until(
  clock: VirtualClock,
  done: () => boolean | Promise<boolean>,
  withinMs = 120_000,
  stepMs = 10,
): Promise<number> {
  const start = clock.now()
  while (!(await done())) {
    if (clock.now() - start > withinMs) throw new Error(`not so within ${withinMs} ms`)
    await clock.advance(stepMs)
  }
  return clock.now() - start
}

/** What holds in this world where nothing else is said. */
export function defaultOptions(deployments: readonly string[]): EngineOptions {
  return {
    channel: { kind: 'dynamodb', table: 'memory', region: 'nowhere' },
    policy: {
      retry: {
        initialDelayMs: 100,
        factor: 2,
        maxDelayMs: 60_000,
        maxAttempts: 5,
        maxDurationMs: Number.POSITIVE_INFINITY,
        jitter: 0,
        onExhaustion: 'pause',
      },
      timeoutMs: 900_000,
      retentionMs: 7 * day,
      private: false,
    },
    times: {
      watchMs: 30_000,
      aliveAfterMs: 5_000,
      aliveEveryMs: 30_000,
      marginMs: 1_500,
      tailAfterMs: 250,
      tailMaxMs: 2_000,
    },
    agenda: {},
    limits: { running: 100, perFunction: 100, queued: 1_000 },
    deployments,
    subscriptions: [],
    clusters: [],
    shutdownMs: 1_000,
  }
}

const noSource: RecordSource = {
  open: () => Promise.reject(new Error('there is no Kafka in this world')),
  positions: () => Promise.resolve([]),
  close: () => Promise.resolve(),
}

function collectingLogger(warnings: { message: string; fields: object }[]): Logger {
  const keep = (fields: object, message: string) => void warnings.push({ message, fields })
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: keep,
    error: keep,
    child: () => logger,
  }
  return logger
}

/** What a scripted handler answers to one attempt. */
export type Scripted = {
  /** The last segment that it appended by itself. */
  readonly base?: number
  readonly entries?: readonly Entry[]
  readonly status: ReplyStatus
}

export type Script = (request: InvokeRequest, writer: string) => Scripted | Promise<Scripted>

let writers = 0

/** A function that speaks the protocol by script: what an engine sees of a handler, and nothing else. */
export function scripted(services: Readonly<Record<string, Script>>): FunctionCode {
  return async (event) => {
    const request = decodeRequest(event)
    if (request.kind === 'discover') return manifestOf(Object.keys(services))
    const writer = `h${writers++}`
    const script = services[request.target.service]
    const answer = await script?.(request, writer)
    return replyTo(request, writer, answer ?? { status: { kind: 'fenced' } })
  }
}

function replyTo(
  request: InvokeRequest,
  writer: string,
  { base, entries = [], status }: Scripted,
): InvokeReply {
  const { invocation, epoch } = request
  return {
    protocol: 1,
    kind: 'reply',
    invocation,
    epoch,
    writer,
    base: base ?? null,
    entries: [...entries],
    status,
  }
}

function manifestOf(services: readonly string[]): Manifest {
  return {
    protocol: 1,
    kind: 'manifest',
    sdk: 'scripted',
    services: services.map((name) => ({
      name,
      kind: 'service',
      handlers: [{ name: 'process', mode: 'stateless' }],
    })),
  }
}

export const completed = (json: string | number): ReplyStatus => ({
  kind: 'completed',
  value: { json },
})
