import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { type Effect, effectsOf, predecessors, uncarried } from '../../domain/invocation/effects.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { perform } from './perform.ts'
import { persist } from './persist.ts'
import type { Work } from './work.ts'

const sideBySide = 32
const nothing: ReadonlySet<number> = new Set()

/**
 * Effects go side by side, but what one handler asks of one key, and what it tells one invocation, keeps the order of its
 * ops: each is acknowledged before the next, whichever of them comes up first.
 */
function inOrder(
  parent: InvocationId,
  effects: readonly Effect[],
  perform: (effect: Effect) => Promise<void>,
): (effect: Effect) => Promise<void> {
  const before = predecessors(effects, parent)
  const begun = new Map<Effect, Promise<void>>()
  const carryOut = (effect: Effect): Promise<void> => {
    const known = begun.get(effect)
    if (known !== undefined) return known
    const previous = before.get(effect)
    const done =
      previous === undefined ? perform(effect) : carryOut(previous).then(() => perform(effect))
    begun.set(effect, done)
    return done
  }
  return carryOut
}

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
      const carryOut = inOrder(session.id, effects, (effect) =>
        carryOne(deps, work, session, { effect, n: segment.n }),
      )
      for (let from = 0; from < effects.length; from += sideBySide) {
        if (from > 0) await deps.faults.reach('effects.between', session.id)
        const some = effects.slice(from, from + sideBySide)
        await Promise.all(some.map(carryOut))
      }
      await deps.faults.reach('effects.after', session.id)
      session.markCarried(segment.n)
    }
  })
}

/**
 * What has to be tried again may have been carried out by another replica meanwhile, and what came of it purged: the
 * journal said before that it was carried out (trace 8).
 */
function carryOne(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  { effect, n }: { readonly effect: Effect; readonly n: number },
): Promise<void> {
  let isAgain = false
  return persist(deps, session.id, async () => {
    const state = isAgain ? await session.refresh() : session.state
    isAgain = true
    if ((state?.carried ?? -1) < n) await perform(deps, work, session, effect)
  })
}
