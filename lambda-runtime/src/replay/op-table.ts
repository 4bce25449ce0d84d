import type { Failure } from '../protocol/index.ts'
import type { JournalView, OpRecord } from './journal-view.ts'
import { describeOp, type OpLabel } from './op-label.ts'

/** Ops that are in the journal only when they have a result. */
const isSilent: ReadonlySet<OpLabel['kind']> = new Set(['run', 'state-get', 'state-keys'])

/** The ops that user code has issued in this attempt, each held against the journal. */
export class OpTable {
  readonly #view: JournalView
  #count = 0
  #difference: Failure | undefined

  constructor(view: JournalView) {
    this.#view = view
  }

  get count(): number {
    return this.#count
  }

  /** Where code and journal differ, once they do: then nothing that the code does counts any more. */
  get difference(): Failure | undefined {
    return this.#difference
  }

  /** Numbers the op; `undefined` if the journal has another in its place. */
  issue(
    label: OpLabel,
  ): { readonly op: number; readonly record: OpRecord | undefined } | undefined {
    const op = this.#count
    const record = this.#view.recordOf(op)
    const journalled = this.#journalled(op, record, label)
    const issued = describeOp(label)
    if (journalled !== issued) {
      this.#difference ??= nonDeterminism(
        `op ${op}: the journal has ${journalled}, the code now does ${issued}`,
      )
      return undefined
    }
    this.#count += 1
    return { op, record }
  }

  /** The handler has ended although the journal shows more ops. */
  endedEarly(): Failure {
    return nonDeterminism(
      `op ${this.#count}: the journal has ${this.#expected()}, the handler now ends before it`,
    )
  }

  /** The handler does not come to the ops that the journal shows next. */
  stuck(waitedMs: number): Failure {
    return nonDeterminism(
      `op ${this.#count}: the journal has ${this.#expected()}, the code has not come to it within ${waitedMs} ms`,
    )
  }

  #journalled(op: number, record: OpRecord | undefined, label: OpLabel): string {
    if (record !== undefined) return describeOp(record)
    const isDue = op < this.#view.ops && !isSilent.has(label.kind)
    return isDue ? 'an unfinished step' : describeOp(label)
  }

  #expected(): string {
    const record = this.#view.recordOf(this.#count)
    return record === undefined ? 'an unfinished step' : describeOp(record)
  }
}

function nonDeterminism(difference: string): Failure {
  return {
    code: 'non-determinism',
    message: `Code and journal differ at ${difference}. Ops must come in the same order on each execution: serve this invocation with the code that it started on, or restart it`,
  }
}
