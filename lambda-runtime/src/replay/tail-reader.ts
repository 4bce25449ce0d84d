import type { JournalView } from './journal-view.ts'
import type { HandlerHost, HandlerJournal } from './ports.ts'

export type TailReaderDeps = {
  readonly journal: HandlerJournal
  readonly view: JournalView
  readonly host: HandlerHost
  readonly firstMs: number
  readonly maxMs: number
  /** How often to look where nothing is expected but that the invocation might be cancelled. */
  readonly seldomMs: number
  readonly onRead: () => void
}

/** `soon`: the handler waits for somebody else. `seldom`: only for its own steps. */
export type TailInterest = 'none' | 'seldom' | 'soon'

/** Looks for news while an attempt lives: where something is awaited soon at first, then ever more seldom. */
export class TailReader {
  readonly #deps: TailReaderDeps
  #interest: TailInterest = 'none'
  #pauseMs: number
  /** When the last read ended, or the interest began. */
  #since = 0
  #dueAt: number | undefined
  #isReading = false
  #readFrom = Number.NEGATIVE_INFINITY

  constructor(deps: TailReaderDeps) {
    this.#deps = deps
    this.#pauseMs = deps.firstMs
  }

  get isReading(): boolean {
    return this.#isReading
  }

  /** When to look next (epoch ms), given what is waited for. */
  nextReadAt(interest: TailInterest): number | undefined {
    const { host, firstMs, seldomMs } = this.#deps
    if (interest !== this.#interest) {
      this.#interest = interest
      this.#since = host.now()
      this.#pauseMs = firstMs
    }
    const isWanted = interest !== 'none' && !this.#isReading
    const pauseMs = interest === 'soon' ? this.#pauseMs : seldomMs
    this.#dueAt = isWanted ? this.#since + pauseMs : undefined
    return this.#dueAt
  }

  /** Begins to read if it is time. */
  readIfDue(): void {
    if (this.#dueAt === undefined || this.#dueAt > this.#deps.host.now()) return
    this.#begin()
  }

  /** Whether all is known that stood in the journal at `time` (epoch ms); if not, begins to find out. */
  knowsOf(time: number): boolean {
    if (this.#readFrom >= time) return true
    this.#begin()
    return false
  }

  #begin(): void {
    if (this.#isReading) return
    this.#isReading = true
    this.#dueAt = undefined
    const from = this.#deps.host.now()
    this.#read()
      .then(() => {
        this.#readFrom = from
      })
      .catch(() => undefined)
      .finally(() => {
        this.#isReading = false
        this.#since = this.#deps.host.now()
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
