import type { Channel, Target } from '@fermata/lambda-runtime/protocol'
import type { HandlerPolicy } from '../domain/services/policy.ts'
import type {
  Admin,
  AgendaStore,
  Calendar,
  Clock,
  CollectorStore,
  FaultPoints,
  Ingress,
  Invoker,
  JournalStore,
  LeaseStore,
  Logger,
  ObjectStore,
  Payloads,
  PromiseStore,
  Random,
  RecordSource,
  RegistryStore,
  SubscriptionSpec,
} from '../ports/index.ts'
import { type Agenda, createAgenda } from './agenda/agenda.ts'
import type { AgendaOptions } from './agenda/agenda-options.ts'
import { createCollecting } from './collect/collecting.ts'
import { createHandlerLimits } from './handler-limits.ts'
import { createConcurrency } from './invocations/concurrency.ts'
import type { EngineDeps, EngineTimes } from './invocations/engine-deps.ts'
import { createGuards } from './invocations/guards.ts'
import { createInvocations, type Invocations } from './invocations/invocations.ts'
import { createOutputWaiters } from './invocations/output-waiters.ts'
import { createSessions } from './invocations/sessions.ts'
import { createMailboxes } from './objects/mailboxes.ts'
import { handlerIn, isKeyed } from './objects/mode.ts'
import { packedAcceptor, packedIngress, packedInvoker } from './payloads/packed-edges.ts'
import { plainPayloads } from './payloads/plain-payloads.ts'
import { createPermits, type Permits } from './permits.ts'
import { checkingSchedules } from './schedules/check-request.ts'
import { createScheduleRegistry } from './schedules/schedule-registry.ts'
import { createSchedules, isSchedule, type RunningSchedules } from './schedules/schedules.ts'
import { createAdmin } from './services/admin-service.ts'
import { createDirectory } from './services/directory.ts'
import { hearOfDeployments, registerAll } from './services/hear-of-deployments.ts'
import { createIngress } from './services/ingress-service.ts'
import { createRecordAcceptor, createSubscriptionLimits } from './services/record-acceptor.ts'
import type { HandlerDirectory } from './subscriptions/record-acceptor.ts'
import { createSubscriptions, type Subscriptions } from './subscriptions/subscriptions.ts'

export type EnginePorts = {
  readonly journals: JournalStore
  readonly agenda: AgendaStore
  readonly leases: LeaseStore
  readonly registry: RegistryStore
  readonly promises: PromiseStore
  readonly objects: ObjectStore
  readonly collectors: CollectorStore
  readonly calendar: Calendar
  readonly invoker: Invoker
  /** As they are, if absent. */
  readonly payloads?: Payloads
  readonly source: RecordSource
  readonly clock: Clock
  readonly random: Random
  readonly faults: FaultPoints
  readonly logger: Logger
}

export type EngineOptions = {
  /** How handlers reach their journals. */
  readonly channel: Channel
  readonly policy: HandlerPolicy
  readonly times: EngineTimes
  readonly agenda: Partial<AgendaOptions>
  readonly limits: {
    readonly running: number
    /** Per function over all replicas; each takes its share. */
    readonly perFunction: number
    readonly queued: number
  }
  /** Registered at start. */
  readonly deployments: readonly string[]
  /** Made at start. */
  readonly subscriptions: readonly SubscriptionSpec[]
  /** Larger records are kept as dead; by default what fits an item of the table. */
  readonly maxRecordBytes?: number
  /** The names of the configured Kafka clusters. */
  readonly clusters: readonly string[]
  /** How long a stop may wait for what is under way, ms. */
  readonly shutdownMs: number
}

export interface Engine {
  readonly ingress: Ingress
  readonly admin: Admin
  start(): Promise<void>
  /** Takes nothing new, finishes what is under way or leaves it to others, releases the leases. */
  stop(): Promise<void>
}

type State = 'starting' | 'running' | 'stopping'

export function createEngine(ports: EnginePorts, options: EngineOptions): Engine {
  const stopping = new AbortController()
  let state: State = 'starting'
  const { clock } = ports
  let starting: Promise<void> = Promise.resolve()
  const parts = assemble(ports, options, stopping.signal)
  const { agenda, deps, invocations, subscriptions, schedules } = parts
  const notReady = () => [
    ...(state === 'running' ? [] : [`the replica is ${state}`]),
    ...(agenda.ready() ? [] : ['it owns no shard of the agenda yet']),
  ]

  return {
    ingress: packedIngress(
      createIngress(deps, invocations, {
        maxQueued: options.limits.queued,
        ready: () => notReady().length === 0,
      }),
      deps.payloads,
    ),
    admin: createAdmin(deps, invocations, subscriptions, {
      notReady,
      schedules,
      stores: {
        agendaStore: ports.agenda,
        leaseStore: ports.leases,
        registry: ports.registry,
      },
    }),
    start() {
      const unregistered = [...options.deployments]
      starting = begin(parts, unregistered, () => state === 'starting').then((isUp) => {
        if (!isUp) return
        schedules.start(stopping.signal)
        hearOfDeployments(deps, unregistered)
        state = 'running'
        deps.logger.info({ deployments: deps.directory.all().length }, 'Running')
      })
      return starting
    },
    async stop() {
      state = 'stopping'
      deps.permits.close()
      const isStill = starting.catch(() => undefined)
      await withinStop(clock, options.shutdownMs, isStill)
      await subscriptions.stop()
      await withinStop(clock, options.shutdownMs, invocations.quiet())
      stopping.abort()
      // What waits for a store that does not answer ends with the agenda: it stays where the others find it.
      await withinStop(clock, options.shutdownMs, invocations.idle())
      await agenda.stop()
      await ports.source.close()
      await ports.invoker.close()
    },
  }
}

/** `false`: it is to stop meanwhile; what it has begun is given back then. */
async function begin(
  { agenda, deps, subscriptions }: Assembled,
  unregistered: string[],
  goesOn: () => boolean,
): Promise<boolean> {
  const steps = [
    () => deps.directory.refresh(),
    () => agenda.start(),
    () => registerAll(deps, unregistered),
    () => subscriptions.start(),
  ]
  for (const step of steps) {
    if (!goesOn()) return false
    await step()
  }
  return goesOn()
}

type Assembled = {
  readonly agenda: Agenda
  readonly deps: EngineDeps
  readonly invocations: Invocations
  readonly subscriptions: Subscriptions
  readonly schedules: RunningSchedules
}

function assemble(ports: EnginePorts, options: EngineOptions, stopping: AbortSignal): Assembled {
  const { clock } = ports
  // The agenda nudges invocations, and invocations stand on the agenda: one of them is bound late.
  const agenda: Agenda = createAgenda({
    ...ports,
    replicaId: ports.random.nonce(),
    agendaStore: ports.agenda,
    leaseStore: ports.leases,
    options: options.agenda,
    nudge: (entry, ticket) =>
      isSchedule(entry) ? schedules.nudge(entry) : invocations.nudge(entry, ticket),
  })
  const subscriptionLimits = createSubscriptionLimits()
  const share = (limit: number) => Math.max(1, Math.ceil(limit / Math.max(1, agenda.replicas())))
  const concurrency = createConcurrency(clock, () => share(options.limits.perFunction))
  const directory = createDirectory({
    ...ports,
    invoker: checkingSchedules(ports.invoker, ports.calendar),
    defaults: options.policy,
  })
  const permits: Permits = createPermits({
    total: options.limits.running,
    ofFunction: (name) => concurrency.limitOf(name),
    ofSubscription: (name) => share(subscriptionLimits.of(name)),
    ...createHandlerLimits({
      clock,
      directory,
      place: () => ({ rank: agenda.rank(), of: Math.max(1, agenda.replicas()) }),
      recheck: () => permits.recheck(),
    }),
  })
  const { payloads = plainPayloads } = ports
  const deps: EngineDeps = {
    ...ports,
    payloads,
    invoker: packedInvoker(ports.invoker, payloads),
    agenda,
    concurrency,
    stopping,
    channel: options.channel,
    times: options.times,
    waiters: createOutputWaiters(),
    sessions: createSessions(ports),
    collecting: createCollecting(agenda, clock),
    guards: createGuards(agenda, clock, options.times.watchMs),
    mailboxes: createMailboxes(agenda, clock, options.times.watchMs),
    directory,
    permits,
  }
  const invocations = createInvocations(deps)
  const schedules = createSchedules({
    ...ports,
    agenda,
    directory,
    work: invocations,
    registry: createScheduleRegistry(ports.registry, ports.logger),
    watchMs: options.times.watchMs,
  })
  const subscriptions = createSubscriptions({
    ...ports,
    acceptor: packedAcceptor(createRecordAcceptor(deps, invocations, subscriptionLimits), payloads),
    handlers: handlersOf(deps),
    configured: options.subscriptions,
    maxRecordBytes: options.maxRecordBytes,
    clusters: options.clusters,
  })
  return { agenda, deps, invocations, subscriptions, schedules }
}

function handlersOf(deps: EngineDeps): HandlerDirectory {
  const { directory } = deps
  return {
    has: (service, handler) => isPublic(deps, { service, handler }),
    receiver(service, handler) {
      const target = { service, handler }
      const found = handlerIn(directory.find(target), target)
      return found && { isKeyed: isKeyed(found.mode), accepts: found.accepts }
    },
    refresh: () => directory.refresh(),
  }
}

/** Private handlers are for other handlers alone. */
function isPublic({ directory }: EngineDeps, target: Target): boolean {
  const deployment = directory.find(target)
  return deployment !== undefined && !directory.policyOf(target, deployment).private
}

/** Waits for `work`, but not longer than `ms`. */
async function withinStop(clock: Clock, ms: number, work: Promise<void>): Promise<void> {
  const done = new AbortController()
  await Promise.race([work, clock.sleep(ms, done.signal)])
  done.abort()
}
