import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import { evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'
import { canonical, type HistoryEvent } from './events.ts'

type Of<W extends HistoryEvent['what']> = Extract<HistoryEvent, { what: W }>

/** What clients were told: whoever was accepted is there (INV-10), and what was answered stays so (INV-12). */
export class AnswerRules {
  readonly #journals: ReadonlyMap<InvocationId, readonly Segment[]>
  readonly #queued = new Set<InvocationId>()

  constructor(journals: ReadonlyMap<InvocationId, readonly Segment[]>) {
    this.#journals = journals
  }

  takeSlot({ slot: { mail } }: Of<'slot'>): void {
    if (mail.kind === 'invocation') this.#queued.add(mail.invocation)
  }

  takeAccepted({ invocation }: Of<'accepted'>): readonly string[] {
    const isThere = this.#queued.has(invocation) || this.#stateOf(invocation) !== undefined
    return isThere ? [] : [`INV-10: ${invocation} was accepted, and is not there`]
  }

  takeAnswered({ invocation, value }: Of<'answered'>): readonly string[] {
    const phase = this.#stateOf(invocation)?.phase
    const outcome = phase?.kind === 'closed' ? phase.outcome : undefined
    const isSaid =
      outcome?.kind === 'value' && canonical(outcome.value) === canonical({ json: value })
    if (isSaid) return []
    return [`INV-12: ${invocation} was said to be ${canonical(value)}: ${canonical(outcome)}`]
  }

  #stateOf(invocation: InvocationId) {
    return evolveAll(this.#journals.get(invocation) ?? [])
  }
}
