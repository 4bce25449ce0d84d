import { workflowRunId } from '@fermata/lambda-runtime/protocol'
import type { InvocationState, StatePatch } from '../../domain/invocation/state.ts'
import { type Ending, finish } from '../../domain/objects/head.ts'
import type { ObjectRef } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { JournalSession } from '../invocations/journal-session.ts'
import { persist } from '../invocations/persist.ts'

export const noPatch: StatePatch = { cleared: false, values: new Map() }

/** The key that an invocation holds, or waits for; a slot of 0: it has no place yet. */
export function refOf({ created }: InvocationState): ObjectRef | undefined {
  const { service, key } = created.target
  return key === undefined ? undefined : { service, key }
}

/** The output is durable: its slot is over, and the state is as its journal says, in one write (INV-7). Again is the same. */
export function finishHolder(
  deps: EngineDeps,
  session: JournalSession,
  state: InvocationState,
  ref: ObjectRef,
): Promise<void> {
  const { slot = 0, retentionMs, target } = state.created
  const isRun = workflowRunId(target) !== undefined
  return finishSlot(deps, ref, {
    slot,
    patch: isRun ? { ...state.patch, cleared: true } : state.patch,
    // Longer than its slot, whenever that was stamped last: what is over must not look like what waits.
    expires: Math.max(session.expires, deps.clock.now() + 2 * retentionMs),
    ofWorkflow: isRun,
  })
}

export function finishSlot(deps: EngineDeps, ref: ObjectRef, ending: Ending): Promise<void> {
  return persist(deps, `${ref.service}/${ref.key}`, async () => {
    while (!(await tryFinish(deps, ref, ending)));
  })
}

/** The values go first: a head never points to what is not there. What nothing points to any more goes last. */
async function tryFinish(deps: EngineDeps, ref: ObjectRef, ending: Ending): Promise<boolean> {
  const { objects, faults } = deps
  const before = await objects.head(ref)
  const made = finish(before, ending)
  if (made.kind === 'over') return true
  const { head, stored, dropped, isRefused } = made
  if (isRefused) {
    const what = { code: 'state-names-too-large', ...ref, slot: ending.slot }
    deps.logger.error(what, 'A change of state has no room in its key, and is not made')
  }
  await Promise.all(
    stored.map(({ name, value }) =>
      objects.putValue(ref, { name, slot: ending.slot }, value, head.expires),
    ),
  )
  const subject = `${ref.service}/${ref.key}`
  await faults.reach('head.before', subject)
  if (!(await objects.writeHead(ref, head, before))) return false
  await faults.reach('head.after', subject)
  await Promise.all(dropped.map((item) => objects.removeValue(ref, item)))
  return true
}
