import type { JournalView } from './journal-view.ts'
import type { HandlerHost, HandlerJournal } from './ports.ts'

export type TailReaderDeps = {
  readonly journal: HandlerJournal
  readonly view: JournalView
  readonly host: HandlerHost
  readonly firstMs: number
  readonly maxMs: number
  readonly onRead: () => void
}

/** Looks for news while a live attempt waits for something from outside: soon at first, then ever more seldom. */
export class TailReader {
  readonly #deps: TailReaderDeps
  #pauseMs: number
  #dueAt: number | undefined
  #isReading = false

  constructor(deps: TailReaderDeps) {
    this.#deps = deps
    this.#pauseMs = deps.firstMs
  }

  /** When to look next (epoch ms), given whether anything is waited for. */
  nextReadAt(wanted: boolean): number | undefined {
    if (!wanted) {
      this.#dueAt = undefined
      this.#pauseMs = this.#deps.firstMs
      return undefined
    }
    if (this.#isReading) return undefined
    this.#dueAt ??= this.#deps.host.now() + this.#pauseMs
    return this.#dueAt
  }

  /** Begins to read if it is time. */
  readIfDue(): void {
    if (this.#isReading || this.#dueAt === undefined || this.#dueAt > this.#deps.host.now()) return
    this.#isReading = true
    this.#dueAt = undefined
    this.#read()
      .catch(() => undefined)
      .finally(() => {
        this.#isReading = false
        this.#deps.onRead()
      })
  }

  /** A read that fails is not the attempt's failure: the next one may succeed. */
  async #read(): Promise<void> {
    const { journal, view, firstMs, maxMs } = this.#deps
    const before = view.next
    const news = await journal.tail(before)
    this.#pauseMs = news.length === 0 ? Math.min(this.#pauseMs * 2, maxMs) : firstMs
    view.take(news)
  }
}
