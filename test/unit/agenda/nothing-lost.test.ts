import type { NudgeAnswer, Ticket } from '@fermata/orchestrator/engine/agenda/agenda'
import type { AgendaEntry } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { createSeededRandom } from '../../support/sim-clock.ts'
import { createWorld, type Replica, takeoverMs, type World } from './support/world.ts'

/** An invocation as far as the agenda is concerned: it has work that a look does, or it has none. */
class Subject {
  readonly dueAt: number
  work = false
  promised = false

  constructor(dueAt: number) {
    this.dueAt = dueAt
  }

  async append(): Promise<void> {
    this.work = true
  }
}

const stepMs = 400

/** Random adds, appends, pauses, deaths, departures, stalls and failures. */
class Chaos {
  readonly world: World
  readonly subjects = new Map<string, Subject>()
  readonly #random: () => number
  #replicas: Replica[] = []
  #names = 0

  constructor(seed: number) {
    this.world = createWorld(seed)
    this.#random = createSeededRandom(seed).next
    this.world.answer = (entry, by) => this.#look(entry, by)
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      while (this.#replicas.length < 2) await this.#join()
      await this.#act()
      await this.world.clock.advance(this.#random() * stepMs)
    }
  }

  /** All faults end; one live replica is enough. */
  async heal(): Promise<void> {
    for (const replica of this.#replicas) this.#mend(replica)
    const survivor = this.#replicas.pop()
    for (const replica of this.#replicas) replica.process.kill()
    this.#replicas = survivor === undefined ? [] : [survivor]
  }

  async #act(): Promise<void> {
    const replica = this.#pick(this.#replicas)
    if (replica === undefined) return
    const dice = this.#random()
    if (dice < 0.6) this.#begin(replica)
    else if (dice < 0.7) this.#pause(replica)
    else if (dice < 0.75) this.#leave(replica, () => replica.process.kill())
    else if (dice < 0.78) this.#leave(replica, () => void replica.agenda.stop())
    else if (dice < 0.84) this.#stall(replica)
    else if (dice < 0.9) this.#fail(replica)
    else if (this.#replicas.length < 4) await this.#join()
  }

  /** A driver's way: a watch; later an append that makes work; then it sees whether the watch still counts. */
  #begin(replica: Replica): void {
    const { clock } = replica.process
    const name = `i:${this.subjects.size}`
    const subject = new Subject(clock.now() + this.#random() * 8_000)
    this.subjects.set(name, subject)
    const quits = this.#random() < 0.3
    const drive = async () => {
      const ticket = await replica.agenda.add({
        subject: name,
        kind: 'watch',
        dueAt: subject.dueAt,
      })
      await clock.sleep(this.#random() * 4_000)
      await this.#append(replica, subject, ticket, quits)
    }
    drive().catch(() => undefined)
  }

  async #append(replica: Replica, subject: Subject, ticket: Ticket, quits: boolean): Promise<void> {
    const { agenda, process } = replica
    // Like any other request: it may be under way while the process stands still, or dies.
    await process.guard(subject).append()
    if (!agenda.counts(ticket)) await agenda.renew(ticket)
    if (quits) {
      subject.work = false
      agenda.retire(ticket)
    } else subject.promised = true
  }

  async #look(entry: AgendaEntry, by: string): Promise<NudgeAnswer> {
    const replica = this.#replicas.find(({ name }) => name === by)
    await replica?.process.clock.sleep(this.#random() * 300)
    const subject = this.subjects.get(entry.subject)
    if (subject === undefined || this.#random() < 0.1) throw new Error('This look failed')
    if (this.world.clock.now() < subject.dueAt) {
      return { kind: 'again', dueAt: subject.dueAt, agendaKind: 'watch' }
    }
    subject.work = false
    return { kind: 'retire' }
  }

  #pause(replica: Replica): void {
    replica.process.pause()
    this.world.clock.timer(this.#random() * 8_000, () => replica.process.resume())
  }

  #leave(replica: Replica, how: () => void): void {
    this.#replicas = this.#replicas.filter((each) => each !== replica)
    how()
  }

  #stall(replica: Replica): void {
    const place = this.#random() < 0.5 ? 'request' : 'answer'
    const stalled = [
      ...(this.#random() < 0.5
        ? [replica.store.stall('put', place)]
        : [replica.leases.stall('putReplica', place), replica.leases.stall('putShard', place)]),
    ]
    this.world.clock.timer(this.#random() * 5_000, () => {
      replica.store.open()
      replica.leases.open()
      for (const call of stalled.flat()) call.release()
    })
  }

  #fail(replica: Replica): void {
    const part = this.#random() < 0.5 ? replica.store : replica.leases
    part.failing = () => this.#random() < 0.5
    this.world.clock.timer(this.#random() * 3_000, () => {
      part.failing = () => false
    })
  }

  #mend(replica: Replica): void {
    replica.process.resume()
    for (const part of [replica.store, replica.leases]) {
      part.open()
      part.failing = () => false
    }
  }

  async #join(): Promise<void> {
    const name = `r${this.#names++}`
    const wallOffsetMs = Math.round((this.#random() - 0.5) * 1_000)
    this.#replicas.push(await this.world.start(name, { wallOffsetMs }))
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#random() * from.length)]
  }
}

describe('whatever happens to the replicas', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'work that was promised is looked at (INV-10), seed %i',
    async (seed) => {
      const chaos = new Chaos(seed)
      await chaos.run(300)
      await chaos.heal()
      const promised = () => [...chaos.subjects.values()].filter((subject) => subject.promised)
      expect(promised().length).toBeGreaterThan(20)
      // A lease for the dead, then everything that is due, and what is due soon.
      await chaos.world.clock.advance(takeoverMs + 8_000 + 8_000)
      const lost = promised().filter(({ work }) => work)
      expect(lost).toEqual([])
    },
  )
})
