import { type InvocationId, type Segment, serviceOf } from '@fermata/lambda-runtime/protocol'
import { evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'
import { canonical, type Effect } from './events.ts'

type Journals = ReadonlyMap<InvocationId, readonly Segment[]>

/** What was done in the world outside: INV-3, INV-5. */
export class EffectRules {
  readonly #journals: Journals
  readonly #bodies = new Map<string, string>()
  readonly #steps = new Map<string, NonNullable<Effect['step']>>()

  constructor(journals: Journals) {
    this.#journals = journals
  }

  take({ key, body, step, after }: Effect): readonly string[] {
    const text = canonical(body)
    const before = this.#bodies.get(key)
    this.#bodies.set(key, before ?? text)
    if (step !== undefined) this.#steps.set(nameOf(step), step)
    const early = step === undefined ? [] : this.#undurable(step, after ?? [])
    if (before === undefined || before === text) return early
    return [...early, `INV-5: one key, two things: ${key}: ${before}, then ${text}`]
  }

  /** INV-3: what its handler had in hand was durable before the step began. */
  #undurable(
    { invocation, name }: NonNullable<Effect['step']>,
    after: readonly string[],
  ): readonly string[] {
    const done = new Set(stepsOf(this.#journals.get(invocation) ?? []))
    return after
      .filter((earlier) => !done.has(earlier))
      .map((earlier) => `INV-3: ${name} of ${invocation} began before ${earlier} was durable`)
  }

  /** A step's result and its effect belong together. To be asked when all is over. */
  atRest(): readonly string[] {
    const seen = new Set([...this.#steps.values()].map(({ invocation }) => serviceOf(invocation)))
    const strays = [...this.#steps.values()].flatMap((step) => this.#stray(step))
    // All steps of a service leave their effects where they are seen, or none does.
    const missing = [...this.#journals]
      .filter(([invocation]) => seen.has(serviceOf(invocation)))
      .flatMap(([invocation, segments]) =>
        stepsOf(segments)
          .filter((name) => !this.#steps.has(nameOf({ invocation, name })))
          .map((name) => `INV-5: ${name} of ${invocation} has a result, but was never done`),
      )
    return [...strays, ...missing]
  }

  /** Whoever failed or was stopped may have done what he could not write down. */
  #stray({ invocation, name }: NonNullable<Effect['step']>): readonly string[] {
    const segments = this.#journals.get(invocation)
    if (segments === undefined) return [`INV-5: nobody did ${name} of ${invocation}`]
    const phase = evolveAll(segments)?.phase
    const isDone = phase?.kind === 'closed' && phase.outcome.kind === 'value'
    if (!isDone || stepsOf(segments).includes(name)) return []
    return [`INV-5: ${invocation} has ended well, and says nothing of its step ${name}`]
  }
}

/** Steps that have a value, by name. */
function stepsOf(segments: readonly Segment[]): readonly string[] {
  return segments.flatMap(({ entries }) =>
    entries.flatMap((entry) =>
      entry.kind === 'run' && entry.result.kind === 'value' ? [entry.name] : [],
    ),
  )
}

function nameOf({ invocation, name }: NonNullable<Effect['step']>): string {
  return `${invocation}/${name}`
}
