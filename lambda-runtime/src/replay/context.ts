import { TerminalError, UsageError } from '../errors.ts'
import {
  awakeableId,
  type EntryOf,
  type InvokeRequest,
  type Outcome,
  parseAwakeableId,
} from '../protocol/index.ts'
import type { ServiceContext, Step } from '../types/context.ts'
import type { RunCall } from '../types/interceptors.ts'
import type { Log } from '../types/log.ts'
import { type Address, callClient, sendClient, storable } from './clients.ts'
import { type Combinator, combine } from './combinators.ts'
import type { DurableEnv } from './durable.ts'
import type { HandOuts } from './hand-outs.ts'
import type { Issuer } from './issuer.ts'
import { mapItems, runBranches } from './map.ts'
import { SeededRandom } from './random.ts'
import { resolveRunOptions } from './step-policy.ts'

export type ContextDeps = {
  readonly request: InvokeRequest
  readonly created: EntryOf<'created'>
  readonly issuer: Issuer
  readonly handOuts: HandOuts
  readonly env: DurableEnv
  readonly log: Log
  /** Epoch ms. */
  readonly clock: () => number
  readonly aroundRun: (call: RunCall, next: () => Promise<unknown>) => Promise<unknown>
}

/** The `ctx` that a handler is given. */
export function createContext(deps: ContextDeps): ServiceContext {
  const { request, created, issuer, handOuts, env } = deps
  const { invocation } = request
  const random = new SeededRandom(invocation)
  const clients = { invocation, issuer, env, clock: deps.clock }
  const combinator = (kind: Combinator) => (promises: readonly unknown[]) =>
    combine(env, kind, promises)
  const context = {
    kind: 'service',
    id: invocation,
    attempt: request.attempt,
    headers: created.headers,
    origin: created.origin,
    log: deps.log,
    run: (name: unknown, fn: unknown, options: unknown) =>
      issueRun(deps, context as unknown as ServiceContext, [name, fn, options]),
    call: (...address: Address) => callClient(clients, address),
    send: (...address: Address) => sendClient(clients, address),
    sleep: env.sleep,
    awakeable: () => {
      const id = awakeableId(invocation, issuer.nextOp)
      return { id, promise: issuer.awakeable() }
    },
    resolveAwakeable: (id: string, value?: unknown) =>
      completeAwakeable(issuer, id, { kind: 'value', value: storable(value) }),
    rejectAwakeable: (id: string, why: string) =>
      completeAwakeable(issuer, id, {
        kind: 'failure',
        failure: { code: 'awakeable-rejected', message: String(why), name: 'TerminalError' },
      }),
    all: combinator('all'),
    allSettled: combinator('allSettled'),
    any: combinator('any'),
    race: combinator('race'),
    map: (...args: Parameters<typeof mapItems>[1]) => mapItems(env, args),
    parallel: (...args: Parameters<typeof runBranches>[1]) => runBranches(env, args),
    now: () => handOuts.now,
    random: () => random.number(),
    uuid: () => random.uuid(),
  }
  return Object.freeze(context) as unknown as ServiceContext
}

function issueRun(
  { issuer, request, aroundRun }: ContextDeps,
  ctx: ServiceContext,
  [name, fn, options]: [name: unknown, fn: unknown, options: unknown],
): unknown {
  if (typeof name !== 'string' || name === '' || typeof fn !== 'function') {
    throw new UsageError('option-invalid', 'ctx.run takes a name and a function')
  }
  const { service, handler } = request.target
  const execute = async (step: Step): Promise<unknown> =>
    aroundRun({ ...step, ctx, service, handler, name }, async () => fn(step))
  return issuer.run(name, resolveRunOptions(options as object | undefined), execute)
}

function completeAwakeable(issuer: Issuer, id: string, outcome: Outcome): void {
  try {
    parseAwakeableId(id)
  } catch (cause) {
    throw new TerminalError(`${JSON.stringify(id)} is not an awakeable's id`, {
      code: 'bad-awakeable-id',
      cause,
    })
  }
  issuer.completeAwakeable(id, outcome)
}
