import type { Clock, ObjectRef } from '../../ports/index.ts'
import type { Agenda, Ticket } from '../agenda/agenda.ts'
import type { Permit } from '../permits.ts'
import { createTurns, type Turns } from '../turns.ts'

export type MailboxDeps = {
  readonly agenda: Agenda
  readonly clock: Clock
  readonly watchMs: number
  readonly ref: ObjectRef
  /** The key on the agenda. */
  readonly subject: string
}

/** How a key was found: nothing waits; its holder is at work, or about to; its holder waits for something. */
export type Finding = 'empty' | 'busy' | 'waiting'

/** Why a key is looked at: its turn may have come; it is time to look; or nobody may be at work on it. */
export type Manner = 'turn' | 'look' | 'recover'

type Run = { manner: Manner; readonly finding: Promise<Finding> }

/**
 * One key as this replica knows it, and its entries on the agenda: one that counts whenever a slot is appended or
 * begins (INV-10). They are taken back when a read after the last append has found that nothing waits.
 */
export class Mailbox {
  readonly ref: ObjectRef
  readonly subject: string
  /** Accepts of this replica take turns, so that they get their places in the order in which they came. */
  readonly accepts: Turns = createTurns()
  /** Leave to run that came with a slot: for when it begins at once. No slot that waits holds one. */
  readonly permits = new Map<number, Permit>()
  /** All that slots up to this one asked for has been delivered, as far as this replica knows. */
  delivered = 0
  /** The slot that was about to begin when the store did not answer: it may have, and nobody runs it. */
  unsure = 0
  /** What the last look saw of a holder that runs elsewhere. */
  seen: string | undefined
  /** Slots up to `upTo` need not be stamped before `dueAt` (epoch ms). */
  stamped = { upTo: 0, dueAt: Number.POSITIVE_INFINITY }
  /** The entry that stands for the stamping of what waits. */
  standing: Ticket | undefined
  readonly #deps: MailboxDeps
  readonly #kept = new Set<Ticket>()
  #making: Promise<void> | undefined
  #accepting = 0
  #stirs = 0
  #current: Promise<unknown> | undefined
  #next: Run | undefined

  constructor(deps: MailboxDeps) {
    this.#deps = deps
    this.ref = deps.ref
    this.subject = deps.subject
  }

  get isIdle(): boolean {
    return !this.isExpecting && this.#current === undefined && this.#kept.size === 0
  }

  /** A slot may be on its way, or another look is asked for: what was read may be out of date. */
  get isExpecting(): boolean {
    return this.#accepting > 0 || this.#next !== undefined
  }

  /** Grows with everything that is asked of the key. */
  get stirs(): number {
    return this.#stirs
  }

  async accepting<T>(work: () => Promise<T>): Promise<T> {
    this.#stirs += 1
    this.#accepting += 1
    try {
      return await this.accepts.take(work)
    } finally {
      this.#accepting -= 1
    }
  }

  /** Runs `look` after the one under way; several who ask meanwhile share it. */
  inTurn(manner: Manner, look: (manner: Manner) => Promise<Finding>): Promise<Finding> {
    this.#stirs += 1
    if (this.#next !== undefined) {
      if (isStronger(manner, this.#next.manner)) this.#next.manner = manner
      return this.#next.finding
    }
    const { promise, resolve } = Promise.withResolvers<Finding>()
    const next: Run = { manner, finding: promise }
    this.#next = next
    const run = async () => {
      this.#next = undefined
      return look(next.manner)
    }
    const running = (this.#current ?? Promise.resolve()).then(run, run)
    this.#current = running
    const over = () => {
      if (this.#current === running) this.#current = undefined
    }
    running.then(over, over)
    resolve(running)
    return promise
  }

  /** Whether one of the entries of this replica's work counts. */
  get isWatched(): boolean {
    for (const ticket of this.#kept) if (this.#deps.agenda.counts(ticket)) return true
    return false
  }

  /** Resolves when an entry counts: asked before the append that it protects, and again after it. */
  async ensure(): Promise<void> {
    if (this.isWatched) return
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined
    })
    await this.#making
  }

  async #make(): Promise<void> {
    const { agenda, clock, watchMs } = this.#deps
    const dueAt = clock.now() + watchMs
    this.#kept.add(await agenda.add({ subject: this.subject, kind: 'watch', dueAt }))
  }

  /** Whether it is an entry of this replica's own work. */
  keeps(ticket: Ticket): boolean {
    return this.#kept.has(ticket)
  }

  keep(ticket: Ticket): void {
    this.#kept.add(ticket)
  }

  /** It stays on the agenda and is looked at. */
  leave(ticket: Ticket): void {
    this.#kept.delete(ticket)
  }

  /**
   * Takes all entries back, after a read that found nothing, unless a slot may be on its way since; `stirs`: as they
   * were before the read, for who does not read in turn: the next holder may have come, and begun, since then.
   */
  release(stirs = this.#stirs): void {
    if (this.isExpecting || stirs !== this.#stirs) return
    for (const ticket of this.#kept) this.#deps.agenda.retire(ticket)
    if (this.standing !== undefined) this.#deps.agenda.retire(this.standing)
    this.#kept.clear()
    this.standing = undefined
  }
}

const strength: Readonly<Record<Manner, number>> = { turn: 0, look: 1, recover: 2 }

function isStronger(one: Manner, other: Manner): boolean {
  return strength[one] > strength[other]
}
