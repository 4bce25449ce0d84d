import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { type Act, gaveBy, type Story, stateOf, submit } from '../story.ts'
import type { Universe } from '../universe.ts'

type Added = {
  readonly key: string
  readonly by: number
  readonly waitMs: number
  id: InvocationId | undefined
}
type Read = { readonly key: string; id: InvocationId | undefined }
type Sums = { readonly sum: number; readonly count: number }

/** Many add to one object at a time. Each must find what the one before it left (INV-6, INV-7). */
export function tills(chance: Chance, mostMs: number): Story {
  const added: Added[] = chance.times(chance.between(2, 10), () => ({
    key: chance.one(['t', 't', 'u']),
    by: chance.between(1, 9),
    waitMs: chance.one([0, 0, 100, 1_500, 6_000]),
    id: undefined,
  }))
  const reads: Read[] = chance.times(chance.below(4), () => ({
    key: chance.one(['t', 'u']),
    id: undefined,
  }))
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
  const regretted = chance.happens(0.3) ? added.at(-1) : undefined
  const refusals: string[] = []
  const regret: Act = {
    at: chance.below(mostMs),
    what: 'takes one back',
    play: async ({ ask }) => {
      const id = regretted?.id
      if (id === undefined) return false
      const answer = await ask(({ ingress }) => ingress.cancel(id, undefined))
      if (answer === undefined) return false
      if ('code' in answer && answer.code === 'invocation-not-found') refusals.push(id)
      return 'value' in answer || answer.code.startsWith('invocation-')
    },
  }
  return {
    name: 'tills',
    acts: [...adds, ...looks, ...(regretted === undefined ? [] : [regret])],
    async violations(universe) {
      const found = refusals.map((id) => `${id} was accepted, and could not be cancelled`)
      for (const key of ['t', 'u']) {
        const model = await modelOf(universe, added, key)
        const readers = reads.filter((one) => one.key === key)
        found.push(...model.violations, ...readViolations(universe, readers, model.was))
        found.push(...(await headViolations(universe, key, model.last)))
      }
      return found
    },
  }
}

type Model = {
  readonly violations: readonly string[]
  /** All that a reader could ever have seen. */
  readonly was: readonly Sums[]
  readonly last: Sums
}

/** One after the other, in the order of the mailbox. */
async function modelOf(universe: Universe, added: readonly Added[], key: string): Promise<Model> {
  const violations: string[] = []
  const slots = await universe.world.stores.objects.slots({ service: 'till', key }, 1, 1_000)
  const line = new Set(slots.flatMap(({ mail }) => (mail.kind === 'edit' ? [] : [mail.invocation])))
  let last: Sums = { sum: 0, count: 0 }
  const was = [last]
  for (const id of line) {
    const by = added.find((one) => one.id === id)?.by ?? 0
    const { sum, count } = last
    const state = stateOf(universe, id)
    const shown = { sum: sum + by, count }
    if (state?.phase.kind === 'closed' && state.phase.outcome.kind === 'failure') {
      // What was cancelled has changed what it had set by then.
      if (state.patch.values.has('sum')) last = shown
    } else {
      const had = JSON.stringify(gaveBy(universe, id))
      const wanted = JSON.stringify(last)
      if (had !== wanted) violations.push(`INV-6: ${id} found ${had}, not ${wanted}`)
      last = { sum: sum + by, count: count + 1 }
    }
    was.push(shown, last)
  }
  return { violations, was, last }
}

async function headViolations(
  universe: Universe,
  key: string,
  wanted: Sums,
): Promise<readonly string[]> {
  const head = await universe.world.stores.objects.head({ service: 'till', key })
  const held = new Map(head?.cells.map((cell) => [cell.name, 'value' in cell ? cell.value : null]))
  return (['sum', 'count'] as const).flatMap((name) => {
    const has = JSON.stringify(held.get(name) ?? { json: 0 })
    const right = JSON.stringify({ json: wanted[name] })
    return has === right ? [] : [`INV-7: ${name} of ${key} is ${has}, not ${right}`]
  })
}

/** Who reads beside the holder finds what there was, or what its holder is about to leave. */
function readViolations(
  universe: Universe,
  readers: readonly Read[],
  was: readonly Sums[],
): readonly string[] {
  const known = new Set(was.map((one) => JSON.stringify(one)))
  return readers.flatMap(({ key, id }) => {
    const read = id === undefined ? undefined : JSON.stringify(gaveBy(universe, id))
    if (read === undefined || known.has(read)) return []
    return [`INV-7: a reader of ${key} found ${read}, which never was`]
  })
}
