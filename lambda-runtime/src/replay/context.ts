import { durationToMs } from '../duration.ts'
import { TerminalError, UsageError } from '../errors.ts'
import {
  awakeableId,
  type EntryOf,
  type InvokeRequest,
  type Outcome,
  parseAwakeableId,
} from '../protocol/index.ts'
import { fromStored, toStored } from '../serde.ts'
import type { Context, Step } from '../types/context.ts'
import type { RunCall } from '../types/interceptors.ts'
import type { Log } from '../types/log.ts'
import type { AwakeableOptions, RunOptions } from '../types/options.ts'
import type { Serde } from '../types/serde.ts'
import { type Address, callClient, sendClient } from './clients.ts'
import { type Combinator, combine } from './combinators.ts'
import type { DurableEnv } from './durable.ts'
import type { HandOuts } from './hand-outs.ts'
import { invocationOf, nameOf, rejection } from './handles.ts'
import type { Issuer } from './issuer.ts'
import { mapItems, runBranches } from './map.ts'
import { SeededRandom } from './random.ts'
import { resolveRunOptions } from './step-policy.ts'
import { storable } from './storable.ts'

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
  /** What there is for handlers of objects and workflows only. */
  readonly keyed: Readonly<Record<string, unknown>>
  /** How many ops at the beginning are another invocation's, that this one does again. */
  readonly kept: number
}

/** The `ctx` that a handler is given. */
export function createContext(deps: ContextDeps): Context {
  const { request, created, issuer, handOuts, env, kept } = deps
  const { invocation } = request
  const { restartOf } = created
  const random = new SeededRandom(restartOf?.kept?.seed ?? invocation)
  const original = restartOf?.invocation ?? invocation
  const parentOf = (op: number) => (op < kept ? original : invocation)
  const clients = { parentOf, issuer, env, clock: deps.clock }
  const combinator = (kind: Combinator) => (promises: readonly unknown[]) =>
    combine(env, kind, promises)
  // Each method takes `unknown` and checks it: users need not be held by its types.
  const context: Context = Object.freeze({
    kind: 'service',
    id: invocation,
    attempt: request.attempt,
    headers: created.headers,
    origin: created.origin,
    log: deps.log,
    run: (name: unknown, fn: unknown, options: unknown) =>
      issueRun(deps, context, [name, fn, options]),
    call: (...address: Address) => callClient(clients, address),
    send: (...address: Address) => sendClient(clients, address),
    sleep: env.sleep,
    awakeable: ({ heartbeat }: AwakeableOptions = {}) => {
      const id = awakeableId(parentOf(issuer.nextOp), issuer.nextOp)
      const heartbeatMs = heartbeat === undefined ? undefined : durationToMs(heartbeat)
      return { id, promise: issuer.awakeable(heartbeatMs) }
    },
    resolveAwakeable: (id: unknown, value?: unknown) =>
      completeAwakeable(issuer, String(id), { kind: 'value', value: storable(value) }),
    rejectAwakeable: (id: unknown, why: unknown) =>
      completeAwakeable(issuer, String(id), rejection('awakeable-rejected', why)),
    signal: (name: unknown) => issuer.waitForSignal(nameOf('A signal', name)),
    invocation: (id: unknown) => invocationOf(issuer, id),
    all: combinator('all'),
    allSettled: combinator('allSettled'),
    any: combinator('any'),
    race: combinator('race'),
    map: (...args: Parameters<typeof mapItems>[1]) => mapItems(env, args),
    parallel: (...args: Parameters<typeof runBranches>[1]) => runBranches(env, args),
    now: () => handOuts.now,
    random: () => random.number(),
    uuid: () => random.uuid(),
    ...deps.keyed,
  }) as unknown as Context
  return context
}

function issueRun(
  { issuer, request, aroundRun }: ContextDeps,
  ctx: Context,
  [name, fn, options]: [name: unknown, fn: unknown, options: unknown],
): unknown {
  if (typeof name !== 'string' || name === '' || typeof fn !== 'function') {
    throw new UsageError('option-invalid', 'ctx.run takes a name and a function')
  }
  const { service, handler } = request.target
  const { serde, ...policy } = (options ?? {}) as RunOptions & { readonly serde?: Serde<unknown> }
  const execute = async (step: Step): Promise<unknown> =>
    toStored(serde, await aroundRun({ ...step, ctx, service, handler, name }, async () => fn(step)))
  const result = issuer.run(name, resolveRunOptions(policy), execute)
  return serde === undefined ? result : result.map((stored) => fromStored(serde, stored))
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
