import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import { AnswerRules } from './answer-rules.ts'
import { commandViolations } from './command-rules.ts'
import { EffectRules } from './effect-rules.ts'
import type { HistoryEvent } from './events.ts'
import { closedViolations, endViolations, JournalRules } from './journal-rules.ts'
import { ObjectRules } from './object-rules.ts'
import { PromiseRules } from './promise-rules.ts'
import { RecordRules } from './record-rules.ts'

/**
 * Reads what happened, in order, and says what must not have. The simulation shows it each write as it becomes durable;
 * of real parts it reads a recorded history.
 *
 * | INV | where |
 * |---|---|
 * | 1, 2, 12 | `journal-rules.ts` |
 * | 3 | `effect-rules.ts`: what a step's handler had in hand was durable before |
 * | 5 | `command-rules.ts`: each call and send has its invocation, and each of those its command; `effect-rules.ts`, `promise-rules.ts` |
 * | 6, 7 | `object-rules.ts`: each key against a sequential model |
 * | 8, 9 | `record-rules.ts` |
 * | 10 | all comes to its end; `answer-rules.ts`: what a client was told |
 */
export class Ledger {
  readonly #journals = new JournalRules()
  readonly #objects = new ObjectRules(this.journals)
  readonly #promises = new PromiseRules()
  readonly #records = new RecordRules()
  readonly #effects = new EffectRules(this.journals)
  readonly #answers = new AnswerRules(this.journals)

  get journals(): ReadonlyMap<InvocationId, readonly Segment[]> {
    return this.#journals.journals
  }

  /** What is wrong with it. */
  take(event: HistoryEvent): readonly string[] {
    switch (event.what) {
      case 'segment':
        return this.#takeSegment(event)
      case 'segment-gone':
        return this.#journals.takeGone(event)
      case 'slot':
        this.#answers.takeSlot(event)
        return [...this.#objects.takeSlot(event), ...this.#records.takeSlot(event)]
      case 'head':
        return this.#objects.takeHead(event)
      case 'value':
        return this.#objects.takeValue(event)
      case 'promise':
        return this.#promises.take(event)
      case 'promise-gone':
        return this.#promises.takeGone(event)
      case 'records':
        return this.#records.takeRecords(event)
      case 'dead':
        return this.#records.takeDead(event)
      case 'committed':
        return this.#records.takeCommitted(event)
      case 'effect':
        return this.#effects.take(event)
      case 'accepted':
        return this.#answers.takeAccepted(event)
      case 'answered':
        return this.#answers.takeAnswered(event)
      default:
        return event satisfies never
    }
  }

  #takeSegment(event: Extract<HistoryEvent, { what: 'segment' }>): readonly string[] {
    const isNew = !this.#journals.isKnown(event)
    const found = this.#journals.take(event)
    if (!isNew) return found
    return [
      ...found,
      ...this.#objects.takeSegment(event),
      ...this.#promises.takeSegment(event),
      ...this.#records.takeSegment(event),
    ]
  }

  /** What holds for all journals, over or not. */
  closed(): readonly string[] {
    return [...this.journals].flatMap(([id, segments]) => closedViolations(id, segments))
  }

  /** Keys whose slots have not all had their turn. */
  get openKeys(): readonly string[] {
    return this.#objects.atRest()
  }

  /** What is yet to come, once nothing may be under way any more; nothing: all is well. */
  atRest(): readonly string[] {
    return [
      ...[...this.journals].flatMap(([id, segments]) => endViolations(id, segments)),
      ...commandViolations(this.journals),
      ...this.#objects.atRest(),
      ...this.#records.atRest(),
      ...this.#effects.atRest(),
    ]
  }
}
