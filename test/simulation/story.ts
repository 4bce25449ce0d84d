import type { InvocationId, Outcome, Segment, Target } from '@fermata/lambda-runtime/protocol'
import { evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'
import type { InvocationState } from '@fermata/orchestrator/domain/invocation/state'
import type { Engine } from '@fermata/orchestrator/engine/engine'
import { encodeValue } from '../../lambda-runtime/src/values.ts'
import type { Universe } from './universe.ts'

/** What came of a question: its value, or the code of the error; `undefined`: there was no answer in time. */
export type Answer<T> = { readonly value: T } | { readonly code: string } | undefined

/** What a story may use. */
export interface Stage {
  readonly universe: Universe
  /** Ms since the start. */
  now(): number
  /** Asks any replica that lives. It may be carried out though there is no answer. */
  ask<T>(question: (engine: Engine) => Promise<T>): Promise<Answer<T>>
}

export type Act = {
  /** Ms since the start. */
  readonly at: number
  readonly what: string
  /** Tried again as long as it is not done. */
  readonly play: (stage: Stage) => Promise<boolean>
}

/** One user of the system: what he does, and what must come of it. */
export interface Story {
  readonly name: string
  readonly acts: readonly Act[]
  /** Names of what its acts consist of and what can be left out, to shrink a failure. */
  readonly statements?: readonly string[]
  /** Leaves these out, before anything is played. */
  leaveOut?(statements: ReadonlySet<string>): void
  /** Called now and then, for what answers to what happens. */
  tick?(stage: Stage): Promise<void>
  /** Whether all that it asked for has been taken; that it ends, others see to. */
  isOver?(universe: Universe): boolean
  /** What must never be. Asked when all is over. */
  violations(universe: Universe): readonly string[] | Promise<readonly string[]>
}

export type Submit = {
  readonly target: Target
  readonly input: unknown
  readonly key: string
  readonly delayMs?: number
}

/** `undefined`: it has not been accepted as far as anybody knows. */
export async function submit(
  stage: Stage,
  { target, input, key, delayMs }: Submit,
): Promise<InvocationId | undefined> {
  const answer = await stage.ask(({ ingress }) =>
    ingress.submit({
      target,
      input: encodeValue(input),
      headers: {},
      idempotencyKey: key,
      delayMs,
    }),
  )
  return answer !== undefined && 'value' in answer ? answer.value.invocationId : undefined
}

export function stateOf(universe: Universe, id: InvocationId): InvocationState | undefined {
  return evolveAll(universe.stored.get(id) ?? [])
}

export function outcomeOf(universe: Universe, id: InvocationId): Outcome | undefined {
  const phase = stateOf(universe, id)?.phase
  return phase?.kind === 'closed' ? phase.outcome : undefined
}

/** Its value; `undefined`: it has none. */
export function gaveBy(universe: Universe, id: InvocationId): unknown {
  const outcome = outcomeOf(universe, id)
  if (outcome?.kind !== 'value') return undefined
  return 'json' in outcome.value ? outcome.value.json : null
}

/** Journals whose target is this service. */
export function journalsOf(
  { stored }: Universe,
  service: string,
): readonly { readonly id: InvocationId; readonly segments: readonly Segment[] }[] {
  return [...stored]
    .filter(([id]) => id.startsWith(`${service}.`))
    .map(([id, segments]) => ({ id, segments }))
}
