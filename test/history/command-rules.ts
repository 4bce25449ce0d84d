import {
  childIdFor,
  type EntryOf,
  type InvocationId,
  type Segment,
} from '@fermata/lambda-runtime/protocol'
import { evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'

type Journals = ReadonlyMap<InvocationId, readonly Segment[]>
type Command = EntryOf<'call'> | EntryOf<'send'>

const none: ReadonlySet<InvocationId> = new Set()

/**
 * INV-5: what a handler called or sent exists, once, and nothing else does. `purged`: what was there, and was forgotten
 * because somebody asked for it. To be asked when all is over.
 */
export function commandViolations(
  journals: Journals,
  purged: ReadonlySet<InvocationId> = none,
): readonly string[] {
  return [...journals].flatMap(([id, segments]) => [
    ...lostCommands(journals, purged, id, segments),
    ...strays(journals, purged, id, segments),
  ])
}

function lostCommands(
  journals: Journals,
  purged: ReadonlySet<InvocationId>,
  id: InvocationId,
  segments: readonly Segment[],
): readonly string[] {
  const found: string[] = []
  for (const command of commandsOf(segments)) {
    if (command.kind === 'send' && command.collect !== undefined) continue
    const child = childOf(id, command)
    if (journals.has(child) || purged.has(child) || isUnserved(segments, command)) continue
    found.push(`INV-5: what ${id} asked for with op ${command.op} does not exist`)
  }
  return found
}

/** Who says that he was called or sent was asked for by just that op. */
function strays(
  journals: Journals,
  purged: ReadonlySet<InvocationId>,
  id: InvocationId,
  segments: readonly Segment[],
): readonly string[] {
  const origin = evolveAll(segments)?.created.origin
  if (origin?.kind !== 'call' && origin?.kind !== 'send') return []
  const parent = journals.get(origin.invocation)
  if (parent === undefined) {
    return purged.has(origin.invocation) ? [] : [`INV-5: ${id} was asked for by nobody`]
  }
  const isAsked = commandsOf(parent).some(
    (command) =>
      command.op === origin.op &&
      command.kind === origin.kind &&
      childOf(origin.invocation, command) === id,
  )
  return isAsked
    ? []
    : [`INV-5: ${id} was not asked for by op ${origin.op} of ${origin.invocation}`]
}

/** All that a handler of this journal asked for; what a restart copied was another one's. */
function commandsOf(segments: readonly Segment[]): readonly Command[] {
  const refused = evolveAll(segments)?.refused ?? new Set<number>()
  return segments
    .slice(copiedIn(segments))
    .filter(({ n }) => !refused.has(n))
    .flatMap(({ entries }) => entries)
    .filter((entry) => entry.kind === 'call' || entry.kind === 'send')
}

/** How many segments at the beginning were copied from the invocation that this one does again. */
function copiedIn(segments: readonly Segment[]): number {
  const at = segments.findIndex(({ entries }) =>
    entries.some((entry) => entry.kind === 'created' && entry.restartOf?.kept !== undefined),
  )
  return Math.max(0, at)
}

function childOf(parent: InvocationId, { target, op, idempotencyKey }: Command): InvocationId {
  return childIdFor(target, { parent, op, idempotencyKey })
}

/** Nobody serves what it called, and it was told so. */
function isUnserved(segments: readonly Segment[], { op }: Command): boolean {
  return segments.some(({ entries }) =>
    entries.some(
      (entry) =>
        entry.kind === 'completion' &&
        entry.op === op &&
        entry.result.kind === 'failure' &&
        entry.result.failure.code === 'handler-not-found',
    ),
  )
}
