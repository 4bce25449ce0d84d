import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { type Act, gaveBy, type Story, submit } from '../story.ts'
import type { Universe } from '../universe.ts'

type Added = {
  readonly key: string
  readonly by: number
  readonly waitMs: number
  id: InvocationId | undefined
}
type Sums = { readonly sum: number; readonly count: number }

/** Many add to one object at a time. Each must find what the one before it left (INV-6, INV-7). */
export function tills(chance: Chance, mostMs: number): Story {
  const added: Added[] = chance.times(chance.between(2, 10), () => ({
    key: chance.one(['t', 't', 'u']),
    by: chance.between(1, 9),
    waitMs: chance.one([0, 0, 100, 1_500, 6_000]),
    id: undefined,
  }))
  const reads: { readonly key: string; id: InvocationId | undefined }[] = chance.times(
    chance.below(4),
    () => ({ key: chance.one(['t', 'u']), id: undefined }),
  )
  const adds = added.map((one, index): Act => {
    const { key, by, waitMs } = one
    const target = { service: 'till', key, handler: 'add' }
    return {
      at: chance.below(mostMs),
      what: `adds ${by} to ${key}`,
      play: async (stage) => {
        one.id = await submit(stage, { target, input: { by, waitMs }, key: `till ${index}` })
        return one.id !== undefined
      },
    }
  })
  const looks = reads.map((one, index): Act => {
    const target = { service: 'till', key: one.key, handler: 'read' }
    return {
      at: chance.below(mostMs),
      what: `reads ${one.key}`,
      play: async (stage) => {
        one.id = await submit(stage, { target, input: null, key: `till read ${index}` })
        return one.id !== undefined
      },
    }
  })
  return {
    name: 'tills',
    acts: [...adds, ...looks],
    async violations(universe) {
      const found = reads.flatMap(({ key, id }) => readViolations(universe, added, key, id))
      for (const key of new Set(added.map((one) => one.key))) {
        found.push(...(await keyViolations(universe, added, key)))
      }
      return found
    },
  }
}

async function keyViolations(
  universe: Universe,
  added: readonly Added[],
  key: string,
): Promise<readonly string[]> {
  const found: string[] = []
  const { objects } = universe.world.stores
  const slots = await objects.slots({ service: 'till', key }, 1, 1_000)
  let [sum, count] = [0, 0]
  const passed = new Set<string>()
  for (const { mail } of slots) {
    if (mail.kind !== 'invocation' || passed.has(mail.invocation)) continue
    passed.add(mail.invocation)
    const one = added.find(({ id }) => id === mail.invocation)
    if (one === undefined) continue
    const had = JSON.stringify(gaveBy(universe, mail.invocation))
    const wanted = JSON.stringify({ sum, count } satisfies Sums)
    if (had !== wanted) found.push(`INV-6: ${mail.invocation} found ${had}, not ${wanted}`)
    sum += one.by
    count += 1
  }
  const head = await objects.head({ service: 'till', key })
  const held = new Map(head?.cells.map((cell) => [cell.name, 'value' in cell ? cell.value : null]))
  const [heldSum, heldCount] = [held.get('sum'), held.get('count')]
  if (JSON.stringify([heldSum, heldCount]) !== JSON.stringify([{ json: sum }, { json: count }])) {
    if (count > 0) found.push(`INV-7: ${key} holds ${JSON.stringify(head?.cells)}, not ${sum}`)
  }
  return found
}

/** Who reads beside the holder finds a sum that there was, or that its holder is about to leave. */
function readViolations(
  universe: Universe,
  added: readonly Added[],
  key: string,
  id: InvocationId | undefined,
): string[] {
  if (id === undefined) return []
  const read = gaveBy(universe, id)
  const adders = added.filter((one) => one.key === key)
  const sums = adders.flatMap(({ id: adder, by }) => {
    const left = adder === undefined ? undefined : (gaveBy(universe, adder) as Sums | undefined)
    if (left === undefined) return []
    const { sum, count } = left
    return [left, { sum: sum + by, count }, { sum: sum + by, count: count + 1 }]
  })
  const was = [{ sum: 0, count: 0 }, ...sums].map((one) => JSON.stringify(one))
  if (was.includes(JSON.stringify(read))) return []
  return [`INV-7: a reader of ${key} found ${JSON.stringify(read)}, which never was`]
}
