import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import { evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'
import { type Expected, Reference } from '../programs/reference.ts'
import type { Act, Deed, Scenario } from './scenario.ts'
import type { Universe } from './universe.ts'

/** One invocation of a program, as the simulation knows it. */
export type Submitted = {
  readonly program: number
  readonly id: InvocationId
  /** What a person did to it. */
  readonly deeds: readonly Deed[]
}

/** What must never be, whatever happened. Empty: all is well. */
export async function violationsOf(
  universe: Universe,
  scenario: Scenario,
  submitted: readonly Submitted[],
): Promise<readonly string[]> {
  return [
    ...universe.violations,
    ...universe.outside.mistakes.map((mistake) => `one key, two things: ${mistake}`),
    ...[...universe.stored].flatMap(([id, segments]) => journalViolations(id, segments)),
    ...programViolations(universe, scenario, submitted),
    ...(await ledgerViolations(universe, scenario.acts)),
  ]
}

/** INV-2, INV-12, and that all comes to an end. */
function journalViolations(id: InvocationId, segments: readonly Segment[]): readonly string[] {
  const state = evolveAll(segments)
  if (state === undefined) return [`${id} has a journal, but was never created`]
  const found: string[] = []
  const outputs = segments.flatMap(({ entries }) => entries).filter(({ kind }) => kind === 'output')
  const accepted = segments.filter(({ n }) => !state.refused.has(n))
  const ends = accepted.flatMap(({ entries }) => entries).filter(({ kind }) => kind === 'output')
  if (ends.length > 1) found.push(`INV-12: ${id} ended ${outputs.length} times`)
  if (state.phase.kind !== 'closed') {
    found.push(`${id} has not come to an end: it is ${JSON.stringify(state.phase)}`)
  }
  const epochs = segments
    .flatMap(({ entries }) => entries)
    .flatMap((entry) => (entry.kind === 'attempt' ? [entry.epoch] : []))
  if (epochs.some((epoch, index) => epoch <= (epochs[index - 1] ?? 0))) {
    found.push(`INV-2: the attempts of ${id} are ${epochs.join(', ')}`)
  }
  return found
}

/** Outputs and effects are those of the reference; of what a person ended, they are a part of them. */
function programViolations(
  universe: Universe,
  { programs }: Scenario,
  submitted: readonly Submitted[],
): readonly string[] {
  const found: string[] = []
  const may = new Set<string>()
  const must = new Set<string>()
  for (const { program, id, deeds } of submitted) {
    const state = evolveAll(universe.stored.get(id) ?? [])
    if (state?.phase.kind !== 'closed') {
      found.push(`program ${program} (${id}) did not end`)
      continue
    }
    const { outcome } = state.phase
    const wasEnded = deeds.includes('cancel') || deeds.includes('kill')
    const actual =
      outcome.kind === 'value' && 'json' in outcome.value ? outcome.value.json : undefined
    const expected = Reference.of(programs[program] ?? [], `p${program}`, actual)
    addAll(may, expected, wasEnded ? undefined : must)
    const isAsSaid = JSON.stringify(actual) === JSON.stringify(expected.output)
    if (!isAsSaid && !(wasEnded && outcome.kind === 'failure')) {
      found.push(
        `program ${program}: ${JSON.stringify(outcome)}, not ${JSON.stringify(expected.output)}`,
      )
    }
  }
  const done = new Set(universe.outside.effects.map(({ key }) => key))
  for (const key of must) if (!done.has(key)) found.push(`the effect ${key} did not happen`)
  for (const key of done) {
    if (!key.startsWith('ledger ') && !may.has(key)) found.push(`the effect ${key} should not be`)
  }
  return found
}

function addAll(may: Set<string>, expected: Expected, must: Set<string> | undefined): void {
  for (const key of expected.may) may.add(key)
  for (const key of expected.must) {
    may.add(key)
    must?.add(key)
  }
}

/** INV-6, INV-7, INV-9: each key of the ledger holds its records, each once, in their order. */
async function ledgerViolations(
  universe: Universe,
  acts: readonly Act[],
): Promise<readonly string[]> {
  const expected = new Map<string, number[]>()
  for (const act of acts) {
    if (act.kind !== 'produce') continue
    expected.set(act.key, [...(expected.get(act.key) ?? []), act.value])
  }
  const found: string[] = []
  for (const [key, values] of expected) {
    const head = await universe.world.stores.objects.head({ service: 'ledger', key })
    const held = JSON.stringify(head?.cells ?? [])
    const wanted = JSON.stringify([{ name: 'entries', value: { json: values } }])
    if (held !== wanted) found.push(`INV-7: the ledger of ${key} holds ${held}, not ${wanted}`)
  }
  return found
}
