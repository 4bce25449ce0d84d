import type { InvocationId, Target } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { type Act, gaveBy, journalsOf, outcomeOf, type Story, submit } from '../story.ts'
import type { Universe } from '../universe.ts'

/**
 * What was sent is forgotten while its sender is still there, and must not begin anew (trace 8). A workflow is forgotten,
 * and runs again: it finds nothing of the run before.
 */
export function purgers(chance: Chance, mostMs: number): Story {
  const acts = chance.times(chance.between(2, 4), (n) => childActs(chance, `p${n}`, mostMs))
  const run = runAgain(chance, mostMs)
  return {
    name: 'purgers',
    acts: [...acts.flat(), ...run.acts],
    violations: (universe) => [...bornAgain(universe), ...run.violations(universe)],
  }
}

function childActs(chance: Chance, path: string, mostMs: number): readonly Act[] {
  let sire: InvocationId | undefined
  const at = chance.below(mostMs)
  return [
    {
      at,
      what: `submits sire ${path}`,
      play: async (stage) => {
        const target = { service: 'sire', handler: 'beget' }
        sire = await submit(stage, { target, input: path, key: `sire ${path}` })
        return sire !== undefined
      },
    },
    {
      at: at + chance.below(15_000),
      what: `has the child of ${path} forgotten`,
      play: async ({ ask, universe }) => {
        const child = sire && childOf(universe, sire)
        if (child === undefined) return universe.purged.size > 0 && isGone(universe, sire)
        if (outcomeOf(universe, child) === undefined) return false
        return isForgotten(await ask(({ admin }) => admin.purge(child)))
      },
    },
  ]
}

function bornAgain({ history }: Universe): readonly string[] {
  const births = history.lines.flatMap(
    ({ what }) => /^(echo\.\S+) 0: created/.exec(what)?.[1] ?? [],
  )
  return births
    .filter((id, n) => births.indexOf(id) < n)
    .map((id) => `INV-5: ${id} was forgotten, and was sent again`)
}

function childOf(universe: Universe, sire: InvocationId): InvocationId | undefined {
  return journalsOf(universe, 'echo').find(({ segments }) =>
    segments.some(({ entries }) =>
      entries.some(
        (entry) =>
          entry.kind === 'created' &&
          'invocation' in entry.origin &&
          entry.origin.invocation === sire,
      ),
    ),
  )?.id
}

/** Its answer was lost, or its sender is over. */
function isGone(universe: Universe, sire: InvocationId | undefined): boolean {
  return sire !== undefined && outcomeOf(universe, sire) !== undefined
}

function isForgotten(answer: Awaited<ReturnType<Parameters<Act['play']>[0]['ask']>>): boolean {
  if (answer === undefined) return false
  return 'value' in answer || answer.code === 'invocation-not-found'
}

function runAgain(chance: Chance, mostMs: number) {
  const at = chance.below(mostMs)
  const key = 'again'
  const ids: (InvocationId | undefined)[] = []
  const keepers: InvocationId[] = []
  const run: Target = { service: 'pledge', key, handler: 'run' }
  let isPurged = false
  const begin = (n: number): Act['play'] => {
    return async (stage) => {
      if (n > 0 && !isPurged) return false
      ids[n] = await submit(stage, { target: run, input: null, key: `run ${n}` })
      return ids[n] !== undefined
    }
  }
  const keep = (n: number, value: number): Act['play'] => {
    return async (stage) => {
      if (ids[n] === undefined) return false
      const target = { ...run, handler: 'keep' }
      const id = await submit(stage, { target, input: value, key: `keep again ${value}` })
      if (id !== undefined) keepers.push(id)
      return id !== undefined
    }
  }
  const gave: unknown[] = []
  const purge: Act['play'] = async ({ ask, universe }) => {
    const [id] = ids
    if (isPurged) return true
    const value = id === undefined ? undefined : gaveBy(universe, id)
    if (id === undefined) return false
    if (value !== undefined) gave[0] = value
    // What completes its promise may do so again until it knows that it has.
    const isKept = keepers.length > 0 && keepers.every((one) => outcomeOf(universe, one))
    if (gave[0] === undefined || !isKept) return false
    isPurged = isForgotten(await ask(({ admin }) => admin.purge(id)))
    return isPurged
  }
  const acts: readonly Act[] = [
    { at, what: 'runs it', play: begin(0) },
    { at: at + 200, what: 'keeps it with 7', play: keep(0, 7) },
    { at: at + 1_000, what: 'has it forgotten', play: purge },
    { at: at + 1_500, what: 'runs it again', play: begin(1) },
    { at: at + 3_000, what: 'keeps it with 8', play: keep(1, 8) },
  ]
  return {
    acts,
    violations(universe: Universe): readonly string[] {
      const id = ids[1]
      if (id === undefined) return []
      const again = gaveBy(universe, id)
      return gave[0] === 7 && again === 8 ? [] : [`it ran with ${gave[0]}, and then with ${again}`]
    },
  }
}
