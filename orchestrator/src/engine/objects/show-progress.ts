import type { InvocationState } from '../../domain/invocation/state.ts'
import { isEmpty } from '../../domain/objects/cells.ts'
import { showLive } from '../../domain/objects/head.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { JournalSession } from '../invocations/journal-session.ts'
import { persist } from '../invocations/persist.ts'
import { refOf } from './finish-slot.ts'

/** A holder that waits shows shared readers what it has changed so far; its own attempts never see it there. */
export async function showProgress(
  deps: EngineDeps,
  session: JournalSession,
  state: InvocationState,
): Promise<void> {
  const ref = refOf(state)
  const isHolder = (state.created.slot ?? 0) > 0
  if (ref === undefined || !isHolder || isEmpty(state.patch)) return
  const { objects, faults } = deps
  await persist(deps, session.id, async () => {
    for (;;) {
      const before = await objects.head(ref)
      const head = showLive(before, session.id, state, session.expires)
      if (head === undefined) return
      await faults.reach('live.before', session.id)
      if (await objects.writeHead(ref, head, before)) break
    }
    await faults.reach('live.after', session.id)
  })
}
