import type { HandlerHost } from '../../../../lambda-runtime/src/replay/ports.ts'

type Timer = { readonly at: number; readonly order: number; readonly fn: () => void }

/** Quiet turns of the event loop after which nothing but time can move the world on. */
const quietTurns = 8
/** A nonce is unique among all attempts of all worlds: journals move between them. */
let nonces = 0

/** Time that passes when nothing else can happen, and hosts for attempts that live in it. */
export class World {
  #now: number
  #timers: Timer[] = []
  #order = 0
  #drains = 0

  constructor(startMs = 1_000_000) {
    this.#now = startMs
  }

  get now(): number {
    return this.#now
  }

  /** How many timers are set: an attempt that has ended leaves none. */
  get timers(): number {
    return this.#timers.length
  }

  /** Lets time pass in which nothing happens. */
  skipTo(ms: number): void {
    this.#now = Math.max(this.#now, ms)
  }

  /** A host whose attempt may last `lifeMs` from now on. */
  host(lifeMs = Number.POSITIVE_INFINITY): HandlerHost {
    const end = this.#now + lifeMs
    return {
      now: () => this.#now,
      timer: (ms, fn) => this.timer(ms, fn),
      drained: async () => {
        this.#drains += 1
        await turn()
      },
      nonce: () => `w${++nonces}`,
      remainingMs: () => end - this.#now,
    }
  }

  timer(ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + ms, order: this.#order++, fn }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.timer(ms, resolve)
    })
  }

  /** Lets time pass until `promise` has settled. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = (): void => {
      isSettled = true
    }
    promise.then(settled, settled)
    for (;;) {
      await this.settle()
      if (isSettled) return promise
      if (!this.#fireNext()) throw new Error('Nothing can happen any more, and it has not settled')
    }
  }

  /** Lets `ms` pass. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms
    await this.settle()
    while (this.#timers.some(({ at }) => at <= until)) {
      this.#fireNext()
      await this.settle()
    }
    this.#now = until
  }

  /** Lets all happen that takes no time. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < quietTurns; quiet += 1) {
      const before = this.#drains
      await turn()
      if (this.#drains !== before) quiet = 0
    }
  }

  #fireNext(): boolean {
    const [next] = this.#timers.toSorted((a, b) => a.at - b.at || a.order - b.order)
    if (next === undefined) return false
    this.#timers = this.#timers.filter((timer) => timer !== next)
    this.#now = Math.max(this.#now, next.at)
    next.fn()
    return true
  }
}

/** One turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
