import type { InvocationId, PromiseRef } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import type { News, SentSignal } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Invocations } from '../invocations/invocations.ts'
import { readAwakeableId, unknownAwakeable } from './awakeable-ids.ts'
import { end, tellFresh } from './end-invocation.ts'
import { closed, notFound } from './invocation-errors.ts'

/** What the outside tells running invocations, and how it completes durable promises. */
export function createNews(deps: EngineDeps, invocations: Invocations): News {
  return {
    signal: (id, signal) => sendSignal(invocations, id, signal),
    cancel: (id, reason) => end(invocations, id, { kind: 'cancel', reason }),
    heartbeat: (awakeable) => heartbeat(deps, invocations, awakeable),
    async completePromise(promise, outcome, key) {
      await checkWorkflow(deps, promise)
      const by = key === undefined ? `http:${deps.random.nonce()}` : `key:${key}`
      const record = await invocations.completePromise({ promise, outcome, by })
      if (record.by === by) return
      const { workflow, key: of, name } = promise
      const message = `The promise "${name}" of ${workflow}/${of} was completed before`
      throw new FermataError('promise-completed', message)
    },
    async peekPromise(promise) {
      await checkWorkflow(deps, promise)
      return (await deps.promises.read(promise))?.outcome
    },
  }
}

async function sendSignal(
  invocations: Invocations,
  id: InvocationId,
  { name, value, signalId }: SentSignal,
): Promise<void> {
  const signal = { kind: 'signal', name, value, id: signalId } as const
  const told = await invocations.stimulate(id, signal, 'asks-once')
  if (told === undefined) throw notFound(id)
  const isKnown = signalId !== undefined && told.state.signalIds.has(signalId)
  if (!told.appended && !isKnown) throw closed(id)
}

/** One that comes before its awakeable is durable changes nothing: the time counts from when that was made. */
async function heartbeat(deps: EngineDeps, invocations: Invocations, text: string): Promise<void> {
  const { invocation, op } = readAwakeableId(text)
  const told = await tellFresh(deps, invocations, invocation, { kind: 'heartbeat', op })
  if (told === undefined) throw unknownAwakeable(text)
  const { state, appended } = told
  if (appended || op >= state.ops) return
  if (!state.awakeables.has(op)) throw unknownAwakeable(text)
  if (state.phase.kind === 'closed' || state.settled.has(op)) {
    const message = `Nobody waits for the awakeable "${text}" any more: stop working on it`
    throw new FermataError('awakeable-completed', message)
  }
}

/** Only workflows have promises: one of anything else would wait for ever. */
async function checkWorkflow({ directory }: EngineDeps, { workflow }: PromiseRef): Promise<void> {
  const deployment = await directory.resolve({ service: workflow, handler: 'run' })
  const service = deployment?.manifest.services.find(({ name }) => name === workflow)
  if (service?.kind === 'workflow') return
  throw new FermataError('handler-not-found', `No deployment serves a workflow "${workflow}"`)
}
