import type { InvokeRequest, Segment, Value } from '../protocol/index.ts'
import type { HandlerHost, HandlerJournal } from './ports.ts'
import type { Tuning } from './tuning.ts'

/** The journal behind its port: opened at its first use, and asked again when it fails. */
export class JournalAccess implements HandlerJournal {
  readonly #open: () => HandlerJournal
  readonly #host: HandlerHost
  readonly #tuning: Pick<Tuning, 'journalTries' | 'journalRetryMs'>
  readonly #timers = new Set<() => void>()
  #isClosed = false
  #journal: HandlerJournal | undefined

  constructor(
    open: (request: InvokeRequest) => HandlerJournal,
    request: InvokeRequest,
    host: HandlerHost,
    tuning: Pick<Tuning, 'journalTries' | 'journalRetryMs'>,
  ) {
    this.#open = () => open(request)
    this.#host = host
    this.#tuning = tuning
  }

  /**
   * A try whose answer was lost may have been stored: the very same segment is tried again, never another
   * one in its place (INV-1).
   */
  append(segment: Segment): Promise<'appended' | 'conflict'> {
    return this.#persist((journal) => journal.append(segment))
  }

  tail(from: number, before?: number): Promise<readonly Segment[]> {
    return this.#persist((journal) => journal.tail(from, before))
  }

  stateValue(name: string, slot: number): Promise<Value | undefined> {
    return this.#persist((journal) => journal.stateValue(name, slot))
  }

  /** Nobody waits for it any more: it leaves no timer behind. */
  close(): void {
    this.#isClosed = true
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  async #persist<T>(ask: (journal: HandlerJournal) => Promise<T>): Promise<T> {
    const { journalTries, journalRetryMs } = this.#tuning
    for (let tries = 1; ; tries += 1) {
      try {
        this.#journal ??= this.#open()
        return await ask(this.#journal)
      } catch (error) {
        if (tries >= journalTries || this.#isClosed) throw error
      }
      await this.#pause(journalRetryMs * 2 ** (tries - 1))
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#host.timer(ms, () => {
        this.#timers.delete(cancel)
        resolve()
      })
      this.#timers.add(cancel)
    })
  }
}
