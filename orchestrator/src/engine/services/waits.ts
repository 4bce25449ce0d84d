import type { EntryOf, InvocationId } from '@fermata/lambda-runtime/protocol'
import { childIdFor } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
import { findCircle, type Wait } from '../../domain/objects/waits.ts'
import type { WaitingInvocation, WaitsView } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { JournalSession } from '../invocations/journal-session.ts'
import { lookUp, refOfId } from '../objects/queued.ts'
import { notFound } from './invocation-errors.ts'
import { statusOf } from './invocation-view.ts'

/** More of them are not followed. */
const maxInvocations = 500

/** Follows who waits for whom, through calls and the mailboxes of keys: a circle is a deadlock. */
export async function waitsOf(deps: EngineDeps, start: InvocationId): Promise<WaitsView> {
  const invocations = new Map<InvocationId, WaitingInvocation>()
  const waits: Wait[] = []
  const open = [start]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (invocations.has(id) || invocations.size >= maxInvocations) continue
    const found = await look(deps, id)
    if (found === undefined) continue
    invocations.set(id, found.invocation)
    waits.push(...found.waits)
    open.push(...found.waits.map(({ to }) => to))
  }
  if (!invocations.has(start)) throw notFound(start)
  const known = waits.filter(({ to }) => invocations.has(to))
  return {
    invocations: [...invocations.values()],
    waits: known,
    deadlock: findCircle(known, start),
  }
}

function look(deps: EngineDeps, id: InvocationId) {
  return deps.sessions.use(id, async (session) => {
    const state = await lookUp(deps, session)
    if (state === undefined) return undefined
    const { target } = state.created
    const waits = [...asked(session, state), ...(await inLine(deps, id, state))]
    return { invocation: { id, target, status: statusOf(state) }, waits }
  })
}

function asked({ id, segments }: JournalSession, state: InvocationState): readonly Wait[] {
  if (state.phase.kind === 'closed') return []
  const calls = [...state.calls].map(([op, { target, idempotencyKey }]): Wait => {
    return { from: id, to: childIdFor(target, { parent: id, op, idempotencyKey }), by: 'call' }
  })
  const attached = segments
    .flatMap(({ entries }) => entries)
    .filter((entry): entry is EntryOf<'attach'> => entry.kind === 'attach')
    .filter(({ op }) => !state.settled.has(op))
    .map(({ invocation }): Wait => ({ from: id, to: invocation, by: 'attach' }))
  return [...calls, ...attached]
}

/** One that has not begun waits for whoever holds its key. */
async function inLine(
  { objects }: EngineDeps,
  id: InvocationId,
  state: InvocationState,
): Promise<readonly Wait[]> {
  const ref = refOfId(id)
  if (ref === undefined || state.epoch > 0 || state.phase.kind !== 'queued') return []
  const head = await objects.head(ref)
  const [first] = await objects.slots(ref, (head?.done ?? 0) + 1, 1)
  if (first?.mail.kind !== 'invocation' || first.mail.invocation === id) return []
  return [{ from: id, to: first.mail.invocation, by: 'turn' }]
}
