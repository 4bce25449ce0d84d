import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import type { Weave } from '../handlers.ts'
import { gaveBy, type Story, submit } from '../story.ts'
import type { Universe } from '../universe.ts'

type Woven = Weave & { id: InvocationId | undefined }

/**
 * Branches whose steps give another number each time. What was told outside is what had been handed out by then: it
 * must be the beginning of what the handler had in hand at its end (INV-3, INV-4).
 */
export function weaves(chance: Chance, mostMs: number): Story {
  const all: Woven[] = chance.times(chance.between(1, 3), (index) => ({
    path: `w${index}`,
    width: chance.between(1, 3),
    rolls: chance.between(1, 4),
    id: undefined,
  }))
  return {
    name: 'weaves',
    acts: all.map((one) => ({
      at: chance.below(mostMs),
      what: `submits ${one.path}`,
      play: async (stage) => {
        const { id: _, ...input } = one
        const target = { service: 'weaver', handler: 'weave' }
        one.id = await submit(stage, { target, input, key: one.path })
        return one.id !== undefined
      },
    })),
    violations: (universe) => all.flatMap((one) => violationsOf(universe, one)),
  }
}

function violationsOf(universe: Universe, { path, width, rolls, id }: Woven): readonly string[] {
  if (id === undefined) return []
  const order = gaveBy(universe, id)
  if (!Array.isArray(order)) return [`${path} did not end with an order`]
  const found: string[] = []
  if (order.length !== width * rolls * 2) found.push(`${path} has ${order.length} in its order`)
  const times = order.flatMap((one) => Number(String(one).split('@')[1] ?? Number.NaN))
  const moments = times.filter((time) => !Number.isNaN(time))
  if (moments.some((time, n) => time < (moments[n - 1] ?? 0))) {
    found.push(`${path} went back in time: ${moments}`)
  }
  for (const { key, body } of universe.told) {
    if (!key.startsWith(`weave ${path}/`) || !Array.isArray(body)) continue
    const had = JSON.stringify(order.slice(0, body.length))
    if (had !== JSON.stringify(body)) {
      found.push(`INV-3, INV-4: ${key} was told ${JSON.stringify(body)}, but it had ${had}`)
    }
  }
  return found
}
