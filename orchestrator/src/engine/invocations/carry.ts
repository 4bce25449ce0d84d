import { effectsOf, uncarried } from '../../domain/invocation/effects.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { perform } from './perform.ts'
import { persist } from './persist.ts'
import type { Work } from './work.ts'

const sideBySide = 32
const nothing: ReadonlySet<number> = new Set()

/**
 * Carries out what the journal's durable segments ask for and has not been done yet as far as this replica
 * knows. Everything here is idempotent by a derived id, so doing it again after a crash changes nothing (INV-5).
 */
export function carry(deps: EngineDeps, work: Work, session: JournalSession): Promise<void> {
  return session.effects.take(async () => {
    const { segments, carried, state } = session
    for (const segment of uncarried(segments, carried, state?.refused ?? nothing)) {
      await deps.faults.reach('effects.before', session.id)
      const effects = effectsOf(segment)
      for (let from = 0; from < effects.length; from += sideBySide) {
        if (from > 0) await deps.faults.reach('effects.between', session.id)
        const some = effects.slice(from, from + sideBySide)
        await Promise.all(
          some.map((effect) =>
            persist(deps, session.id, () => perform(deps, work, session, effect)),
          ),
        )
      }
      await deps.faults.reach('effects.after', session.id)
      session.markCarried(segment.n)
    }
  })
}
