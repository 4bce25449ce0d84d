import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { type Act, gaveBy, type Stage, type Story, submit } from '../story.ts'
import { mostSkewMs } from '../times.ts'
import type { Universe } from '../universe.ts'

const sleepMs = 660_000
/** When it is due all has been calm for long: only clocks are still wrong, and then it takes a moment. */
const promptMs = mostSkewMs + 5_000

/**
 * One that waits for much longer than it is kept, and one that it sent, which is soon over and gone (traces 7, 8).
 * Somebody asks for it again when it is over: he finds what came of it, and nothing begins anew (trace 17).
 */
export function sleepers(chance: Chance, mostMs: number): Story {
  let id: InvocationId | undefined
  let wokenAt: number | undefined
  const found: string[] = []
  const laterMs = chance.below(60_000)
  const submitSleeper = (stage: Stage) => {
    const target = { service: 'sleeper', handler: 'sleep' }
    return submit(stage, { target, input: null, key: 'sleeper' })
  }
  const again: Act = {
    at: 0,
    what: 'asks for the sleeper when it is over',
    play: async (stage) => {
      const { universe } = stage
      if (id === undefined || gaveBy(universe, id) === undefined) return false
      wokenAt ??= universe.world.clock.now()
      if (universe.world.clock.now() < wokenAt + laterMs) return false
      const same = await submitSleeper(stage)
      if (same === undefined) return false
      if (same !== id) found.push(`INV-9: the sleeper is ${id}, and then ${same}`)
      return true
    },
  }
  return {
    name: 'sleepers',
    acts: [
      {
        at: chance.below(mostMs),
        what: 'submits a sleeper',
        play: async (stage) => {
          id = await submitSleeper(stage)
          return id !== undefined
        },
      },
      again,
    ],
    violations(universe) {
      if (id === undefined) return []
      if (gaveBy(universe, id) !== 'awake') found.push('INV-10: the sleeper did not wake up')
      found.push(...lateViolations(universe, id, wokenAt))
      // By then it is gone, and another one would have the same id.
      const { lines } = universe.history
      const naps = lines.filter(({ what }) => /^napper\.\S+ 0: created/.test(what)).length
      if (naps !== 1) found.push(`INV-5: the sleeper has sent one, and ${naps} came`)
      return found
    },
  }
}

/**
 * Late by when it was to wake up, and not by when it was asked for: where nothing is heard of its first attempt, it
 * takes as long as an attempt may last until another one falls asleep.
 */
function lateViolations(
  { stored }: Universe,
  id: InvocationId,
  wokenAt: number | undefined,
): readonly string[] {
  return (stored.get(id) ?? []).flatMap(({ at, entries }) =>
    entries.flatMap((entry) => {
      if (entry.kind !== 'sleep') return []
      const lateMs = (wokenAt ?? 0) - entry.wakeAt
      const tooLongMs = entry.wakeAt - at - sleepMs
      return [
        ...(lateMs > promptMs ? [`INV-10: the sleeper woke up ${lateMs} ms late`] : []),
        // Its clock is wrong the one way, and that of who stored it the other.
        ...(tooLongMs > 2 * mostSkewMs ? [`the sleeper sleeps ${tooLongMs} ms too long`] : []),
      ]
    }),
  )
}
